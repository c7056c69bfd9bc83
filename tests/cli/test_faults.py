"""Planted faults: each rank fails or dies at each named point; every rank says the same, nothing is lost, nothing hangs."""
import json

import pytest
from betafield import FAULTY, assert_same_bits, betafield

pytestmark = pytest.mark.skipif(not FAULTY, reason="the program with fault points was not built")

STUDY = """\
study: faults
data: {source: patches, train: 512, test: 256}
model: {net: mlp, hidden: [8], latent: 2}
train: {epochs: 6, batch: 64, lanes: 2, lr: 1.0e-3, checkpoint_seconds: 0}
output: {samples: 4}
sweep:
  objective.beta: [0.5, 1.0]
"""
ON_RANK_0 = ["checkpoint.write", "checkpoint.fsync", "checkpoint.rename_prev", "checkpoint.rename", "study.write", "study.fsync", "study.rename"]
ON_ANY = ["data.open", "data.window", "data.fill", "farm.folder", "config.create", "config.write", "config.close"]
OF_ONE_CONFIGURATION = ["train.allocate", "evaluate.allocate", "measure.allocate"]
PUBLISHING = ["config.fsync", "config.rename"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


def run(whole, out, ranks, fault="", expect=0, **more):
    arguments = ["run", whole / "study.yaml", "-o", out, "--set", f"parallel.ranks_per_config={ranks}"]
    return betafield(*arguments, ranks=ranks, program=FAULTY, env={"BETAFIELD_FAULT": fault} if fault else None, expect=expect, timeout=90, **more)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("point", ON_ANY)
def test_a_failure_ends_in_the_same_status_everywhere(whole, tmp_path, point, rank):
    done = run(whole, tmp_path / "out", 2, f"{point}:{rank}:1:fail", expect=None)
    assert done.returncode == (70 if point == "data.window" else 2 if point.startswith("data") else 74), done.stderr
    assert point in done.stderr
    run(whole, tmp_path / "out", 2)
    assert_same_bits(whole / "out", tmp_path / "out")


@pytest.mark.parametrize("point", ON_RANK_0 + PUBLISHING)
def test_a_failing_write_stops_the_study_with_74(whole, tmp_path, point):
    done = run(whole, tmp_path / "out", 2, f"{point}:0:2:fail", expect=74)
    assert point in done.stderr
    run(whole, tmp_path / "out", 2)
    assert_same_bits(whole / "out", tmp_path / "out")


def test_a_run_that_ends_by_an_error_does_not_say_that_it_finished(whole, tmp_path):
    out = tmp_path / "out"
    run(whole, out, 2, "config.write:0:1:fail", expect=74)
    seen = json.loads(betafield("status", out, "--json").stdout)
    assert seen["state"] == "interrupted" and seen["progress"]["state"] == "failed" and seen["pending"] > 0
    text = betafield("status", out).stdout
    assert "ended with an error, see log.txt" in text and "To continue" in text
    assert "config.write" in (out / "log.txt").read_text().splitlines()[-1]


def test_a_checkpoint_that_cannot_be_read_today_is_not_thrown_away(whole, tmp_path):
    out = tmp_path / "out"
    again = ["run", whole / "study.yaml", "-o", out]
    betafield(*again, program=FAULTY, env={"BETAFIELD_FAULT": "checkpoint.write:0:4:kill"}, expect=-9)
    kept = {path: path.read_bytes() for path in (out / "checkpoints").glob("*.h5")}
    done = betafield(*again, program=FAULTY, env={"BETAFIELD_FAULT": "checkpoint.read:0:1:fail"}, expect=74)
    assert "checkpoint.read" in done.stderr and kept
    assert {path: path.read_bytes() for path in (out / "checkpoints").glob("*.h5")} == kept
    betafield(*again)
    assert_same_bits(whole / "out", out)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("point", ON_RANK_0 + ["config.create", "config.write", "config.close"] + PUBLISHING)
def test_killed_in_every_phase_of_every_write(whole, tmp_path, point, nth):
    """Alone, without a launcher: the process dies by SIGKILL at the point; the same command then ends with the same bits."""
    out = tmp_path / "out"
    done = betafield("run", whole / "study.yaml", "-o", out, program=FAULTY, env={"BETAFIELD_FAULT": f"{point}:0:{nth}:kill"}, expect=None, timeout=90)
    assert done.returncode in (-9, 0)
    assert done.returncode == -9 or nth > 1, "the point was never reached"
    betafield("run", whole / "study.yaml", "-o", out)
    assert_same_bits(whole / "out", out)
    assert not [p for p in out.rglob("*") if p.suffix == ".tmp"]


@pytest.mark.parametrize("rank", [0, 1])
def test_a_poisoned_gradient_is_a_diverged_row(whole, tmp_path, rank):
    done = run(whole, tmp_path / "out", 2, f"train.nan:{rank}:3:nan", expect=3)
    assert "diverged" in done.stdout
    arguments = ["run", whole / "study.yaml", "-o", tmp_path / "out", "--retry-failed"]
    betafield(*arguments)
    assert_same_bits(whole / "out", tmp_path / "out")


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("point", OF_ONE_CONFIGURATION)
def test_a_configuration_without_memory_is_a_failed_row(whole, tmp_path, point, rank):
    done = run(whole, tmp_path / "out", 2, f"{point}:{rank}:1:fail", expect=3)
    assert "failed" in done.stdout and point in done.stdout
    run(whole, tmp_path / "out", 1, expect=3)
    betafield("run", whole / "study.yaml", "-o", tmp_path / "out", "--retry-failed")
    assert_same_bits(whole / "out", tmp_path / "out")


TOLD = """\
study: told
data: {source: patches, train: 256, test: 256}
model: {hidden: [8], latent: 2, condition: beta}
objective: {beta: {range: [0.1, 10]}, grid: [0.1, 10]}
train: {epochs: 1, batch: 64}
measure: [rd]
output: {samples: 4, betas: [1.0]}
sweep:
  seed: [1, 2]
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_outputs_without_memory_are_a_failed_row(tmp_path, ranks):
    """Four looks at the data are the measures', at two betas; the fifth is for what is stored at a third. What is trained is kept for another attempt."""
    out = tmp_path / "out"
    (tmp_path / "study.yaml").write_text(TOLD)
    options = ["--set", f"train.lanes={ranks}", "--set", f"parallel.ranks_per_config={ranks}"]
    again = ["run", tmp_path / "study.yaml", "-o", out, *options]
    done = betafield(*again, ranks=ranks, program=FAULTY, env={"BETAFIELD_FAULT": f"evaluate.allocate:{ranks - 1}:5:fail"}, expect=3, timeout=90)
    assert done.stdout.count("failed: fault injected at evaluate.allocate") >= 1
    seen = json.loads(betafield("status", out, "--json").stdout)
    assert [c["status"] for c in seen["configs"]] == ["failed", "done"]
    betafield(*again, ranks=ranks, expect=3)
    assert [p.name for p in (out / "checkpoints").iterdir()] == ["c0000.h5"]
    betafield(*again, "--retry-failed", ranks=ranks, program=FAULTY, env={"BETAFIELD_FAULT": "train.nan:0:1:nan"})      # it makes no step
    betafield("verify", out)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "whole", *options, ranks=ranks)
    assert_same_bits(tmp_path / "whole", out)
    assert not list((out / "checkpoints").iterdir())
