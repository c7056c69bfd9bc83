"""Sentences of the contract that no other file holds the program to."""
import shutil
import subprocess

import h5py
import numpy as np
import pytest
from betafield import BETAFIELD, betafield, environment, write_study

SMALL = """
    study: small
    data: {source: patches, train: 128, test: 32}
    model: {hidden: [8], latent: 2}
    train: {epochs: 1, batch: 32}
    sweep: {objective.beta: [0.1, 1]}
    """


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    betafield("run", write_study(folder / "s.yaml", SMALL), "-o", folder / "out", "--quiet")
    return folder


@pytest.mark.parametrize("source", ["npy", "idx"])
def test_one_file_of_labels_serves_both_parts(tmp_path, source):
    """data.path: {train: a, test: b, labels: y}: the labels of a, then those of b."""
    rng = np.random.default_rng(1)
    arrays = {"a": rng.integers(0, 256, (40, 3, 3), "u1"), "b": rng.integers(0, 256, (10, 3, 3), "u1"), "y": (np.arange(50) * 7 % 11).astype("u1")}

    def store(name, x):
        if source == "npy":
            np.save(tmp_path / name, x)
            return tmp_path / f"{name}.npy"
        (tmp_path / name).write_bytes(bytes([0, 0, 8, x.ndim]) + b"".join(n.to_bytes(4, "big") for n in x.shape) + x.tobytes())
        return tmp_path / name

    def describe(y):
        path = f"{{train: {store('a', arrays['a'])}, test: {store('b', arrays['b'])}, labels: {store('y', y)}}}"
        return write_study(tmp_path / "s.yaml", f"study: s\ntrain: {{batch: 8}}\ndata: {{source: {source}, path: {path}}}\n")

    betafield("data", describe(arrays["y"]), "-o", tmp_path / "d.h5")
    with h5py.File(tmp_path / "d.h5") as f:
        assert np.array_equal(f["train/label"][()], arrays["y"][:40])
        assert np.array_equal(f["test/label"][()], arrays["y"][40:])
    refused = betafield("data", describe(arrays["y"][:40]), "-o", tmp_path / "e.h5", expect=2)
    assert "40 labels for 40 training and then 10 test samples" in refused.stderr and "s.yaml:3:" in refused.stderr


def test_a_run_that_does_not_fit_on_the_disk_is_refused(tmp_path):
    """In a mount namespace of its own, on a file system of 1 MB; the results need several."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    study = write_study(tmp_path / "s.yaml", SMALL)
    (tmp_path / "small").mkdir()
    line = f"mount -t tmpfs -o size=1m none {tmp_path}/small && exec {BETAFIELD} run {study} -o {tmp_path}/small/out --set data.train=100000"
    done = subprocess.run(["unshare", "-m", "sh", "-c", line], capture_output=True, text=True, env=environment(), timeout=120)
    assert done.returncode == 2 and "MB free" in done.stderr, done.stderr
    assert "c0000" not in done.stdout


def test_verify_misses_a_column(done, tmp_path):
    shutil.copytree(done / "out", tmp_path / "out")
    with h5py.File(tmp_path / "out/study.h5", "a") as f:
        del f["metrics/rate"]
    found = betafield("verify", tmp_path / "out", expect=2)
    assert "metrics/rate: the configuration has it, the tables do not" in found.stdout


def test_damage_names_the_object(done, tmp_path):
    shutil.copytree(done / "out", tmp_path / "out")
    with h5py.File(tmp_path / "out/configs/c0001.h5") as f:
        at = f["configs/c0001/weights/encoder.0.weight"].id.get_offset()
    with open(tmp_path / "out/configs/c0001.h5", "r+b") as f:
        f.seek(at)
        f.write(b"\x11")
    betafield("data", done / "s.yaml", "-o", tmp_path / "d.h5")
    told = betafield("encode", tmp_path / "out", "--config", 1, tmp_path / "d.h5", "--dataset", "test/x", "-o", tmp_path / "e.h5", expect=2)
    assert "encoder.0.weight: its checksum" in told.stderr and not (tmp_path / "e.h5").exists()


@pytest.mark.parametrize("command", [["verify"], ["pack", "-o", "packed.h5"], ["align"], ["encode", "--config", "1", "d.h5", "--dataset", "test/x", "-o", "e.h5"]])
def test_no_command_looks_into_the_study_around_it(done, tmp_path, command):
    """A configuration's file is gone; in the current folder there is one of that name."""
    around = shutil.copytree(done / "out", tmp_path / "around")
    betafield("data", done / "s.yaml", "-o", around / "d.h5")
    shutil.copytree(done / "out", tmp_path / "out")
    (tmp_path / "out/configs/c0001.h5").unlink()
    told = betafield(command[0], tmp_path / "out", *command[1:], cwd=around, env={"HDF5_EXT_PREFIX": str(around)}, expect=None)
    assert told.returncode in (2, 74) and "c0001" in told.stdout + told.stderr, told.stdout + told.stderr
    betafield(command[0], ".", *command[1:], cwd=around)


@pytest.mark.parametrize("command", ["measure", "sample"])
def test_commands_of_later_versions_are_refused_with_a_sentence(command):
    assert "not available in this version" in betafield(command, "x", expect=2).stderr
