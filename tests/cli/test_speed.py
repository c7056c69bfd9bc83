"""Where the time went, what was achieved, and the warning about ranks that are in each other's way."""
import json
import os
import re
import shutil
import socket

import h5py
import numpy as np
import pytest
from betafield import betafield, start
from test_run import LONG, stop_when_training

PHASES = ["data", "forward", "backward", "reduce", "update", "evaluation", "files"]


def columns(out):
    with h5py.File(out / "study.h5") as f:
        sweep = {name: f["sweep"][name][:] for name in [*(f"seconds_{p}" for p in PHASES), "seconds", "flops", "gflops", "roof_share", "steps", "status"]}
        runs = {name: d[:] for name, d in f["provenance/runs"].items()}
        assert all(f["sweep"][name].attrs["definition"] for name in sweep if name not in ("seconds", "steps"))
    return sweep, runs


def check(sweep):
    """Plausible, whatever the clock says: nothing negative, and the parts are no more than the whole."""
    for p in PHASES:
        assert (sweep[f"seconds_{p}"] >= 0).all(), p
    for p in ("data", "forward", "backward", "update", "evaluation"):
        assert (sweep[f"seconds_{p}"] > 0).all(), p
    assert (sum(sweep[f"seconds_{p}"] for p in PHASES if p != "files") <= sweep["seconds"]).all()
    assert (sweep["flops"] > 0).all() and (sweep["gflops"] > 0).all() and (sweep["roof_share"] > 0).all()


def block(text):
    speed = re.search(r"^.*speed: ([0-9.]+) Gflop/s on each rank in training steps, \d+ % of a large matrix product's ([0-9.]+)$", text, re.M)
    memory = re.search(r"^.*optimiser: [0-9.]+ GB/s on each rank, \d+ % of the memory's [0-9.]+$", text, re.M)
    shares = re.findall(r"([a-z]+) ([0-9.]+) %", re.search(r"^.*time: (data .*)$", text, re.M).group(1))
    assert speed and memory and [name for name, _ in shares] == PHASES
    assert abs(sum(float(share) for _, share in shares) - 100) < 1
    return speed


def test_every_precision_is_measured_by_its_own_roof(study, tmp_path):
    """Two configurations differ in the precision alone, two are alike: the alike ones are held to the same roof."""
    text = study().read_text()
    twice = tmp_path / "twice.yaml"
    twice.write_text(text[:text.index("sweep:")] + "sweep: {train.precision: [f32, bf16], objective.beta: [0.5, 1.0]}\n")
    out = tmp_path / "out"
    betafield("run", twice, "-o", out)
    sweep, runs = columns(out)
    roof = sweep["gflops"] / sweep["roof_share"]
    assert roof[0] == pytest.approx(roof[1]) and roof[2] == pytest.approx(roof[3]) and roof[0] != roof[2]
    assert runs["roof_gflops"][-1] == pytest.approx(sweep["flops"].sum() / (sweep["flops"] / roof).sum())
    assert runs["roof_share"][-1] == pytest.approx(runs["gflops"][-1] / runs["roof_gflops"][-1])


@pytest.mark.parametrize("ranks,team", [(0, 1), (2, 1), (2, 2)])
def test_a_run_ends_with_its_speed(study, tmp_path, ranks, team):
    out = tmp_path / "out"
    keys = ["--set", "train.lanes=2", "--set", f"parallel.ranks_per_config={team}"]
    done = betafield("run", study(), "-o", out, *keys, ranks=ranks)
    assert block(done.stdout) and block((out / "log.txt").read_text())
    assert done.stdout.index("speed: ") > done.stdout.index("summary")
    event = [e for e in map(json.loads, (out / "log.jsonl").read_text().splitlines()) if e["event"] == "speed"]
    assert len(event) == 1 and event[0]["gflops"] > 0
    sweep, runs = columns(out)
    check(sweep)
    for p in PHASES:
        # The run counts the closing of files too.
        assert runs[f"seconds_{p}"][-1] >= sweep[f"seconds_{p}"].sum() * (1 - 1e-12)
    assert runs["roof_share"][-1] == pytest.approx(runs["gflops"][-1] / runs["roof_gflops"][-1])
    assert runs["memory_share"][-1] == pytest.approx(runs["update_bandwidth"][-1] / runs["memory_bandwidth"][-1])
    nothing = betafield("run", study(), "-o", out, *keys, ranks=ranks)
    assert "speed: " not in nothing.stdout
    again, runs = columns(out)
    assert all(np.array_equal(again[name], sweep[name]) for name in sweep)
    assert np.isnan(runs["gflops"][-1]) and runs["gflops"][-2] > 0


def test_what_more_betas_take_is_in_the_whole(study, tmp_path):
    """Their evaluation is most of the work, and happens while the file is written."""
    keys = ["--set", "sweep={model.latent: [2]}", "--set", "model.condition=beta", "--set", "objective={beta: {range: [0.1, 10]}, grid: [0.1, 10]}",
            "--set", "output={betas: {log: [0.1, 10, 50]}, samples: 0, posterior: []}", "--set", "train.epochs=1", "--set", "data.test=8192"]
    betafield("run", study(), "-o", tmp_path / "out", *keys)
    sweep, _ = columns(tmp_path / "out")
    check(sweep)


def test_a_stop_loses_no_time(study, tmp_path):
    out = tmp_path / "out"
    process = start("run", study(LONG), "-o", out)
    stop_when_training(process, out, (out / "STOP").touch)
    assert process.returncode == 75
    stopped, _ = columns(out)
    betafield("run", study(LONG), "-o", out)
    sweep, runs = columns(out)
    check(sweep)
    assert len(set(sweep["flops"] / sweep["steps"])) == 1 or np.ptp(sweep["flops"] / sweep["steps"]) < 1e-6 * sweep["flops"][0]
    for i in np.flatnonzero(stopped["status"] == 5):
        assert 0 < stopped["steps"][i] < sweep["steps"][i]
        # A checkpoint knows the time of files before it, not that of its own writing.
        for name in [f"seconds_{p}" for p in PHASES if p != "files"] + ["flops"]:
            assert sweep[name][i] >= stopped[name][i], name
        assert sweep["seconds_files"][i] > 0            # a checkpoint was written
    # A run counts its own steps: together the two have made them all.
    assert len(runs["gflops"]) == 2
    assert runs["seconds_forward"].sum() == pytest.approx(sweep["seconds_forward"].sum())


@pytest.mark.skipif(not shutil.which("taskset"), reason="no taskset")
def test_ranks_that_share_a_core_are_warned_about_once(study, tmp_path):
    core = min(os.sched_getaffinity(0))
    done = betafield("run", study(), "-o", tmp_path / "two", ranks=2, mpi=["taskset", "-c", core])
    want = f"binding: 2 ranks with 1 thread each share 1 core, so they take turns ({socket.gethostname()})"
    assert done.stderr.count("binding:") == 1 and want in done.stderr, done.stderr
    assert (tmp_path / "two" / "log.txt").read_text().count(want) == 1
    wide = betafield("run", study(), "-o", tmp_path / "wide", "--set", "parallel.threads=2", ranks=1, mpi=["taskset", "-c", core])
    assert "1 rank with 2 threads each share 1 core" in wide.stderr
    fine = betafield("run", study(), "-o", tmp_path / "one", ranks=1, mpi=["taskset", "-c", core])
    assert "binding" not in fine.stderr
