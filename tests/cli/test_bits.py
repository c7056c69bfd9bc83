"""The same bits on any number of ranks, with any team size, transport, kill and resume."""
import os
import random
import signal
import subprocess
import time

import h5py
import numpy as np
import pytest
from betafield import assert_same_bits, betafield, start

# Every treatment that couples a batch, lanes that teams can share, history, evaluation during training, rows that do not fill a block,
# a parameter vector long enough for a team to share its update.
STUDY = """\
study: bits
seed: 11
data: {source: digits, train: 700, test: 300, digits: {side: 12}}
model: {net: mlp, hidden: [48], latent: 3}
likelihood: {kind: gaussian, variance: optimal}
train: {epochs: 3, batch: 64, lanes: 4, lr: 2.0e-3, evaluate_every: 1, keep: best, clip: 5.0}
sweep:
  objective.beta: [0.2, 1.0]
  likelihood.variance: [optimal, learned, per-image]
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bits")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


@pytest.mark.parametrize("ranks,team", [(1, 1), (2, 1), (3, 1), (4, 1), (2, 2), (4, 2), (3, 2), (4, 4)])
def test_ranks_and_teams(alone, tmp_path, ranks, team):
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--set", f"parallel.ranks_per_config={team}", ranks=ranks)
    assert_same_bits(alone / "out", tmp_path / "out")


@pytest.mark.parametrize("algorithm", [1, 2, 3, 4, 5, 6])
def test_whatever_allreduce_the_library_picks(alone, tmp_path, algorithm):
    forced = ["--mca", "coll_tuned_use_dynamic_rules", "1", "--mca", "coll_tuned_allreduce_algorithm", str(algorithm)]
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--only", "0-1", "--set", "parallel.ranks_per_config=4", ranks=4, mpi=forced)
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--only", "2-5")
    assert_same_bits(alone / "out", tmp_path / "out")


def test_shared_memory_too_small_for_the_data(alone, tmp_path):
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", ranks=3, env={"BETAFIELD_SHM_LIMIT": "4096"})
    assert_same_bits(alone / "out", tmp_path / "out")


OBJECTIVES = STUDY.split("sweep:")[0] + """\
sweep:
  pairs:
    - {objective.kind: beta-vae, objective.free_bits: 0.5, objective.cycles: 2}
    - {objective.kind: capacity, objective.free_bits: 0, objective.cycles: 0}
"""


def test_objectives_that_couple_a_batch(tmp_path):
    (tmp_path / "study.yaml").write_text(OBJECTIVES)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "alone")
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "team", "--set", "parallel.ranks_per_config=4", ranks=4)
    assert_same_bits(tmp_path / "alone", tmp_path / "team")
    with h5py.File(tmp_path / "alone" / "study.h5") as f:
        assert f["sweep/objective_beta"][0] == 1.0 and np.isnan(f["sweep/objective_beta"][1])
        assert 0.0 < f["history/beta"][0, 0] < 1.0 and abs(f["history/beta"][1, 0]) <= 1000.0


LONGER = STUDY.replace("epochs: 3", "epochs: 120").replace("evaluate_every: 1", "evaluate_every: 40")


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("longer")
    (folder / "study.yaml").write_text(LONGER)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


@pytest.mark.parametrize("ranks,team", [(1, 1), (2, 1), (4, 2)])
def test_killed_at_random_and_continued(longer, tmp_path, ranks, team):
    """kill -9 of everything at random moments, checkpoints as often as possible, then to the end."""
    out = tmp_path / "out"
    arguments = ["run", longer / "study.yaml", "-o", out, "--set", f"parallel.ranks_per_config={team}", "--set", "train.checkpoint_seconds=0.02"]
    moment = random.Random(ranks)
    for _ in range(6):
        process = start(*arguments, ranks=ranks)
        try:
            process.wait(timeout=0.6 + moment.random())
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(0.2)
    betafield(*arguments, ranks=ranks, timeout=600)
    assert_same_bits(longer / "out", out)
    assert not [p for p in out.rglob("*") if p.suffix == ".tmp"]
