"""Chains: neighbours along a swept key start from each other's final weights, in parallel over the other keys."""
import json
import shutil

import h5py
import numpy as np
import pytest
from betafield import FAULTY, assert_same_bits, betafield, contents, kill_in_training

# Two chains of three, in the order of the sweep: c0002 -> c0000 -> c0004 and c0003 -> c0001 -> c0005.
CHAINS = """\
study: chains
seed: 5
data: {source: patches, train: 512, test: 128}
model: {net: mlp, hidden: [12], latent: 2}
train: {epochs: 3, batch: 64, lanes: 2, lr: 2.0e-3}
measure: [rd]
output: {samples: 4}
warm_start: {along: objective.beta}
sweep:
  objective.beta: [0.5, 0.1, 2.0]
  model.latent: [2, 3]
"""
PARENTS = [2, 3, -1, -1, 0, 1]
needs_faults = pytest.mark.skipif(not FAULTY, reason="the program with fault points was not built")


def column(folder, name):
    with h5py.File(folder / "study.h5") as f:
        return f[f"sweep/{name}"][:].tolist()


def weights(folder, config):
    with h5py.File(folder / "configs" / f"c{config:04d}.h5") as f:
        return {name: w[()] for name, w in f[f"configs/c{config:04d}/weights"].items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chains")
    (folder / "study.yaml").write_text(CHAINS)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


def run(whole, out, *more, **options):
    return betafield("run", whole / "study.yaml", "-o", out, *more, **options)


def test_every_configuration_says_whose_weights_it_started_from(whole):
    with h5py.File(whole / "out" / "study.h5") as f:
        parent, hashes = f["sweep/parent"], f["sweep/config_hash"][:]
        assert parent.dtype == np.int32 and parent[:].tolist() == PARENTS
        for i, p in enumerate(PARENTS):
            c = f[f"configs/c{i:04d}"].attrs
            assert c["parent"] == p and c["origin"] == (hashes[p] if p >= 0 else b"")
    betafield("verify", whole / "out")
    betafield("pack", whole / "out", "-o", whole / "packed.h5")
    with h5py.File(whole / "packed.h5") as f:
        assert f["sweep/parent"].dtype == np.int32 and f["sweep/parent"][:].tolist() == PARENTS


def test_a_child_starts_where_its_parent_ended_with_a_fresh_optimiser(whole, tmp_path):
    """train.init_from asks for the same by hand: the weights come out equal, and so nothing but weights was handed on."""
    out = whole / "out"
    betafield("run", whole / "study.yaml", "-o", tmp_path / "hand", "--set", "warm_start.along=none", "--set", "sweep.objective.beta=[0.5]",
              "--set", "sweep.model.latent=[2]", "--set", f"train.init_from={out}:2")
    one, other = weights(out, 0), weights(tmp_path / "hand", 0)
    assert one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)
    cold = tmp_path / "cold"
    run(whole, cold, "--set", "warm_start.along=none", "--only", "0,2")
    assert all((weights(cold, 2)[name] == w).all() for name, w in weights(out, 2).items())
    assert any((weights(cold, 0)[name] != w).any() for name, w in one.items())


@pytest.mark.parametrize("ranks,team", [(1, 1), (2, 1), (2, 2), (4, 2), (4, "auto")])
def test_the_same_bits_on_any_number_of_ranks(whole, tmp_path, ranks, team):
    done = run(whole, tmp_path / "out", "--set", f"parallel.ranks_per_config={team}", ranks=ranks)
    assert_same_bits(whole / "out", tmp_path / "out")
    if team == "auto":
        assert "4 in 2 teams of 2; 6 configurations in 2 chains for 4 ranks" in done.stdout


def test_killed_in_the_middle_and_continued(tmp_path):
    text = CHAINS.replace("epochs: 3", "epochs: 400").replace("model.latent: [2, 3]", "model.latent: [2]")
    (tmp_path / "study.yaml").write_text(text)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "whole")
    out = tmp_path / "out"
    betafield("run", tmp_path / "study.yaml", "-o", out, "--only", "1")                     # so that a child is what is killed
    kill_in_training(["run", tmp_path / "study.yaml", "-o", out], out)
    assert [p.name for p in (out / "configs").glob("*.h5")] == ["c0001.h5"]
    again = betafield("run", tmp_path / "study.yaml", "-o", out, ranks=2)
    assert "set aside" not in again.stderr and "starts again" not in again.stderr and "not used" not in again.stderr
    with h5py.File(out / "study.h5") as f:      # the last run made no more than what was left: of c0000's steps some are the killed run's
        assert f["sweep/seconds_forward"][[0, 2]].sum() > f["provenance/runs/seconds_forward"][-1] * (1 + 1e-6)
    assert_same_bits(tmp_path / "whole", out)


def test_a_lost_parent_is_trained_again_and_its_children_are_kept(whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)
    (out / "configs" / "c0000.h5").unlink()
    kept = {i: (out / "configs" / f"c{i:04d}.h5").stat().st_mtime_ns for i in (1, 2, 3, 4, 5)}
    run(whole, out)
    assert_same_bits(whole / "out", out)
    assert kept == {i: (out / "configs" / f"c{i:04d}.h5").stat().st_mtime_ns for i in kept}


@needs_faults
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_child_fails_with_its_parent_and_both_are_tried_again(whole, tmp_path, ranks):
    """The third step of the first training is poisoned: the first configuration of one chain diverges, the other chain goes on."""
    out = tmp_path / "out"
    done = run(whole, out, program=FAULTY, ranks=ranks, env={"BETAFIELD_FAULT": "train.nan:0:3:nan"}, expect=3)
    status, errors = column(out, "status"), column(out, "error")
    first = status.index(3)
    child = PARENTS.index(first)
    grandchild = PARENTS.index(child)
    assert PARENTS[first] == -1 and status[child] == status[grandchild] == 4 and status.count(2) == 3
    assert f"c{first:04d}".encode() in errors[child] and b"diverged" in errors[child] and b"step 3" in errors[child]
    assert f"c{child:04d}".encode() in errors[grandchild] and b"failed" in errors[grandchild]
    assert errors[child].decode() in done.stdout
    run(whole, out, expect=3)
    only = run(whole, out, "--retry-failed", "--only", str(child), expect=3)
    assert f"c{first:04d}, which diverged" in only.stdout
    run(whole, out, "--retry-failed", ranks=ranks)
    assert_same_bits(whole / "out", out)


def test_only_needs_parents_that_are_trained_or_named(whole, tmp_path):
    out = tmp_path / "out"
    refused = run(whole, out, "--only", "0", expect=2)
    assert "c0000 starts from the weights of c0002" in refused.stderr
    run(whole, out, "--only", "0,2")
    assert column(out, "status") == [2, 0, 2, 0, 0, 0]
    run(whole, out, "--only", "4")
    before = contents(out)
    refused = run(whole, out, "--only", "0", "--fresh", expect=2)
    assert "c0002" in refused.stderr and contents(out) == before
    run(whole, out)
    assert_same_bits(whole / "out", out)


def test_a_chain_grows_at_its_end_and_along_other_keys(whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)
    before = {p.name: p.read_bytes() for p in (out / "configs").iterdir()}
    longer = ["--set", "sweep.objective.beta=[0.5, 0.1, 2.0, 4.0]", "--set", "sweep.model.latent=[2, 3, 4]"]
    run(whole, out, *longer)
    assert {name: (out / "configs" / name).read_bytes() for name in before} == before
    beta, latent, parent = (column(out, name) for name in ("objective_beta", "model_latent", "parent"))
    assert parent[:6] == PARENTS and len(parent) == 12
    for i, p in enumerate(parent):
        assert p == -1 if beta[i] == 0.1 else latent[p] == latent[i] and beta[p] == max(b for b in beta if b < beta[i])
    betafield("run", out / "study.yaml", "-o", tmp_path / "again", ranks=3)
    assert_same_bits(out, tmp_path / "again")


def test_what_would_change_a_parent_is_refused_and_says_so(whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)
    between = run(whole, out, "--set", "sweep.objective.beta=[0.5, 0.1, 2.0, 0.3]", expect=2)
    assert "it starts from the weights of objective.beta 0.1 -> the weights of objective.beta 0.3" in between.stderr
    other = run(whole, out, "--set", "warm_start.from=high", expect=2)
    assert "the weights of objective.beta 0.1 -> the weights of objective.beta 2" in other.stderr
    cold = run(whole, out, "--set", "warm_start.along=none", expect=2)
    assert "the weights of objective.beta 0.1 -> weights of its own" in cold.stderr
    more = run(whole, out, "--set", "train.epochs=4", expect=2)
    assert "--fresh" in more.stderr
    assert_same_bits(whole / "out", out)


def test_hashes_follow_the_parent(whole):
    def hashes(*more):
        configs = json.loads(betafield("plan", whole / "study.yaml", "--json", *more).stdout)["configs"]
        return {tuple(c["keys"].values()): c["config_hash"] for c in configs}

    with h5py.File(whole / "out" / "study.h5") as f:
        warm = hashes()
        assert list(warm.values()) == [h.decode() for h in f["sweep/config_hash"][:]]
    cold, high, first = hashes("--set", "warm_start.along=none"), hashes("--set", "warm_start.from=high"), hashes("--set", "sweep.objective.beta=[0.5, 0.2, 2.0]")
    assert warm[0.1, 2] == cold[0.1, 2] and warm[0.5, 2] != cold[0.5, 2]        # who has no parent is what it is without chains
    assert high[2, 2] == cold[2, 2] and len({warm[0.5, 2], cold[0.5, 2], high[0.5, 2]}) == 3
    assert first[0.5, 2] != warm[0.5, 2] and first[2, 2] != warm[2, 2]          # a grandparent changes it, too


def test_init_from_hashes_the_weights_and_not_only_their_name(whole, tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    one = ["--set", "warm_start.along=none", "--set", "sweep.objective.beta=[0.5]", "--set", "sweep.model.latent=[2]"]
    start = [*one, "--set", f"train.init_from={source}:0", "--set", "output.state=true"]

    def planned():
        return json.loads(betafield("plan", whole / "study.yaml", "--json", *start).stdout)["configs"][0]["config_hash"]

    run(whole, source, *one)
    before = planned()
    run(whole, out, *start)
    assert column(out, "config_hash") == [before.encode()]
    first = contents(out)
    run(whole, source, *one, "--fresh", "--set", "train.lr=1e-3")
    assert planned() != before
    noted = betafield("verify", out).stdout
    assert "note: configs/c0000.h5 started from other weights than train.init_from names now" in noted and "all good" in noted
    refused = run(whole, out, *start, expect=2)
    assert "c0000 started from other weights than train.init_from has now" in refused.stderr
    longer = run(whole, out, *start, "--set", "train.epochs=6", expect=2)
    assert "c0000 started from other weights than train.init_from has now" in longer.stderr
    assert contents(out) == first
    run(whole, source, *one, "--fresh")
    assert planned() == before
    run(whole, out, *start)
    assert contents(out) == first


def test_verify_knows_what_every_configuration_started_from(whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)

    def forge(config, name, value):
        with h5py.File(out / "configs" / f"c{config:04d}.h5", "r+") as f:
            before = f[f"configs/c{config:04d}"].attrs[name]
            f[f"configs/c{config:04d}"].attrs.modify(name, value)
        return before

    def findings():
        return betafield("verify", out, expect=2).stdout.splitlines()[:-1]

    was = forge(4, "parent", 1)
    assert findings() == ["study.h5: configuration 4: parent 0 in the table, 1 in the configuration",
                          "configs/c0004.h5: c0004 starts from c0001; by study.yaml it is c0000"]
    forge(4, "parent", was)
    forge(4, "origin", was := forge(4, "origin", np.bytes_(b"0123456789abcdef")))
    assert "all good" in betafield("verify", out).stdout
    forge(4, "origin", np.bytes_(b"0123456789abcdef"))
    (only,) = findings()
    assert only.startswith("configs/c0004.h5: it did not start from the weights of configs/c0000.h5, whose hash is ")
    forge(4, "origin", was)
    text = (out / "study.yaml").read_text()
    (out / "study.yaml").write_text(text.replace("from: low", "from: high"))
    lines = findings()
    assert "study.h5: c0002 starts from drawn weights; by study.yaml it is c0000" in lines
    assert "configs/c0005.h5: c0005 starts from c0001; by study.yaml it is drawn weights" in lines
    (out / "study.yaml").write_text("study: chains\nunknown: 1\n")
    assert findings()[-1] == "study.yaml: it is no study of this version"


def test_plan_shows_chains_and_the_longest_way(whole):
    done = betafield("plan", whole / "study.yaml", "--ranks", "4")
    rows = [line.split() for line in done.stdout.splitlines() if line[:4].strip().isdigit()]
    assert [row[1] for row in rows] == ["-" if p < 0 else str(p) for p in PARENTS]
    assert "chains      2 along objective.beta from low, of up to 3 configurations" in done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    p = json.loads(betafield("plan", whole / "study.yaml", "--ranks", "8", "--json", "--set", "train.lanes=1").stdout)
    assert [c["parent"] for c in p["configs"]] == PARENTS
    assert (p["chains"]["count"], p["chains"]["longest"]) == (2, 3) and p["layout"]["teams"] == 2
    assert p["chains"]["seconds"] == pytest.approx(max(sum(p["configs"][i]["seconds"] for i in c) for c in ((2, 0, 4), (3, 1, 5))))
    assert p["time"]["seconds"] >= p["chains"]["seconds"] > p["time"]["work"] / 3


@pytest.mark.parametrize("along,values,says", [("model.latent", "[2, 3]", "posterior.mean.weight"), ("data.patches.side", "[4, 5]", "encoder.0.weight")])
def test_keys_that_change_shapes_are_refused(whole, along, values, says):
    refused = betafield("plan", whole / "study.yaml", "--set", f"sweep={{{along}: {values}}}", "--set", f"warm_start.along={along}", expect=2)
    assert f"warm_start.along: {along} changes the weights' shapes ({says})" in refused.stderr


def test_any_number_that_keeps_shapes_will_do(whole, tmp_path):
    out = tmp_path / "out"
    run(whole, out, "--set", "sweep={data.patches.noise: [0.1, 0.05], train.lr: [1e-3, 2e-3]}", "--set", "warm_start.along=data.patches.noise",
        "--set", "warm_start.from=high", ranks=2)
    assert column(out, "parent") == [-1, -1, 0, 1] and column(out, "status") == [2] * 4
