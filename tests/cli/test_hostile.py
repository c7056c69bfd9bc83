"""Surroundings that nobody wishes for: closed streams, a limit on file sizes, a folder that is taken away, bits that flip where no command looks twice."""
import os
import resource
import shutil
import subprocess
import time

import h5py
import numpy as np
import pytest
from betafield import assert_same_bits, betafield, command, environment, start, write_study

STUDY = """
    study: hostile
    seed: 5
    data: {source: patches, train: 512, test: 256}
    model: {net: mlp, hidden: [16], latent: 2}
    train: {epochs: 2, batch: 64, lr: 2.0e-3}
    measure: [rd]
    output: {samples: 4, progress_seconds: 1}
    sweep:
      objective.beta: [0.3, 1.0]
    """
LONG = ["--set", "train.epochs=2000", "--set", "train.checkpoint_seconds=0.05"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    betafield("run", write_study(folder / "study.yaml", STUDY), "-o", folder / "out")
    return folder


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_place_for_results(whole, tmp_path, closed):
    """The next file that is opened would get its number, and what is printed would go into that file."""
    program = command("run", whole / "study.yaml", "-o", tmp_path / "out")
    subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *program], env=environment(), timeout=60, check=True)
    assert "all good" in betafield("verify", tmp_path / "out").stdout
    assert (tmp_path / "out/.lock").read_bytes().count(b"\n") == 1
    assert_same_bits(whole / "out", tmp_path / "out")


@pytest.mark.parametrize("arguments", [["plan", "study.yaml"], ["status", "out"], ["keys"]])
def test_an_answer_without_a_stream_is_lost(whole, arguments):
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command(*arguments)], env=environment(), cwd=whole, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 74 and b"cannot write to stdout" in done.stderr


def test_files_that_may_not_grow_end_a_run_with_a_sentence(whole, tmp_path):
    """RLIMIT_FSIZE would end it by a signal in the middle of a file; HDF5 cannot close the one it was writing, and must not try again."""
    out, most = tmp_path / "out", 10_000_000        # MPI needs some megabytes for itself
    large = ["run", whole / "study.yaml", "-o", out, "--set", "data.train=100000", "--set", "model.latent=16", "--set", "train.steps=20"]
    done = subprocess.run(command(*large), env=environment(), capture_output=True, text=True, timeout=60,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    assert done.returncode == 74 and "cannot write" in done.stderr, done.stderr
    assert not list(out.rglob("*.tmp"))
    betafield(*large)
    assert "all good" in betafield("verify", out).stdout


@pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
def test_a_folder_that_is_taken_away(whole, tmp_path, how):
    """The run does not end well with results that are gone; the same command makes what is missing, there and where the folder went."""
    out, kept = tmp_path / "out", tmp_path / "kept"
    process = start("run", whole / "study.yaml", "-o", out, *LONG, ranks=2)
    while process.poll() is None and not list(out.glob("checkpoints/*.h5")):
        time.sleep(0.01)
    os.rename(out, kept)
    if how == "removed":
        shutil.rmtree(kept)
    if how == "replaced":
        out.mkdir()
    said = "".join(process.communicate(timeout=60))
    assert process.returncode == 74 and "removed, moved or replaced while this run was writing there" in said, said
    assert not [path for path in out.rglob("*") if path.is_file()]
    betafield("run", whole / "study.yaml", "-o", tmp_path / "undisturbed", *LONG, ranks=2)
    for folder in (out, kept)[: 1 if how == "removed" else 2]:
        betafield("run", whole / "study.yaml", "-o", folder, *LONG, ranks=2)
        assert_same_bits(tmp_path / "undisturbed", folder)


def test_verify_compares_the_keys_of_study_yaml(whole, tmp_path):
    """A digit that flips there would have `encode` build another model than was trained."""
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)
    text = (out / "study.yaml").read_text()
    assert text.count("0.002") == 1
    (out / "study.yaml").write_text(text.replace("0.002", "0.006"))
    found = betafield("verify", out, expect=2).stdout
    assert found.count("its keys are not those of study.yaml") == 2, found
    (out / "study.yaml").write_text(text)
    assert "all good" in betafield("verify", out).stdout


def test_verify_lets_a_training_be_made_longer(whole, tmp_path):
    """Killed between the new study.yaml and the first longer result: what is there is a part of it, and good."""
    out = tmp_path / "out"
    keeping = ["run", whole / "study.yaml", "-o", out, "--set", "output.state=true"]
    betafield(*keeping)
    text = (out / "study.yaml").read_text()
    (out / "study.yaml").write_text(text.replace("epochs: 2\n", "epochs: 4\n"))
    assert (out / "study.yaml").read_text() != text
    assert "all good" in betafield("verify", out).stdout


@pytest.mark.parametrize("name", ["metrics/rate", "sweep/status", "sweep/error", "sweep/seconds"])
@pytest.mark.parametrize("asked", ["curve", "status"])
def test_no_number_is_shown_that_is_not_what_was_written(whole, tmp_path, asked, name):
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)
    with h5py.File(out / "study.h5") as f:
        at = f[name].id.get_offset()
    data = np.fromfile(out / "study.h5", np.uint8)
    data[at] ^= 1
    data.tofile(out / "study.h5")
    done = betafield(asked, out, expect=2)
    assert f"/{name}: its checksum is" in done.stderr
    assert asked == "status" or done.stdout == ""       # status shows what configs/ say


@pytest.mark.parametrize("name", ["study.h5", "configs/c0001.h5", "data.h5"])
def test_nobody_waits_for_the_other_end_of_a_pipe(whole, tmp_path, name):
    out = tmp_path / "out"
    shutil.copytree(whole / "out", out)
    (out / name).unlink(missing_ok=True)
    os.mkfifo(out / name)
    assert f"{name}: not a whole HDF5 file" in betafield("verify", out, expect=2, timeout=20).stdout
    if name != "data.h5":
        assert "not a regular file" in betafield("status" if name == "study.h5" else "align", out, expect=2, timeout=20).stderr
