"""PyTorch as an oracle that shares no line with us: same weights, same batch, same noise; loss and every gradient, on every backend.

PyTorch is nobody's dependency here: the first Python that has it is asked, and without one the test is skipped."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
DUMP = Path(os.environ["BETAFIELD_FAULTY"]).with_name("torch_dump")
PYTHONS = [os.environ.get("BETAFIELD_TORCH_PYTHON", ""), sys.executable, ROOT / "build" / "bench-venv" / "bin" / "python", "/usr/bin/python3"]

# name: net, (height, width, channels), encoder, decoder. A net's own layers, said once more, or those of net `described`.
CASES = {
    "mlp": ("mlp", (5, 3, 2), ["fc 23 tanh", "fc 17 tanh"], ["fc 17 tanh", "fc 23 tanh", "output fc"]),
    "sigma": ("sigma", (12, 8, 3), ["conv 32 3x3 p1 relu", "conv 64 4x4 /2 p1 relu", "conv 128 5x5 /2 p2 relu"],
              ["fc H/4xW/4x128", "deconv 64 6x6 /2 p2 relu", "deconv 32 6x6 /2 p2 relu", "output deconv 5x5 p2"]),
    "normed": ("described", (10, 6, 2), ["conv 8 4x4 /2 bn lrelu0.2", "conv 16 4x4 /2 bn lrelu", "fc 24 bn elu"],
               ["fc 20 bn relu", "fc 5x3x8 bn softplus", "deconv 8 4x4 /2 bn sigmoid", "output conv 3x3"]),
    "wide": ("described", (16, 16, 4), ["fc 1100 relu"], ["fc 1100 lrelu", "output fc"]),
}


def python_with_torch():
    for python in map(str, PYTHONS):
        if python and os.path.exists(python):
            done = subprocess.run([python, "-c", "import torch, numpy"], capture_output=True)
            if done.returncode == 0:
                return python
    return None


@pytest.fixture(scope="module")
def python():
    found = python_with_torch()
    if found is None:
        pytest.skip("no Python with torch; BETAFIELD_TORCH_PYTHON names one")
    return found


@pytest.mark.parametrize("backend", ["portable", "onednn"])
@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradients_are_pytorchs(case, backend, python, tmp_path):
    net, shape, encoder, decoder = CASES[case]
    layers = [*encoder, "/", *decoder]
    own = layers if net == "described" else []
    done = subprocess.run([DUMP, backend, tmp_path / "dump", *map(str, shape), net, *own], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(f"built without {backend}")
    assert done.returncode == 0, done.stderr
    done = subprocess.run([python, SUPPORT / "torch_oracle.py", tmp_path / "dump", *layers], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
