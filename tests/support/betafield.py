"""Runs the program the way a user does, and compares what it leaves behind. Shared by all Python tests."""
import contextlib
import os
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np

BETAFIELD = os.environ.get("BETAFIELD", "build/release/betafield")
FAULTY = os.environ.get("BETAFIELD_FAULTY", "")
MPIRUN = os.environ.get("MPIRUN", "mpirun")
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
}

# Not part of the promise of equal bits: times, speeds, identities.
TIMED = {"seconds", "flops", "gflops", "roof_share", "samples_per_second", "start", "end", "hosts", "job", "ranks", "exit_code"}


def environment(extra=None):
    return {**os.environ, **ENVIRONMENT, **(extra or {})}


def command(*arguments, ranks=0, program=None, mpi=()):
    program = program or BETAFIELD
    prefix = [MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *map(str, mpi)] if ranks else []
    return prefix + [program, *map(str, arguments)]


def betafield(*arguments, ranks=0, expect=0, program=None, env=None, timeout=240, mpi=(), cwd=None):
    """Runs to the end; the exit code must be `expect` (None: any)."""
    done = subprocess.run(command(*arguments, ranks=ranks, program=program, mpi=mpi), env=environment(env), cwd=cwd,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    if expect is not None:
        assert done.returncode == expect, f"exit {done.returncode}, expected {expect}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    return done


def start(*arguments, ranks=0, program=None, env=None, mpi=()):
    """Starts in the background, in a process group of its own."""
    return subprocess.Popen(command(*arguments, ranks=ranks, program=program, mpi=mpi), env=environment(env), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def write_study(path, text):
    path = Path(path)
    path.write_text(textwrap.dedent(text))
    return path


def contents(folder):
    """Everything the promise of equal bits covers, by name: bytes of every dataset of study.h5 and what it links to."""
    found = {}

    def visit(group, prefix):
        for name in group:
            path = f"{prefix}/{name}"
            item = group[name]
            if name in TIMED or name.startswith("seconds_") or path.startswith(("/provenance", "/data")) or "samples_per_second" in name:
                continue
            if path.endswith("state/history"):  # one of its columns is a speed
                continue
            if isinstance(item, h5py.Dataset):
                found[path] = (item.dtype.str, item.shape, np.asarray(item[()]).tobytes())
            else:
                visit(item, path)

    with h5py.File(Path(folder) / "study.h5", "r") as f:
        visit(f, "")
    return found


def assert_same_bits(a, b):
    one, two = contents(a), contents(b)
    assert one.keys() == two.keys(), f"only in one: {one.keys() ^ two.keys()}"
    different = [name for name in one if one[name] != two[name]]
    assert not different, f"{len(different)} of {len(one)} objects differ: {different[:8]}"
    assert len(one) > 10


def checkpoints(out):
    """When each was written: the older of two keeps its time under its new name."""
    found = set()
    for path in out.glob("checkpoints/*.h5"):
        with contextlib.suppress(FileNotFoundError):        # it was renamed or removed just now
            found.add(path.stat().st_mtime_ns)
    return found


def assert_kill_changes_nothing(study, folder, *options):
    """A run of the study that is killed in training and then continued leaves the bits of one that was not."""
    killed = ["run", study, "-o", folder / "out", *options]
    kill_in_training(killed, folder / "out")
    betafield(*killed)
    betafield("run", study, "-o", folder / "whole", *options)
    assert_same_bits(folder / "whole", folder / "out")


def kill_in_training(arguments, out, new=3):
    """Starts a run that checkpoints after every step and kills it when that many new ones have come; fails when none of them is left."""
    before, seen, patience = checkpoints(out), set(), time.monotonic() + 120       # only a program that hangs takes that long
    process = start(*arguments, "--set", "train.checkpoint_seconds=0")
    while len(seen) < new and process.poll() is None and time.monotonic() < patience:
        seen |= checkpoints(out) - before
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert checkpoints(out) - before, "it ended before it was killed"
