"""status: a study from any shell, whatever became of it."""
import json
import os
import signal
import socket
import time

import pytest
from betafield import betafield, start

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


@pytest.mark.parametrize("name", ["progress.json", "study.h5"])
def test_a_damaged_file_is_an_error_not_a_crash(study, tmp_path, name):
    out = tmp_path / "out"
    betafield("run", study(), "-o", out, "--only", "0", "--quiet")
    whole = (out / name).read_bytes()
    for cut in (0, 1, len(whole) // 2, len(whole) - 2):
        (out / name).write_bytes(whole[:cut])
        assert betafield("status", out, expect=None).returncode in (0, 2)
