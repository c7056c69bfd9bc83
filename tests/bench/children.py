"""The programs the benchmark starts: betafield, the roof, and the peers that wait to be measured."""
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
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


class Budget:
    """What is left of a stretch of wall-clock time."""

    def __init__(self, seconds):
        self.seconds, self.end = seconds, time.monotonic() + seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())

    def part(self, share):
        return Budget(share * self.left())


def _end(process):
    """Ends a program and all that it started, which are a session of their own."""
    for number in signal.SIGTERM, signal.SIGKILL:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
    process.wait()


def run(command, budget, **streams):
    """(exit code, stdout, stderr) of a program, which is ended when it takes longer than what is left."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, text=True, start_new_session=True, **streams)
    try:
        out, err = process.communicate(timeout=budget.left())
    except subprocess.TimeoutExpired:
        _end(process)
        raise Unavailable(f"not done when the case's {budget.seconds:.0f} s were over") from None
    except BaseException:
        _end(process)
        raise
    return process.returncode, out, err


class Peer:
    """One peer in one mode, compiled once, measured when told to."""

    def __init__(self, peer, case, mode, data, core):
        self.name, self.mode, self.facts = peer, mode, None
        command = ["taskset", "-c", str(core), sys.executable, str(HERE / f"peer_{peer}.py"), case.name, mode, str(data)]
        self.case, self.log = case, open(data.parent / f"{case.name}.{peer}.{mode}.log", "w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True)

    def ready(self, budget):
        """Waits until it is compiled."""
        self.facts = self._answer(budget)
        same_model(self.name, self.case, self.facts["parameters"])

    def move(self, core):
        """To another core, with all its threads; those to come follow."""
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            os.sched_setaffinity(int(thread), {core})

    def _answer(self, budget):
        while select.select([self.process.stdout], [], [], budget.left())[0]:
            line = self.process.stdout.readline()
            if line.startswith("{"):
                return json.loads(line)
            if not line:
                break
        late = self.process.poll() is None and not budget.left()
        self.close()
        with open(self.log.name) as log:
            lines = log.read().strip().splitlines()
        raise Unavailable(f"no answer within {budget.seconds:.0f} s" if late else lines[-1] if lines else "ended without a word")

    def measure(self, seconds, budget):
        """Milliseconds of one step."""
        self.process.stdin.write(f"run {seconds}\n")
        self.process.stdin.flush()
        return self._answer(budget)["ms"]

    def close(self):
        """Safe to call again."""
        self.log.close()
        if self.process.poll() is None:
            _end(self.process)


class Betafield:
    """The program on studies made from cases: measured through what it writes into study.h5 about itself."""

    def __init__(self, program, folder, core, settings):
        self.program, self.folder, self.core, self.settings = str(program), folder, core, settings
        self.budget = Budget(60)            # of all that it is asked from now on

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

    @contextmanager
    def beside(self, study, core):
        """Another run of a study, on another core, as long as this lasts."""
        out = self.folder / "beside"
        shutil.rmtree(out, ignore_errors=True)
        process = subprocess.Popen(["taskset", "-c", str(core), self.program, "run", str(study), "-o", str(out), "--quiet"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            yield
        finally:
            _end(process)
            shutil.rmtree(out, ignore_errors=True)

    def step(self, case, steps, ranks=1, same=True, **parts):
        """Milliseconds of one training step, and its parts. same: of the case's own network, which `parts` leave as it is."""
        train = {"steps": steps, **parts.pop("train", {})}
        study = self.study(case.name, case, train=train, **parts)
        _, columns = self.run(study, ranks=ranks, pinned=True)
        missing = [part for part in STEP_PARTS if f"seconds_{part}" not in columns]
        if missing:
            raise Unavailable(f"study.h5 has no column seconds_{missing[0]}")
        if same:
            same_model("betafield", case, int(columns["parameters"][0]))
        count = int(columns["steps"][0])
        split = {part: 1e3 * float(columns[f"seconds_{part}"][0]) / count for part in STEP_PARTS}
        return sum(split.values()), split

    def layers(self, case, steps):
        """Where a step's milliseconds go: layers with products, whose arithmetic and rate are known, and what is beside them."""
        study = self.study(case.name, case, train={"steps": 2 * steps + 2})
        command = ["taskset", "-c", str(self.core), self.program, "plan", str(study), "--layers", "--time", str(steps), "--json"]
        for setting in self.settings:
            command += ["--set", setting]
        found = json.loads(self._run(command))["layers"]
        product = [n for n in found["nodes"] if n["flops"]]
        ms = lambda nodes: 1e3 * sum(n["forward"] + n["back"] for n in nodes)  # noqa: E731
        return {"products": ms(product), "gflops": 1e-6 * sum(n["flops"] for n in product) / ms(product),
                "others": ms([n for n in found["nodes"] if not n["flops"]]), "optimiser": 1e3 * found["update"], "samples": 1e3 * found["data"],
                "nodes": found["nodes"]}

    def _run(self, command):
        code, out, err = run(command, self.budget, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if code:
            lines = [line for line in err.splitlines() if line.strip(" -")]     # mpirun frames what it says
            raise Unavailable(lines[0] if lines else f"exit code {code}")
        return out

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


def sweep_peer(peer, sweep, mode, data, epochs, workers, budget):
    """Seconds of a peer's whole sweep. Nothing that an earlier program compiled is there: compilation counts."""
    log, compiled = data.parent / f"{sweep.name}.{peer}.{mode}.log", data.parent / "compiled"
    shutil.rmtree(compiled, ignore_errors=True)
    command = [sys.executable, HERE / f"sweep_{peer}.py", sweep.name, mode, data, epochs, workers]
    begin = time.perf_counter()
    with open(log, "w") as f:
        code, _, _ = run(command, budget, stdout=f, stderr=f, env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(compiled)})
    seconds = time.perf_counter() - begin
    shutil.rmtree(compiled, ignore_errors=True)
    if code:
        raise Unavailable(f"exit code {code}, see {log}")
    return seconds


def cores():
    """The cores this program may use; everything is measured on the last."""
    return sorted(os.sched_getaffinity(0))
