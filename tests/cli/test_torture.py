"""What goes wrong on a cluster, at random moments: nothing hangs, nothing is lost, and the same command ends with the same bits."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from betafield import FAULTY, assert_same_bits, betafield, environment, start

STUDY = """\
study: torture
seed: 5
data: {source: patches, train: 512, test: 256}
model: {net: mlp, hidden: [16], latent: 2}
train: {steps: 15000, batch: 64, lanes: 2, lr: 1.0e-3, checkpoint_seconds: 0.05}
measure: [rd]
output: {samples: 4, progress_seconds: 1}
sweep:
  objective.beta: [0.3, 0.5, 1.0, 2.0]
"""
SMALL_DISK = Path(__file__).parents[1] / "support" / "small_disk.sh"
needs_faults = pytest.mark.skipif(not FAULTY, reason="the program with fault points was not built")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torture")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


def arguments(whole, out, team=1):
    return ["run", whole / "study.yaml", "-o", out, "--set", f"parallel.ranks_per_config={team}"]


def ranks_of(process):
    """Pids of the program's processes below mpirun, by rank."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int((path / "stat").read_text().rsplit(")", 1)[1].split()[1]) != process.pid:
                continue
            for entry in (path / "environ").read_bytes().split(b"\0"):
                if entry.startswith(b"OMPI_COMM_WORLD_RANK="):
                    found[int(entry.split(b"=")[1])] = int(path.name)
        except OSError:
            continue
    return found


def is_training(out):
    try:
        return b'"running": 0' not in (out / "progress.json").read_bytes()
    except OSError:
        return False


def wait_until(condition, process, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def finish(process, expect=None, seconds=60):
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"the program hangs: {process.communicate()}")
    assert expect is None or process.returncode == expect, f"exit {process.returncode}\n{output}\n{errors}"
    return output + errors


def statuses(out):
    with h5py.File(out / "study.h5") as f:
        return f["sweep/status"][:].tolist()


def temporaries(out):
    return [p for p in out.rglob("*") if p.suffix == ".tmp"]


@pytest.mark.parametrize("team", [1, 2])
def test_stopped_at_random_moments_until_done(whole, tmp_path, team):
    """STOP and USR1 in turn, also before the first step, in evaluations, between configurations, and twice at once."""
    out, moment, codes = tmp_path / "out", random.Random(team), []
    for turn in range(5):
        process = start(*arguments(whole, out, team), ranks=3)
        delay = moment.choice([0.4, 0.6, 0.8])
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            pids = ranks_of(process)
            if turn % 2 and len(pids) == 3:
                os.kill(pids[moment.randrange(3)], signal.SIGUSR1)
            if turn % 2 == 0 or turn == 4:
                out.mkdir(exist_ok=True)
                (out / "STOP").touch()
        finish(process)
        codes.append(process.returncode)
        if codes[-1] == 0:
            break
        # 128 + USR1: the signal came before the program could take it.
        assert codes[-1] in (75, 128 + signal.SIGUSR1, -signal.SIGUSR1)
    (out / "STOP").unlink(missing_ok=True)
    betafield(*arguments(whole, out, team), ranks=3)
    assert 75 in codes
    assert_same_bits(whole / "out", out)
    assert not temporaries(out) and not list((out / "checkpoints").iterdir())


def test_a_stop_that_comes_too_late_does_not_end_the_next_run(whole, tmp_path):
    out = tmp_path / "out"
    process = start(*arguments(whole, out), "--set", "train.steps=600")
    wait_until(lambda: out.exists() and any((out / "configs").glob("c????.h5")), process)
    (out / "STOP").touch()
    finish(process)
    assert process.returncode in (0, 75) and not (out / "STOP").exists()


@pytest.mark.parametrize("rank,ranks,team", [(1, 2, 2), (2, 3, 2)])
def test_a_signal_to_a_rank_that_leads_nothing(whole, tmp_path, rank, ranks, team):
    """One that follows in its team, one that is idle: the whole study stops and is continued."""
    out = tmp_path / "out"
    process = start(*arguments(whole, out, team), "--set", "output.progress_seconds=0.1", ranks=ranks)
    wait_until(lambda: is_training(out) and rank in ranks_of(process), process)
    os.kill(ranks_of(process)[rank], signal.SIGUSR1)
    finish(process, 75)
    betafield(*arguments(whole, out))
    assert_same_bits(whole / "out", out)


MEASURED = """\
study: measured
data: {source: patches, train: 512, test: 256}
model: {net: mlp, hidden: [16], latent: 2}
train: {steps: 20, batch: 64, lanes: 2, checkpoint_seconds: 0}
measure: {rd: {}, nll: {samples: 5000, rows: all}}
output: {samples: 4}
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    (folder / "study.yaml").write_text(MEASURED)
    betafield("run", folder / "study.yaml", "-o", folder / "out", ranks=2)
    return folder


def saved(out, name):
    """Of the newest checkpoint; -1 while there is none."""
    try:
        with h5py.File(out / "checkpoints" / "c0000.h5") as f:
            return f[name][0]
    except OSError:
        return -1


@needs_faults
@pytest.mark.parametrize("rank,ranks", [(0, 1), (0, 2), (1, 2)])
def test_a_signal_in_a_long_measure(measured, tmp_path, rank, ranks):
    """To one rank of a team: it ends soon, and what is trained is not trained again."""
    out = tmp_path / "out"
    process = start(*arguments(measured, out, ranks), ranks=ranks)
    wait_until(lambda: saved(out, "step") == 19 and len(ranks_of(process)) == ranks, process)       # the last one that a training writes
    os.kill(ranks_of(process)[rank], signal.SIGUSR1)
    finish(process, 75)
    assert saved(out, "step") == 20 and saved(out, "ended") == 1
    with h5py.File(out / "study.h5") as f:
        f["metrics"].visititems(lambda name, item: np.testing.assert_array_equal(item, np.nan))      # not of the part that was done
    betafield(*arguments(measured, out), program=FAULTY, env={"BETAFIELD_FAULT": "train.nan:0:1:nan"})
    assert_same_bits(measured / "out", out)
    assert not list((out / "checkpoints").iterdir())


def test_a_signal_to_a_rank_whose_team_waits(whole, tmp_path):
    """One of two chains is long: the other's team has ended, and waits for what the long one's first link will make ready."""
    out = tmp_path / "out"
    pairs = ", ".join(f"{{train.steps: {steps}, objective.beta: {beta}}}" for steps in (50, 10000000) for beta in (0.3, 0.5))
    process = start(*arguments(whole, out, 2), "--set", f"sweep={{pairs: [{pairs}]}}", "--set", "warm_start.along=objective.beta",
                    "--set", "output.progress_seconds=0.1", ranks=4)

    def teams():
        return [at["team"] for at in json.loads((out / "progress.json").read_text())["at"]] if (out / "progress.json").exists() else []

    wait_until(lambda: len(list((out / "configs").glob("c????.h5"))) == 2 and len(teams()) == 1, process)
    os.kill(ranks_of(process)[3 if teams() == [0] else 1], signal.SIGUSR1)
    finish(process, 75)


@pytest.mark.parametrize("rank", [0, 2])
def test_one_rank_is_killed(whole, tmp_path, rank):
    out = tmp_path / "out"
    process = start(*arguments(whole, out, 2), ranks=4)
    wait_until(lambda: out.exists() and any((out / "checkpoints").glob("*.h5")) and rank in ranks_of(process), process)
    os.kill(ranks_of(process)[rank], signal.SIGKILL)
    finish(process)
    assert process.returncode != 0
    betafield(*arguments(whole, out), ranks=2)
    assert_same_bits(whole / "out", out)
    assert not temporaries(out)


def test_wall_clock_limit_on_three_ranks(whole, tmp_path):
    out, codes = tmp_path / "out", []
    while not codes or codes[-1] == 75:
        codes.append(betafield(*arguments(whole, out), "--max-hours", "0.0003", ranks=3, expect=None).returncode)
        assert len(codes) < 40
    assert codes[-1] == 0
    assert_same_bits(whole / "out", out)


def test_two_launches_at_once(whole, tmp_path):
    """The second one waits for the first, or says who holds the folder."""
    out = tmp_path / "out"
    both = [start(*arguments(whole, out), ranks=2) for _ in range(2)]
    said = [finish(p) for p in both]
    assert {p.returncode for p in both} <= {0, 2} and 0 in {p.returncode for p in both}
    assert all("in use by another run" in text for p, text in zip(both, said) if p.returncode == 2)
    assert_same_bits(whole / "out", out)


def test_damaged_files(whole, tmp_path):
    out = tmp_path / "out"
    process = start(*arguments(whole, out), ranks=2)
    wait_until(lambda: out.exists() and any((out / "configs").glob("c????.h5")), process)
    wait_until(lambda: any((out / "checkpoints").glob("c????.prev.h5")), process)
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)
    done = next((out / "configs").glob("c????.h5"))
    done.write_bytes(done.read_bytes()[: done.stat().st_size // 2])
    for newest in (out / "checkpoints").glob("c????.h5"):
        bytes_ = bytearray(newest.read_bytes())
        bytes_[len(bytes_) // 2 : len(bytes_) // 2 + 512] = os.urandom(512)
        newest.write_bytes(bytes_)
    again = betafield(*arguments(whole, out), ranks=2)
    assert "set aside" in again.stderr and (out / "configs" / f"{done.stem}.damaged-1.h5").exists()
    assert_same_bits(whole / "out", out)


@pytest.mark.parametrize("lanes,ranks", [(1, 4), (4, 4), (4, 3)])
def test_more_ranks_than_configurations(tmp_path, lanes, ranks):
    text = STUDY.replace("lanes: 2", f"lanes: {lanes}").replace("steps: 15000", "steps: 300").replace("[0.3, 0.5, 1.0, 2.0]", "[0.5]")
    (tmp_path / "study.yaml").write_text(text)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "alone")
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", ranks=ranks)
    assert_same_bits(tmp_path / "alone", tmp_path / "out")


MANY = """\
study: many
data: {source: patches, train: 256, test: 64}
model: {net: mlp, hidden: [8], latent: 2}
train: {epochs: 2, batch: 64, optimizer: sgd}
measure: [rd]
output: {samples: 2}
sweep:
  pairs: [%s]
"""


def test_forty_configurations_of_which_some_diverge(tmp_path):
    diverging = [3, 11, 22, 38]
    rows = [f"{{train.lr: {1e30 if i in diverging else 1e-4 * (i + 1):g}, seed: {i}}}" for i in range(40)]
    (tmp_path / "study.yaml").write_text(MANY % ", ".join(rows))
    out = tmp_path / "out"
    betafield("run", tmp_path / "study.yaml", "-o", out, ranks=4, expect=3)
    assert [i for i, s in enumerate(statuses(out)) if s == 3] == diverging
    assert sorted(set(statuses(out))) == [2, 3]
    with h5py.File(out / "study.h5") as f:
        assert np.isfinite(np.delete(f["metrics/elbo"][:], diverging, axis=0)).all()
    betafield("run", tmp_path / "study.yaml", "-o", out, ranks=3, expect=3)


def test_a_finished_study_is_finished_for_any_team(whole, tmp_path):
    short = [*arguments(whole, tmp_path / "out", 4), "--set", "train.steps=200", "--set", "sweep.train.lanes=[4, 8]"]
    betafield(*short, ranks=2)
    betafield(*short, ranks=2)


def test_a_wrong_id_does_not_start_over(whole, tmp_path):
    out = tmp_path / "out"
    betafield(*arguments(whole, out), "--set", "train.steps=200")
    betafield(*arguments(whole, out), "--set", "train.steps=200", "--fresh", "--only", "9", expect=2)
    assert len(list((out / "configs").glob("c????.h5"))) == 4


@needs_faults
def test_what_a_killed_run_left_beside_a_finished_configuration(whole, tmp_path):
    out = tmp_path / "out"
    short = [*arguments(whole, out), "--set", "train.steps=200"]
    betafield(*short, "--set", "train.checkpoint_seconds=0", program=FAULTY, env={"BETAFIELD_FAULT": "checkpoint.write:0:3:kill"}, expect=-signal.SIGKILL)
    left = out / "checkpoints" / "c0000.h5"
    kept = left.read_bytes()
    betafield(*short)
    left.write_bytes(kept)
    betafield(*short)
    assert not list((out / "checkpoints").iterdir())


RETRIED = """\
study: retried
data: {source: patches, train: 256, test: 64}
model: {net: mlp, hidden: [8], latent: 2}
train: {epochs: %d, batch: 64, optimizer: sgd, lr: 1.0e+30, retries: 2, retry_factor: 1.0e-17}
output: {state: true}
measure: [rd]
"""


def test_more_epochs_go_on_in_the_attempt_that_succeeded(tmp_path):
    for epochs in (2, 4):
        (tmp_path / f"{epochs}.yaml").write_text(RETRIED % epochs)
    betafield("run", tmp_path / "4.yaml", "-o", tmp_path / "whole")
    betafield("run", tmp_path / "2.yaml", "-o", tmp_path / "out")
    longer = betafield("run", tmp_path / "4.yaml", "-o", tmp_path / "out", ranks=2)
    assert "attempt" not in longer.stderr
    assert_same_bits(tmp_path / "whole", tmp_path / "out")


@needs_faults
def test_a_stop_that_cannot_save_is_not_called_saved(whole, tmp_path):
    out = tmp_path / "out"
    slow = ["--set", "train.steps=1000000", "--set", "train.checkpoint_seconds=1000"]
    process = start(*arguments(whole, out), *slow, ranks=2, program=FAULTY, env={"BETAFIELD_FAULT": "checkpoint.write:1:1:fail"})
    wait_until(lambda: is_training(out), process)
    (out / "STOP").touch()
    text = finish(process, 74)
    assert "checkpoint.write" in text and "everything is saved" not in text


@needs_faults
@pytest.mark.parametrize("fault", ["crew.send:0:1", "crew.send:2:2", "crew.send:1:3", "desk.send:0:1", "desk.send:0:8", "desk.send:0:12"])
def test_a_letter_that_cannot_be_sent_ends_the_job(whole, tmp_path, fault):
    """Instead of leaving the others waiting; then the same command continues."""
    out = tmp_path / "out"
    quick = ["--set", "train.steps=400"]
    process = start(*arguments(whole, out), *quick, ranks=3, program=FAULTY, env={"BETAFIELD_FAULT": f"{fault}:fail"})
    text = finish(process)
    assert process.returncode == 0 or (process.returncode == 70 and "send" in text), text
    assert process.returncode == 70 or fault == "desk.send:0:12"
    betafield(*arguments(whole, out), *quick)
    assert statuses(out) == [2] * 4


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_disk_that_is_full_in_the_middle(whole, tmp_path, ranks):
    """In a mount namespace of its own: fills up while training, 74, then room again, and the same bits."""
    probe = subprocess.run([SMALL_DISK, "1", "true"], capture_output=True)
    if probe.returncode == 77:
        pytest.skip("no mount namespaces here")
    done = subprocess.run([SMALL_DISK, "24", sys.executable, __file__, str(whole), str(ranks)], env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def on_a_small_disk(whole, ranks):
    disk = Path(os.environ["SMALL_DISK"])
    out, filler = disk / "out", disk / "filler"
    process = start(*arguments(whole, out), ranks=ranks)
    wait_until(lambda: out.exists() and any((out / "checkpoints").glob("*.h5")), process)
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass
    finish(process, 74)
    filler.unlink()
    betafield(*arguments(whole, out), ranks=ranks)
    assert_same_bits(whole / "out", out)
    assert not temporaries(out)


if __name__ == "__main__":
    on_a_small_disk(Path(sys.argv[1]), int(sys.argv[2]))
