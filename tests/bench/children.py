"""The programs the benchmark starts: betafield, the roof, and the peers that wait to be measured."""
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

import cases

HERE = Path(__file__).resolve().parent
STEP_PARTS = ("data", "forward", "backward", "reduce", "update")


class Unavailable(Exception):
    """A case that a program refuses, or a mode that does not work here; the text says why."""


def same_model(who, case, parameters):
    """Everybody has to train the same network, but for what some count too: running averages, power vectors, biases before a norm."""
    _, expected = cases.arithmetic(case)
    if abs(parameters - expected) > 1e-3 * expected:
        raise Unavailable(f"{who} has {parameters} parameters, about {expected} expected: not the same model")


class Peer:
    """One peer in one mode, compiled once, measured when told to."""

    def __init__(self, script, case, mode, data, core, timeout):
        self.name, self.mode, self.timeout = script.removeprefix("peer_").removesuffix(".py"), mode, timeout
        command = ["taskset", "-c", str(core), sys.executable, str(HERE / script), case.name, mode, str(data)]
        self.log = open(data.parent / f"{case.name}.{self.name}.{mode}.log", "w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.facts = self._answer()
        same_model(self.name, case, self.facts["parameters"])

    def _answer(self):
        end = time.monotonic() + self.timeout
        while select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
            line = self.process.stdout.readline()
            if line.startswith("{"):
                return json.loads(line)
            if not line:
                break
        late = self.process.poll() is None and time.monotonic() >= end
        self.close()
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        raise Unavailable(f"no answer within {self.timeout:.0f} s" if late else lines[-1] if lines else "ended without a word")

    def measure(self, seconds):
        """Milliseconds of one step."""
        self.process.stdin.write(f"run {seconds}\n")
        self.process.stdin.flush()
        return self._answer()["ms"]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Betafield:
    """The program on studies made from cases: measured through what it writes into study.h5 about itself."""

    def __init__(self, program, folder, core, settings):
        self.program, self.folder, self.core, self.settings = str(program), folder, core, settings

    def data(self, name):
        """DATA[name] as an HDF5 file that everybody reads."""
        path = self.folder / f"{name}.h5"
        source, samples = cases.DATA[name]
        if path.exists():
            return path
        if source is None:
            _colour_images(path, samples)
            return path
        study = self.folder / f"{name}.data.yaml"
        study.write_text(json.dumps({"study": name, "data": {**source, "train": samples, "test": 256}}))
        self._run([self.program, "data", str(study), "-o", str(path)])
        return path

    def study(self, name, case, **parts):
        """A study file: the case, and `parts` merged into its sections."""
        study = {
            "study": name,
            "data": {"source": "hdf5", "path": [str(self.data(case.source))]},
            "model": {**dict(case.net.model), "latent": case.latent},
            "likelihood": {"kind": "gaussian", "variance": "learned"},
            "train": {"batch": case.batch, "precision": case.precision, "lr": 1e-3, "checkpoint_seconds": 1e6},
            "measure": ["rd"],
            "output": {"posterior": [], "second_stage": False, "weights": False, "samples": 0},
        }
        for section, keys in parts.items():
            study[section] = {**study.get(section, {}), **keys}
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(study, indent=1))
        return path

    def run(self, study, ranks=1, pinned=False):
        """(seconds of the whole run, columns of /sweep). Without `ranks` beyond one, no mpirun."""
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        start = ["mpirun", "-n", str(ranks)] if ranks > 1 else ["taskset", "-c", str(self.core)] if pinned else []
        command = start + [self.program, "run", str(study), "-o", str(out), "--quiet"]
        for setting in self.settings:
            command += ["--set", setting]
        begin = time.perf_counter()
        self._run(command)
        seconds = time.perf_counter() - begin
        with h5py.File(out / "study.h5") as f:
            columns = {name: np.array(f["sweep"][name]) for name in f["sweep"]}
        shutil.rmtree(out)
        if not (columns["status"] == 2).all():
            raise Unavailable(f"{study.name}: {int((columns['status'] != 2).sum())} configurations did not end well")
        return seconds, columns

    def step(self, case, steps, ranks=1, **parts):
        """Milliseconds of one training step, and its parts."""
        train = {"steps": steps, **parts.pop("train", {})}
        study = self.study(case.name, case, train=train, **parts)
        _, columns = self.run(study, ranks=ranks, pinned=True)
        missing = [part for part in STEP_PARTS if f"seconds_{part}" not in columns]
        if missing:
            raise Unavailable(f"study.h5 has no column seconds_{missing[0]}")
        same_model("betafield", case, int(columns["parameters"][0]))
        count = int(columns["steps"][0])
        split = {part: 1e3 * float(columns[f"seconds_{part}"][0]) / count for part in STEP_PARTS}
        return sum(split.values()), split

    def _run(self, command):
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, check=False)
        if result.returncode:
            lines = [line for line in result.stderr.splitlines() if line.strip(" -")]     # mpirun frames what it says
            raise Unavailable(lines[0] if lines else f"exit code {result.returncode}")
        return result.stdout

    def version(self):
        return self._run([self.program, "version"])


def _colour_images(path, samples):
    """Smooth random 32 x 32 x 3 images."""
    random = np.random.default_rng(7)
    coarse = random.random((samples + 256, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    images = (255 * coarse).astype(np.uint8)
    with h5py.File(path, "w") as f:
        f["train/x"], f["test/x"] = images[:samples], images[samples:]


def roof(program, core, seconds):
    """What the machine can do, as roof.c prints it."""
    output = subprocess.run(["taskset", "-c", str(core), str(program), str(seconds)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(output)


def sweep_peer(script, sweep, mode, data, epochs, workers):
    """Seconds of a peer's whole sweep."""
    log = data.parent / f"{sweep.name}.{script}.{mode}.log"
    begin = time.perf_counter()
    with open(log, "w") as f:
        code = subprocess.run([sys.executable, str(HERE / script), sweep.name, mode, str(data), str(epochs), str(workers)], stdout=f, stderr=f,
                              check=False).returncode
    if code:
        raise Unavailable(f"exit code {code}, see {log}")
    return time.perf_counter() - begin


def last_core():
    return sorted(os.sched_getaffinity(0))[-1]
