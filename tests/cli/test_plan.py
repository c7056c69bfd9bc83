"""plan: expand, check, estimate; write nothing."""
import json
import re

import pytest
from betafield import betafield

MANY = """\
study: many
data: {source: patches, train: 512, test: 256}
model: {hidden: [16]}
train: {epochs: 2, batch: 64}
sweep:
  objective.beta: {log: [0.01, 10, 25]}
  model.latent: [1, 2, 3, 4]
"""


def table(text):
    return [line.split() for line in text.splitlines() if re.match(r" {2,5}\d", line)]


def plan(*arguments, **more):
    return json.loads(betafield("plan", *arguments, "--json", **more).stdout)


def test_lists_every_configuration_and_writes_nothing(study, tmp_path):
    path = study()
    before = sorted(tmp_path.iterdir())
    done = betafield("plan", path, cwd=tmp_path)
    assert done.stderr == ""
    assert [row[:3] for row in table(done.stdout)] == [["0", "0.1", "2"], ["1", "0.1", "3"], ["2", "1", "2"], ["3", "1", "3"]]
    assert sorted(tmp_path.iterdir()) == before
    for word in ("ranks", "memory", "disk", "time"):
        assert any(line.startswith(word) for line in done.stdout.splitlines())


def test_lines_fit_a_terminal(study):
    for text in (None, MANY):
        done = betafield("plan", study(text) if text else study(), "--ranks", "7")
        for line in done.stdout.splitlines():
            assert len(line) <= 100, line


def test_a_long_table_shows_its_ends(study):
    done = betafield("plan", study(MANY))
    lines = done.stdout.splitlines()
    assert [int(row[0]) for row in table(done.stdout)] == list(range(12)) + list(range(88, 100))
    assert "100 configurations" in lines[0]
    assert sum(set(line.split()) == {"..."} for line in lines) == 1


def test_json_holds_all_of_it(study):
    p = plan(study(MANY), "--ranks", "8")
    assert p["study"] == "many" and len(p["configs"]) == 100
    assert p["layout"]["ranks"] == 8 and p["layout"]["teams"] == 8 and p["layout"]["team_size"] == 1
    assert p["data"] == [{"source": "patches", "train": 512, "test": 256, "width": 25, "stored": "f32"}]
    first = p["configs"][0]
    assert first["keys"] == {"objective.beta": 0.01, "model.latent": 1}
    # encoder 25-16, two heads of 1, decoder 1-16-25, and perhaps a learned variance
    assert first["parameters"] - (25 * 16 + 16 + 2 * 17 + 16 * 2 + 17 * 25) in (0, 1)
    assert first["steps"] == 16
    assert len({c["config_hash"] for c in p["configs"]}) == 100
    assert p["time"]["work"] == pytest.approx(sum(c["seconds"] for c in p["configs"]), rel=1e-9)
    assert p["time"]["work"] / 8 <= p["time"]["seconds"] * 1.0000001 <= p["time"]["work"]
    assert p["memory"]["node"] == p["memory"]["data"] + 8 * p["memory"]["rank"]


def test_ranks_that_would_idle_are_told_which_lanes_use_them(study):
    text = "study: one\ndata: {source: patches, train: 512, test: 256}\ntrain: {epochs: 1, batch: 64, lanes: 2}\n"
    layout = plan(study(text), "--ranks", "4")["layout"]
    assert (layout["team_size"], layout["teams"], layout["idle"]) == (2, 1, 2)
    assert "train.lanes 4" in layout["why"]


def test_overrides_count(study):
    p = plan(study(), "--set", "train.epochs=5", "--set=data.train=640")
    assert p["configs"][0]["steps"] == 50


def test_all_mistakes_are_reported_together_with_their_places(study):
    path = study("study: s\ndata:\n  source: npy\n  path: no/such.npy\nmodel: {latent: 0}\ntrain: {lr: fast}\n")
    done = betafield("plan", path, expect=2)
    assert f"{path}:5:17: model.latent: " in done.stderr
    assert f"{path}:6:13: train.lr: " in done.stderr
    assert done.stdout == "" and "2 problems" in done.stderr
    path = study("study: s\ndata:\n  source: npy\n  path: no/such.npy\n")
    done = betafield("plan", path, expect=2)
    assert f"{path}:4:3: data.path: " in done.stderr and "no/such.npy" in done.stderr


def test_a_batch_larger_than_the_data(study):
    path = study("study: s\ntrain:\n  batch: 1000000\n")
    done = betafield("plan", path, expect=2)
    assert f"{path}:3:3: train.batch: " in done.stderr


@pytest.mark.parametrize("arguments,says", [
    (("no-such-file.yaml",), "no-such-file.yaml"),
    (("--ranks", "0"), "--ranks"),
    (("--ranks",), "--ranks needs a value"),
])
def test_what_is_wrong_is_named(study, arguments, says):
    path = [] if arguments[0].endswith(".yaml") else [study()]
    done = betafield("plan", *path, *arguments, expect=2)
    assert says in done.stderr


def test_too_little_disk_is_an_error(study, tmp_path):
    text = "study: huge\ndata: {source: gaussian, train: 1000000000, test: 100}\nmodel: {latent: 4096}\n"
    done = betafield("plan", study(text), cwd=tmp_path, expect=2)
    assert "MB free" in done.stderr


@pytest.mark.parametrize("arguments,advice", [(["--set", "data.train=1000000000000"], "one rank alone needs a larger one"),
                                              (["--set", "model.hidden=[1024, 1024]", "--ranks", "1000000"], "spread the ranks over more nodes")])
def test_too_little_memory_is_told_with_what_helps(study, arguments, advice):
    assert advice in betafield("plan", study(), *arguments, expect=None).stdout


def test_the_time_of_a_step_is_shown_layer_by_layer(study):
    p = plan(study(), "--layers", "--time", "4")
    layers, costly = p["layers"], max(p["configs"], key=lambda c: c["flops_per_step"])
    assert layers["id"] == costly["id"] and layers["steps"] == 4
    assert sum(n["flops"] for n in layers["nodes"]) == costly["flops_per_step"]
    parts = layers["data"] + layers["update"] + sum(n["forward"] + n["back"] for n in layers["nodes"])
    assert 0 < parts <= layers["seconds"] * 1.0001
    named = [n for n in layers["nodes"] if n["layer"]]
    assert {"encoder.0", "posterior.mean", "decoder.output"} <= {n["layer"] for n in named}
    assert all(n["forward"] > 0 and n["back"] > 0 for n in named if n["operation"] == "dense")
    assert "layers" not in plan(study(), "--time", "4")
    text = betafield("plan", study(), "--layers").stdout
    assert "encoder.0" in text and "Gflop/s" in text and "mean of 20 steps" in text


def test_steps_can_be_timed(study):
    p = plan(study(), "--time", "8")
    assert p["time"]["source"] == "steps" and p["time"]["steps"] == 8 and p["time"]["seconds"] > 0


def test_a_part_is_planned_alone(study):
    whole, part = plan(study(MANY), "--ranks", "8"), plan(study(MANY), "--ranks", "8", "--only", "3,90-92")
    assert [c["id"] for c in part["configs"]] == [3, 90, 91, 92]
    for c in part["configs"]:
        same = whole["configs"][c["id"]]
        assert all(c[name] == same[name] for name in ("keys", "config_hash", "parameters", "steps", "flops_per_step", "memory", "disk"))
    assert part["layout"]["teams"] < whole["layout"]["teams"]         # no more teams than configurations
    assert part["time"]["work"] == pytest.approx(sum(c["seconds"] for c in part["configs"]), rel=1e-9)
    assert part["disk"]["results"] == sum(c["disk"] for c in part["configs"])
    text = betafield("plan", study(MANY), "--only", "3,90-92").stdout
    assert "4 of 100 configurations" in text and [row[0] for row in table(text)] == ["3", "90", "91", "92"]
    assert plan(study(), "--only", "3", "--time", "4")["configs"][0]["id"] == 3


@pytest.mark.parametrize("ids,says", [("0-100", "there is no configuration 100: the study's ids are 0-99"), ("3,x", "'x' in '3,x' is not an id")])
def test_ids_that_are_none(study, ids, says):
    assert says in betafield("plan", study(MANY), "--only", ids, expect=2).stderr


def test_a_part_of_a_chain(study):
    text = MANY.replace("[1, 2, 3, 4]", "[2]").replace("25]", "5]") + "warm_start: {along: objective.beta}\n"
    p = plan(study(text), "--only", "1,2,4")
    assert [c["parent"] for c in p["configs"]] == [0, 1, 3]
    assert (p["chains"]["count"], p["chains"]["longest"]) == (1, 2)
    said = betafield("plan", study(text), "--only", "1,2,4").stdout
    assert "2 begin with the weights of a parent that is not among them" in said
