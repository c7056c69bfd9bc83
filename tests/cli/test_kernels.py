"""Whose arithmetic it is: a study's bits are those of one kind of kernels, on every rank and in whatever is continued."""
import shutil
import subprocess

import h5py
import numpy as np
import pytest
from betafield import BETAFIELD, MPIRUN, assert_same_bits, betafield, environment

STUDY = """
study: kernels
data: {source: patches, train: 512, test: 256}
model: {net: mlp, hidden: [16], latent: 2}
train: {epochs: 2, batch: 64, lanes: 2, backend: portable}
parallel: {ranks_per_config: 2}
output: {state: true}
measure: [rd]
"""
LESSER = {"OPENBLAS_CORETYPE": "Nehalem"}       # as if this rank were on an older processor
ANY = ["--set", "parallel.kernels=any"]


@pytest.fixture(name="study")
def study_(tmp_path):
    path = tmp_path / "kernels.yaml"
    path.write_text(STUDY)
    return path


def identity(out):
    with h5py.File(out / "configs/c0000.h5") as f:
        return f["configs/c0000"].attrs["kernels"]


@pytest.fixture(name="other_kernels", scope="module")
def other_kernels_(tmp_path_factory):
    """Skips where the BLAS library has but one kind of kernels."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "kernels.yaml").write_text(STUDY)
    for name, env in (("mine", {}), ("lesser", LESSER)):
        betafield("run", folder / "kernels.yaml", "-o", folder / name, "--set", "parallel.ranks_per_config=1", env=env)
    if identity(folder / "mine") == identity(folder / "lesser"):
        pytest.skip("OpenBLAS has one kind of kernels here")
    return folder


def run_on_unlike_ranks(*arguments):
    arguments = [BETAFIELD, *map(str, arguments)]
    lesser = ["env", *(f"{name}={value}" for name, value in LESSER.items())]
    return subprocess.run([MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", "1", *arguments, ":", "-n", "1", *lesser, *arguments],
                          env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.usefixtures("other_kernels")
def test_ranks_with_unlike_kernels_do_not_work_together(study, tmp_path):
    refused = run_on_unlike_ranks("run", study, "-o", tmp_path / "out")
    assert refused.returncode == 2, refused.stderr
    assert "parallel.kernels=any" in refused.stderr and "Nehalem" in refused.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("other_kernels")
def test_unless_any_will_do(study, tmp_path):
    done = run_on_unlike_ranks("run", study, "-o", tmp_path / "out", *ANY)
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "out/study.h5") as f:
        assert np.bytes_(f["provenance"].attrs["determinism"]) == b"statistical"


def test_a_longer_training_goes_on_under_the_same_kernels(other_kernels, tmp_path):
    out, more = tmp_path / "out", ["--set", "parallel.ranks_per_config=1", "--set", "train.epochs=4"]
    shutil.copytree(other_kernels / "lesser", out)
    refused = betafield("run", other_kernels / "kernels.yaml", "-o", out, *more, expect=2)
    assert "parallel.kernels=any" in refused.stderr and "made by kernels 'blas=Nehalem', here they are 'blas=" in refused.stderr
    betafield("run", other_kernels / "kernels.yaml", "-o", out, *more, env=LESSER)
    betafield("run", other_kernels / "kernels.yaml", "-o", tmp_path / "whole", *more, env=LESSER)
    assert_same_bits(out, tmp_path / "whole")


def test_or_under_others_where_any_will_do(other_kernels, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(other_kernels / "lesser", out)
    betafield("run", other_kernels / "kernels.yaml", "-o", out, "--set", "parallel.ranks_per_config=1", "--set", "train.epochs=4", *ANY)
    assert identity(out) == identity(other_kernels / "mine")


def test_a_neighbour_starts_from_weights_of_the_same_kernels(other_kernels, tmp_path):
    out = tmp_path / "out"
    chain = ["run", other_kernels / "kernels.yaml", "-o", out, "--set", "parallel.ranks_per_config=1", "--set", "sweep.objective.beta=[0.5, 1]",
             "--set", "warm_start.along=objective.beta"]
    betafield(*chain, "--only", "0", env=LESSER)
    refused = betafield(*chain, expect=2)
    assert "c0000's result needs parallel.kernels=any" in refused.stderr and "Nehalem" in refused.stderr
    betafield(*chain, env=LESSER)
