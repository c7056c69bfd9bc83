"""The life of a study: run, run again, extend, refuse, stop, continue, fail."""
import json
import os
import shutil
import signal
import time

import h5py
import numpy as np
import pytest
from betafield import assert_same_bits, betafield, contents, kill_in_training, start

LONG = """\
study: long
data: {source: patches, train: 512, test: 128}
model: {net: mlp, hidden: [16], latent: 2}
train: {steps: 30000, batch: 64, lr: 1.0e-3}
measure: [rd]
output: {progress_seconds: 1}
sweep:
  objective.beta: [0.5, 1.0]
"""

TINY_FROM = """\
study: reads
data: {{source: hdf5, path: [{path}]}}
model: {{net: mlp, hidden: [8], latent: 2}}
train: {{epochs: 1, batch: 64}}
measure: [rd]
"""


def table(folder, name):
    with h5py.File(folder / "study.h5", "r") as f:
        return f[name][()]


def test_leaves_the_tables_of_the_contract(study, tmp_path):
    out = tmp_path / "out"
    done = betafield("run", study(), "-o", out)
    assert done.stderr == ""
    assert sum(line.startswith("c000") for line in done.stdout.splitlines()) == 4
    with h5py.File(out / "study.h5", "r") as f:
        assert f.attrs["complete"] == 1
        assert f["sweep/status"][:].tolist() == [2, 2, 2, 2]
        assert f["sweep/objective_beta"][:].tolist() == [0.1, 0.1, 1.0, 1.0]
        assert f["sweep/model_latent"][:].tolist() == [2, 3, 2, 3]
        for name in ("rate", "distortion", "elbo", "mse", "variance", "bits_per_dim", "active_units"):
            assert np.isfinite(f[f"metrics/{name}"][:]).all(), name
        elbo = -(f["metrics/rate"][:] + f["metrics/distortion"][:])
        np.testing.assert_allclose(f["metrics/elbo"][:], elbo, rtol=1e-12)
        assert f["configs/c0003/posterior/train/mean"].shape == (512, 3)
        assert f["configs/c0003/second_stage/train"].shape == (512, 3)
        assert (f["configs/c0003/second_stage/train"][:] == f["configs/c0003/posterior/train/z"][:]).all()
        assert f["configs/c0000"].attrs["objective.beta"] == 0.1
    assert not list((out / "checkpoints").iterdir())
    for name in ("study.yaml", "log.txt", "log.jsonl", "progress.json"):
        assert (out / name).exists()
    events = [json.loads(line)["event"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert events[0] == "start" and events[-1] == "end" and events.count("ended") == 4


def test_effective_input_reproduces_the_study(study, tmp_path):
    betafield("run", study(), "-o", tmp_path / "a")
    betafield("run", tmp_path / "a" / "study.yaml", "-o", tmp_path / "b")
    assert_same_bits(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "study.yaml").read_text() == (tmp_path / "b" / "study.yaml").read_text()


def test_an_input_in_the_place_of_the_effective_one_is_spared(study, tmp_path):
    mine = tmp_path / "study.yaml"
    mine.write_text("# why these values\n" + study().read_text())
    before = mine.read_bytes()
    for extra in ([], ["--fresh"]):
        done = betafield("run", "study.yaml", "-o", ".", *extra, cwd=tmp_path, expect=2)
        assert "study.yaml is where the study would write its own" in done.stderr
        assert mine.read_bytes() == before and not (tmp_path / "study.h5").exists()
    out = tmp_path / "out"
    betafield("run", mine, "-o", out, "--quiet")
    betafield("run", out / "study.yaml", "-o", out, "--quiet")     # its own may be run where it is
    assert mine.read_bytes() == before


def test_data_in_the_place_of_the_studys_own_are_spared(study, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    betafield("data", study(), "-o", out / "data.h5")
    before = (out / "data.h5").read_bytes()
    reads = study(TINY_FROM.format(path=out / "data.h5"), name="reads.yaml")
    for extra in ([], ["--fresh"]):
        done = betafield("run", reads, "-o", out, *extra, expect=2)
        assert "data.h5 is where the study would write its own" in done.stderr
        assert (out / "data.h5").read_bytes() == before and not (out / "study.h5").exists()
    betafield("run", reads, "-o", tmp_path / "elsewhere", "--quiet")


@pytest.mark.parametrize("ranks", [0, 2])
def test_folders_with_long_names_are_as_good(study, tmp_path, ranks):
    out = tmp_path / ("d" * 200) / ("e" * 200) / ("f" * 200)
    betafield("run", study(), "-o", out, "--quiet", ranks=ranks)
    assert "all good" in betafield("verify", out).stdout


def test_default_folder_is_outputs_and_the_name(study, tmp_path):
    betafield("run", study(), "--only", "0", cwd=tmp_path)
    assert (tmp_path / "outputs" / "tiny" / "study.h5").exists()


def test_running_again_keeps_what_is_done(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out)
    before = {p.name: p.stat().st_mtime_ns for p in (out / "configs").iterdir()}
    betafield("run", study(), "-o", out)
    assert before == {p.name: p.stat().st_mtime_ns for p in (out / "configs").iterdir()}


def test_a_lost_configuration_is_trained_again_and_nothing_else(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out)
    first = contents(out)
    kept = (out / "configs" / "c0000.h5").stat().st_mtime_ns
    (out / "configs" / "c0002.h5").unlink()
    betafield("run", study(), "-o", out)
    assert contents(out) == first
    assert (out / "configs" / "c0000.h5").stat().st_mtime_ns == kept


def test_study_file_is_an_index_that_can_be_rebuilt(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out)
    first = contents(out)
    (out / "study.h5").unlink()
    betafield("run", study(), "-o", out)
    assert contents(out) == first


def test_a_longer_sweep_extends_and_keeps_ids(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out)
    before = {p.name: p.read_bytes() for p in (out / "configs").iterdir()}
    longer = ["--set", "sweep.objective.beta=[0.01, 0.1, 1.0]"]
    betafield("run", study(), "-o", out, *longer)
    assert {name: (out / "configs" / name).read_bytes() for name in before} == before
    assert table(out, "sweep/objective_beta").tolist() == [0.1, 0.1, 1.0, 1.0, 0.01, 0.01]
    assert table(out, "sweep/status").tolist() == [2] * 6
    betafield("run", out / "study.yaml", "-o", tmp_path / "again")
    assert_same_bits(out, tmp_path / "again")


def test_another_input_is_refused_with_the_difference(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out)
    first = contents(out)
    refused = betafield("run", study(), "-o", out, "--set", "train.lr=0.01", expect=2)
    assert "train.lr" in refused.stderr and "0.002" in refused.stderr and "0.01" in refused.stderr
    assert contents(out) == first
    betafield("run", study(), "-o", out, "--set", "train.lr=0.01", "--fresh")
    assert contents(out).keys() == first.keys() and contents(out) != first


def test_only_trains_what_is_named(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "1,3")
    assert table(out, "sweep/status").tolist() == [0, 2, 0, 2]
    with h5py.File(out / "study.h5", "r") as f:
        assert f.attrs["complete"] == 0
    assert "9" in betafield("run", study(), "-o", out, "--only", "1,9", expect=2).stderr


DIVERGING = """\
study: diverging
data: {source: patches, train: 256, test: 64}
model: {net: mlp, hidden: [8], latent: 2}
train: {epochs: 2, batch: 64, optimizer: sgd}
sweep:
  train.lr: [1.0e-4, 1.0e+30, 2.0e-4]
"""


def test_a_diverging_configuration_is_a_row(study, tmp_path):
    out = tmp_path / "out"
    done = betafield("run", study(DIVERGING), "-o", out, expect=3)
    assert table(out, "sweep/status").tolist() == [2, 3, 2]
    error = table(out, "sweep/error")[1].decode()
    assert "step" in error and "finite" in error
    assert error in done.stdout
    assert np.isnan(table(out, "metrics/rate")[1]).all()
    betafield("run", study(DIVERGING), "-o", out, expect=3)
    betafield("run", study(DIVERGING), "-o", out, "--retry-failed", expect=3)
    assert (out / "configs" / "c0001.failed-1.h5").exists()


def test_a_retry_starts_again_with_a_smaller_rate(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(DIVERGING), "-o", out, "--set", "train.retries=2", "--set", "train.retry_factor=1e-17")
    assert table(out, "sweep/status").tolist() == [2, 2, 2]
    assert table(out, "sweep/attempts").tolist() == [1, 3, 1]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "long.yaml").write_text(LONG)
    betafield("run", folder / "long.yaml", "-o", folder / "out")
    return folder / "out"


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def stop_when_training(process, out, how):
    """As soon as some configuration runs: of two at once, one alone is the end of the run."""
    wait_until(lambda: (out / "progress.json").exists() and json.loads((out / "progress.json").read_text())["running"] > 0)
    how()
    output, errors = process.communicate(timeout=120)
    return output, errors


@pytest.mark.parametrize("how", ["STOP", "USR1", "USR2", "TERM", "INT"])
def test_a_stop_saves_and_the_same_command_continues(study, tmp_path, uninterrupted, how):
    out = tmp_path / "out"
    process = start("run", study(LONG), "-o", out)
    if how == "STOP":
        output, _ = stop_when_training(process, out, (out / "STOP").touch)
    else:
        output, _ = stop_when_training(process, out, lambda: process.send_signal(getattr(signal, "SIG" + how)))
    assert process.returncode == 75, output
    assert (out / "checkpoints" / "c0000.h5").exists() or (out / "checkpoints" / "c0001.h5").exists()
    assert not (out / "STOP").exists()
    betafield("run", study(LONG), "-o", out)
    assert_same_bits(out, uninterrupted)


def test_a_resumed_runs_rate_counts_its_own_steps_alone(study, tmp_path):
    out, short = tmp_path / "out", ["--only", "0", "--set", "train.steps=3000"]
    kill_in_training(["run", study(LONG), "-o", out, *short], out)
    betafield("run", study(LONG), "-o", out, *short)
    seen = json.loads((out / "progress.json").read_text())
    assert 0 < seen["samples_per_second"] * seen["elapsed"] < 64 * (3000 - 0.5)


def test_usr1_under_mpirun_stops_all_ranks(study, tmp_path, uninterrupted):
    out = tmp_path / "out"
    process = start("run", study(LONG), "-o", out, ranks=2)
    stop_when_training(process, out, lambda: process.send_signal(signal.SIGUSR1))
    assert process.returncode == 75
    betafield("run", study(LONG), "-o", out, ranks=2)
    assert_same_bits(out, uninterrupted)


def test_wall_clock_limit_stops_in_time_and_makes_progress(study, tmp_path, uninterrupted):
    out = tmp_path / "out"
    codes = []
    for _ in range(30):
        codes.append(betafield("run", study(LONG), "-o", out, "--max-hours", "0.0004", expect=None).returncode)
        if codes[-1] == 0:
            break
    assert set(codes[:-1]) <= {75} and codes[-1] == 0 and len(codes) > 1
    assert_same_bits(out, uninterrupted)


def test_a_second_run_is_refused_and_names_the_first(study, tmp_path):
    out = tmp_path / "out"
    process = start("run", study(LONG), "-o", out, "--set", "train.steps=100000000")
    wait_until(lambda: (out / "study.yaml").exists())
    refused = betafield("run", study(LONG), "-o", out, "--set", "train.steps=100000000", expect=2)
    assert f"pid {process.pid}" in refused.stderr
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=60)
    assert process.returncode == 75


def test_wrong_input_and_unwritable_folders(study, tmp_path):
    wrong = study("study: x\nmodel: {latnet: 3}\ntrain: {lr: fast}\n")
    refused = betafield("run", wrong, "-o", tmp_path / "out", expect=2)
    assert f"{wrong}:2:" in refused.stderr and "model.latent" in refused.stderr and f"{wrong}:3:" in refused.stderr
    assert not (tmp_path / "out").exists()
    betafield("run", tmp_path / "missing.yaml", expect=2)
    betafield("run", study(), "-o", tmp_path / "study.yaml" / "sub", expect=74)
    missing = study("study: y\ndata: {source: npy, path: nowhere.npy}\n")
    assert f"{missing}:2:" in betafield("run", missing, "-o", tmp_path / "out", expect=2).stderr
    betafield("run", expect=2)
    betafield("run", study(), "--max-hours", "soon", expect=2)


def test_every_rank_exits_with_the_same_code(study, tmp_path):
    out = tmp_path / "out"
    assert betafield("run", study(DIVERGING), "-o", out, ranks=3, expect=None).returncode == 3
    assert betafield("run", study("study: [1"), "-o", out, ranks=2, expect=None).returncode == 2


def test_evaluate_every_keep_best_and_patience(study, tmp_path):
    text = """\
        study: early
        data: {source: patches, train: 256, test: 256}
        model: {net: mlp, hidden: [16], latent: 2}
        train: {epochs: 40, batch: 64, lr: 5.0e-3, evaluate_every: 2, keep: best, patience: 2}
        """
    out = tmp_path / "out"
    betafield("run", study(text), "-o", out)
    tested = table(out, "history/test_elbo")[0]
    evaluated = np.flatnonzero(np.isfinite(tested))
    assert (np.diff(evaluated) == 2).all() and len(evaluated) >= 2
    # What is kept is the best of what was evaluated, so the final metric is at least that.
    assert table(out, "metrics/elbo")[0, 1] == pytest.approx(np.nanmax(tested), abs=1e-9)


def test_init_from_starts_where_another_ended(study, tmp_path):
    a, b = tmp_path / "all" / "a", tmp_path / "b"
    one_size = ["--set", "sweep.model.latent=[2]"]
    betafield("run", study(), "-o", a, *one_size)
    betafield("run", study(), "-o", b, *one_size, "--set", f"train.init_from={a}:0", "--set", "train.lr=1e-12")
    with h5py.File(a / "study.h5") as one, h5py.File(b / "study.h5") as two:
        for name, weight in one["configs/c0000/weights"].items():
            np.testing.assert_allclose(two["configs/c0001/weights"][name][()], weight[()], atol=1e-6)
    (tmp_path / "link").symlink_to(a)
    for name in (f"{a}:0", f"{tmp_path}/link/configs/c0000.h5"):
        gone = betafield("run", study(), "-o", a, *one_size, "--fresh", "--set", f"train.init_from={name}", expect=2)
        assert "would be removed by --fresh" in gone.stderr and (a / "configs/c0000.h5").exists()
    betafield("run", study(), "-o", a.parent, *one_size, "--only", "0", "--fresh", "--set", f"train.init_from={a}:0")      # a study within is another one
    refused = betafield("run", study(), "-o", tmp_path / "c", *one_size, "--set", "train.init_from=nowhere:0", expect=2)
    assert "init_from" in refused.stderr and not (tmp_path / "c").exists()
    narrow = betafield("plan", study(), *one_size, "--set", f"train.init_from={a}:0", "--set", "model.hidden=[7]", expect=2)
    assert "init_from" in narrow.stderr


def test_output_switches(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "0", "--set", "output.posterior=[test]", "--set", "output.weights=false", "--set",
              "output.samples=5", "--set", "output.state=true")
    with h5py.File(out / "study.h5") as f:
        group = f["configs/c0000"]
        assert "weights" not in group and "train" not in group["posterior"] and "mean" in group["posterior/test"]
        assert group["second_stage/train"].shape == (512, 2)
        assert group["samples"].shape[0] == group["reconstructions"].shape[0] == group["inputs"].shape[0] == 5
        assert len(group["state"]) > 0
    betafield("run", study(), "-o", tmp_path / "none", "--only", "0", "--set", "output.posterior=[]", "--set", "output.second_stage=false",
              "--set", "output.samples=0")
    with h5py.File(tmp_path / "none" / "study.h5") as f:
        assert "posterior" not in f["configs/c0000"] and "samples" not in f["configs/c0000"]


@pytest.mark.parametrize("count,ranks", [(3, 1), (3, 2), (100, 1), (100, 2)])
def test_traversals_vary_one_dimension_after_the_other(study, tmp_path, count, ranks):
    """100 test samples make 1400 images: more than are decoded at a time, and no whole number of blocks."""
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "0", "--set", f"output.traversals={count}", "--set", "model.net=linear",
              "--set", f"parallel.ranks_per_config={ranks}", "--set", "train.lanes=2", ranks=ranks)
    betafield("verify", out)
    with h5py.File(out / "study.h5") as f:
        group = f["configs/c0000"]
        means = group["posterior/test/mean"][:count]
        latent, weights = means.shape[1], group["weights"]
        z = np.repeat(means[:, None, None], latent, 1).repeat(7, 2)
        for j in range(latent):
            z[:, j, :, j] = np.linspace(-2, 2, 7)
        wanted = z @ weights["decoder.output.weight"][()].T + weights["decoder.output.bias"][()]
        found = group["traversals"]
        assert found.shape == (count * latent * 7, *group["inputs"].shape[1:])
        assert found.attrs["dims"].decode() == "sample-latent-value height width"
        np.testing.assert_allclose(found[()].reshape(wanted.shape), wanted, atol=1e-5)


def most_memory(*arguments):
    """Bytes that a run without launcher held at most."""
    process = start(*arguments)
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.stderr.read()
    return 1024 * used.ru_maxrss


def test_traversals_need_no_more_memory_when_there_are_more(study, tmp_path):
    large = ["--only", "0", "--set", "data.patches.side=40", "--set", "sweep.model.latent=[32]", "--set", "train.steps=1"]
    few, many = (most_memory("run", study(), "-o", tmp_path / f"{n}", *large, "--set", f"output.traversals={n}") for n in (5, 100))
    with h5py.File(tmp_path / "100" / "study.h5") as f:
        assert f["configs/c0000/traversals"].nbytes > 140e6
    assert many - few < 40e6


def test_more_epochs_continue_where_the_state_was_kept(study, tmp_path):
    out, whole = tmp_path / "out", tmp_path / "whole"
    state = ["--set", "output.state=true"]
    betafield("run", study(), "-o", out, *state)
    betafield("run", study(), "-o", out, *state, "--set", "train.epochs=7")
    betafield("run", study(), "-o", whole, *state, "--set", "train.epochs=7")
    assert_same_bits(out, whole)


def test_a_refusal_leaves_the_study_as_it_was(study, tmp_path):
    out, state = tmp_path / "out", ["--set", "output.state=true", "--only", "0"]
    betafield("run", study(), "-o", out, *state)
    before = (out / "study.yaml").read_bytes()
    with h5py.File(out / "configs/c0000.h5", "r+") as f:
        f["configs/c0000"].attrs["kernels"] = np.bytes_("those of another machine")
    refused = betafield("run", study(), "-o", out, *state, "--set", "train.epochs=7", expect=2)
    assert "those of another machine" in refused.stderr and (out / "study.yaml").read_bytes() == before
    betafield("run", study(), "-o", out, *state)
    betafield("run", study(), "-o", out, "--set", "output.state=true", "--set", "train.epochs=7", "--only", "1")        # which no other kernels began


def test_a_checkpoint_of_something_else_is_not_used_and_that_is_said(study, tmp_path):
    out, longer = tmp_path / "out", ["--only", "0", "--set", "train.epochs=100"]
    kill_in_training(["run", study(), "-o", out, *longer], out)
    for path in (out / "checkpoints").glob("*.h5"):
        with h5py.File(path, "r+") as f:
            f.attrs["config_hash"] = np.bytes_("0123456789abcdef")
    again = betafield("run", study(), "-o", out, *longer)
    assert "c0000: its checkpoint is of other keys, of other weights to start from, or of an earlier version; it is not used" in again.stderr
    betafield("run", study(), "-o", tmp_path / "whole", *longer)
    assert_same_bits(out, tmp_path / "whole")


@pytest.mark.parametrize("foreign", [False, True])
def test_a_damaged_checkpoint_lends_nothing_to_the_one_before(study, tmp_path, foreign):
    """Neither its times, nor its word for whose arrays those are."""
    out, longer = tmp_path / "out", ["--only", "0", "--set", "train.epochs=100"]
    kill_in_training(["run", study(), "-o", out, *longer], out)
    newest, before = out / "checkpoints/c0000.h5", out / "checkpoints/c0000.prev.h5"
    shutil.copy(before, newest)
    with h5py.File(newest, "r+") as f:
        f.attrs["seconds"] = 1e6
        at = f["theta"].id.get_offset()
    damaged = bytearray(newest.read_bytes())
    damaged[at] ^= 1
    newest.write_bytes(damaged)
    if foreign:
        with h5py.File(before, "r+") as f:
            f.attrs["config_hash"] = np.bytes_("0123456789abcdef")
    again = betafield("run", study(), "-o", out, *longer)
    assert "its newest checkpoint cannot be used, the one before serves" in again.stderr
    assert ("c0000: its checkpoint is of other keys" in again.stderr) == foreign
    assert table(out, "sweep/seconds")[0] < 1e5
    betafield("run", study(), "-o", tmp_path / "whole", *longer)
    assert_same_bits(out, tmp_path / "whole")


def test_a_finished_result_of_other_keys_is_never_replaced(study, tmp_path):
    out, one = tmp_path / "out", ["--only", "0"]
    betafield("run", study(), "-o", out, *one)
    with h5py.File(out / "configs/c0000.h5", "r+") as f:
        f["configs/c0000"].attrs["config_hash"] = np.bytes_("0123456789abcdef")
    refused = betafield("run", study(), "-o", out, *one, expect=2)
    assert "configs/c0000.h5 is the result of other keys; --fresh starts over" in refused.stderr
    assert [p.name for p in (out / "configs").iterdir()] == ["c0000.h5"]


def test_a_refused_retry_leaves_every_file_where_it_was(study, tmp_path):
    out = tmp_path / "out"
    chain = study(DIVERGING)
    keys = ["--set", "sweep={train.lr: [1.0e-3, 1.0e9]}", "--set", "warm_start.along=train.lr"]
    betafield("run", chain, "-o", out, *keys, expect=3)
    with h5py.File(out / "configs/c0000.h5", "r+") as f:
        f["configs/c0000"].attrs["kernels"] = np.bytes_("those of another machine")
    names = sorted(p.name for p in (out / "configs").iterdir())
    refused = betafield("run", chain, "-o", out, *keys, "--retry-failed", expect=2)
    assert "c0000's result needs parallel.kernels=any" in refused.stderr
    assert sorted(p.name for p in (out / "configs").iterdir()) == names
    with h5py.File(out / "study.h5") as f:
        assert f["sweep/status"][:].tolist() == [2, 3] and "weights" not in f["configs/c0001"]
    betafield("run", chain, "-o", out, *keys, "--retry-failed", "--set", "parallel.kernels=any", expect=3)
    assert (out / "configs/c0001.failed-1.h5").exists()


@pytest.mark.parametrize("keys,why", [([], "output.state"), (["--set", "output.state=true", "--set", "train.schedule=cosine"], "cosine"),
                                      (["--set", "output.state=true", "--set", "objective.cycles=2"], "objective.cycles depends on the total")])
def test_more_epochs_are_refused_with_the_reason(study, tmp_path, keys, why):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "0", *keys)
    assert why in betafield("run", study(), "-o", out, *keys, "--set", "train.epochs=7", expect=2).stderr
