"""status: a study from any shell, whatever became of it."""
import json
import os
import shutil
import signal
import socket
import time

import pytest
from betafield import betafield, kill_in_training, start

LONG = """\
study: long
data: {source: patches, train: 512, test: 128}
model: {hidden: [16], latent: 2}
train: {steps: 10000000, batch: 64}
measure: [rd]
output: {progress_seconds: 0.2}
sweep:
  objective.beta: [0.5, 1.0, 2.0]
"""

FOUR = """\
study: four
data: {source: patches, train: 512, test: 256}
model: {hidden: [16]}
train: {epochs: 2, batch: 64}
measure: [rd]
sweep:
  objective.beta: [0.1, 1.0]
  model.latent: [2, 3]
"""


def status(folder):
    return json.loads(betafield("status", folder, "--json").stdout)


def wait_for(folder, what, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if (folder / "progress.json").exists():
            seen = status(folder)
            if what(seen):
                return seen
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def test_a_finished_study(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--quiet")
    seen = status(out)
    assert (seen["study"], seen["state"], seen["done"], seen["pending"]) == ("tiny", "finished", 4, 0)
    assert [c["status"] for c in seen["configs"]] == ["done"] * 4
    assert all(c["rate"] > 0 and c["distortion"] is not None for c in seen["configs"])
    text = betafield("status", out).stdout
    assert "4 of 4 done" in text and "To continue" not in text
    rows = [line.split() for line in text.splitlines() if line.startswith("  c0")]
    assert [row[:3] for row in rows] == [["c0000", "0.1", "2"], ["c0001", "0.1", "3"], ["c0002", "1", "2"], ["c0003", "1", "3"]]
    assert all(len(line) <= 100 for line in text.splitlines())
    assert betafield("status", out, "--watch").stdout == text or "finished" in text


def test_a_part_of_a_study(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "0,2", "--quiet")
    seen = status(out)
    assert (seen["done"], seen["pending"]) == (2, 2)
    assert f"betafield run {out}/study.yaml -o {out}" in betafield("status", out).stdout


def test_failed_configurations_say_why(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--set", "train.lr=1e30", "--quiet", expect=3)
    seen = status(out)
    assert seen["failed"] == 4 and all("step" in c["error"] for c in seen["configs"])
    text = betafield("status", out).stdout
    assert text.count("diverged after 1 attempt") == 4 and "--retry-failed" in text


def test_a_live_study_then_stopped(study, tmp_path):
    out = tmp_path / "out"
    run = start("run", study(LONG), "-o", out, "--quiet")
    try:
        seen = wait_for(out, lambda s: s["running"] == 1 and s["progress"]["at"][0]["step"] > 0)
        assert seen["state"] == "running" and seen["pending"] == 2
        assert seen["progress"]["at"][0]["steps"] == 10000000
        text = betafield("status", out).stdout
        assert "running" in text and "samples/s" in text and "[" in text
        (out / "STOP").touch()
        assert run.wait(60) == 75
    finally:
        run.kill()
    seen = status(out)
    assert seen["state"] == "stopped" and seen["done"] == 0
    assert "To continue" in betafield("status", out).stdout


def test_a_killed_study_is_interrupted(study, tmp_path):
    out = tmp_path / "out"
    run = start("run", study(LONG), "-o", out, "--quiet")
    try:
        wait_for(out, lambda s: s["running"] == 1)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(30)
    assert status(out)["state"] == "interrupted"
    text = betafield("status", out).stdout
    assert "is gone" in text and "To continue" in text


def test_no_news_from_another_host(study, tmp_path):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "0", "--quiet")
    path = out / "progress.json"
    text = path.read_text().replace('"finished"', '"running"')
    path.write_text(text.replace(f'"{socket.gethostname()}"', '"elsewhere"').replace(json.loads(text)["updated"], "2020-01-01T00:00:00Z"))
    assert status(out)["state"] == "silent"
    assert "no news from elsewhere" in betafield("status", out).stdout


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("not a folder")])
def test_what_is_no_study(tmp_path, make):
    make(tmp_path / "thing")
    done = betafield("status", tmp_path / "thing", expect=2)
    assert "is no study" in done.stderr and done.stdout == ""


def expect_damage(out, *names):
    """Status names the damaged files, a line each, and shows what the others tell of configurations 0 and 2 of 4."""
    text = betafield("status", out, expect=2)
    lines = text.stderr.splitlines()
    assert len(lines) == len(names) and all(name in line for name, line in zip(names, lines)), text.stderr
    assert "2 of 4 done" in text.stdout and "c0002" in text.stdout and "To continue" in text.stdout
    seen = json.loads(betafield("status", out, "--json", expect=2).stdout)
    assert [c["status"] for c in seen["configs"]] == ["done", "pending"] * 2 and seen["configs"][2]["rate"] > 0
    assert len(seen["problems"]) == len(names)
    return seen


@pytest.fixture(scope="module")
def half_done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("half")
    (folder / "study.yaml").write_text(FOUR)
    betafield("run", folder / "study.yaml", "-o", folder / "out", "--only", "0,2", "--quiet")
    return folder / "out"


@pytest.mark.parametrize("name", ["progress.json", "study.h5"])
def test_a_damaged_file_is_named_and_the_others_are_shown(half_done, tmp_path, name):
    out = shutil.copytree(half_done, tmp_path / "out")
    whole = (out / name).read_bytes()
    for cut in (0, 1, len(whole) // 2, len(whole) - 2):
        (out / name).write_bytes(whole[:cut])
        expect_damage(out, name)
    (out / name).unlink()
    assert "2 of 4 done" in betafield("status", out).stdout


@pytest.mark.parametrize("text", ["{}", "[" * 200000, '{"a":' * 200000, '{"state": "running", "pid": -1, "done": 1e400}', "null", "\x00" * 64, "NaN"],
                         ids=["empty", "lists", "objects", "fields", "null", "zeros", "nan"])
def test_hostile_progress_is_no_progress(half_done, tmp_path, text):
    out = shutil.copytree(half_done, tmp_path / "out")
    (out / "progress.json").write_text(text)
    seen = expect_damage(out, "progress.json")
    assert seen["progress"] is None and seen["state"] == "interrupted"


@pytest.mark.parametrize("old, new", [('"done": 2', '"done": 2147483647'), ('"elapsed": ', '"elapsed": -'), ('"at": [', '"at": [{"config": 268435456}'),
                                      ('"eta": ', '"eta": NaN, "was": '), ('"ranks": 1', '"ranks": [1]')])
def test_a_lie_in_progress_is_named(half_done, tmp_path, old, new):
    out = shutil.copytree(half_done, tmp_path / "out")
    text = (out / "progress.json").read_text()
    assert old in text
    (out / "progress.json").write_text(text.replace(old, new))
    expect_damage(out, "progress.json")


def test_a_study_with_both_files_damaged(half_done, tmp_path):
    out = shutil.copytree(half_done, tmp_path / "out")
    for name in ("progress.json", "study.h5"):
        (out / name).write_bytes(b"no")
    expect_damage(out, "progress.json", "study.h5")


def test_without_progress_checkpoints_and_the_log_tell(study, tmp_path):
    out = tmp_path / "out"
    kill_in_training(["run", study(LONG), "-o", out], out)
    (out / "progress.json").write_text("{")
    seen = json.loads(betafield("status", out, "--json", expect=2).stdout)
    assert seen["state"] == "interrupted" and seen["checkpoints"] == [0] and seen["log_ends"]
    text = betafield("status", out, expect=2).stdout
    assert "they go on from their checkpoints" in text and seen["log_ends"] in text
