#!/usr/bin/env bash
#
# The benchmark: betafield's training step against the processor's roof, PyTorch and JAX. tests/bench/run.sh --help explains.
#
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../jobs/lib.sh"

usage() {
    cat <<'USAGE'
usage: tests/bench/run.sh [--quick] [--minutes M] [--only CASE]... [--peers LIST] [--set KEY=VALUE]... [--json FILE]

Builds betafield, makes a Python environment with the newest torch and jax (build/bench-venv), and measures in one run:
the roof (matrix products in f32 and bf16, Adam's bandwidth), the cases, what it costs to be told beta, two sweeps of
24 configurations, and scaling.

  --quick          one short round, each peer in one mode: to see that everything works, not to quote
  --minutes M      of wall-clock time, 30 by default: each part has its share, and what is late is left out and says so
  --only CASE      only these (a pattern, may be repeated): mlp-b128 mlp-b64 mlp-b128-bf16 mlp-400 second-stage small n1 n1-bf16
                   n1-colour n1-colour-bf16 n5 n13 conditioned-mlp conditioned-n13 sweep-mlp sweep-small farm team
  --peers LIST     torch,jax (default); an empty list measures betafield alone
  --set KEY=VALUE  for betafield's studies, e.g. train.backend=portable
  --json FILE      where all numbers go as soon as they are known (default build/bench/bench.json)

A case is the same variational autoencoder for everybody: same network and batch, Gaussian likelihood with one learned variance, diagonal
Gaussian posterior, Adam, noise and a fresh permutation drawn in the run, data in memory. Everybody has one thread on one core (the last
one), sweeps one thread on each of two. Peers are compiled once and then wait; in each round betafield and the fastest modes of each peer
are measured in turns. Printed are medians with the lowest and highest, ratios to betafield, and the share of the floor: the exact
arithmetic of the step over the best matrix product measured in the same round, plus 28 bytes per parameter over Adam's bandwidth.
betafield's step is data + forward + backward + reduce + update, as `betafield run` reports them in study.h5. Sweeps are whole
programs of as many steps on data in memory, two ranks against a pool of two, from the command to the end, compilation included;
betafield's also evaluate and write their files. Without bf16 instructions everybody would emulate them: such cases are left out, unless
--only names them.
Nothing else should run on the machine meanwhile.
USAGE
}

BENCH_PACKAGES=(g++ libdnnl-dev)        # torch.compile needs a C++ compiler
VENV=$ROOT/build/bench-venv

# PEER_PYTHON: an interpreter with torch (and jax); says where they come from.
need_peers() {
    PEER_PYTHON=$VENV/bin/python
    if [ -f "$VENV/complete" ] && "$PEER_PYTHON" -c 'import h5py, torch' 2>/dev/null; then
        say_peers
        return
    fi
    say "Making the environment build/bench-venv with the newest torch and jax (some gigabytes)"
    "$(find_python)" -m venv --clear "$VENV"
    if "$PEER_PYTHON" -m pip install --quiet --disable-pip-version-check numpy h5py torch jax && "$PEER_PYTHON" -c 'import torch, jax'; then
        echo "the newest of the Python package index" > "$VENV/complete"
    else
        say "The Python package index gave no torch and jax: Debian's python3-torch instead, and no JAX"
        need_packages python3-torch python3-h5py python3-numpy
        /usr/bin/python3 -m venv --clear --system-site-packages "$VENV"
        "$PEER_PYTHON" -m pip install --quiet --disable-pip-version-check jax 2>/dev/null || true
        echo "Debian's python3-torch" > "$VENV/complete"
    fi
    say_peers
}

say_peers() {
    say "Peers: $(cat "$VENV/complete")"
    "$PEER_PYTHON" - <<'PYTHON'
for name in "torch", "jax":
    try:
        print(name, __import__(name).__version__)
    except ImportError:
        print(name, "is not available")
PYTHON
}

case ${1:-} in -h | --help) usage; exit 0 ;; esac

# Variables that would choose other kernels, or more threads, than what is to be measured.
unset OPENBLAS_CORETYPE ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA ONEDNN_DEFAULT_FPMATH_MODE XLA_FLAGS LD_PRELOAD GOMP_CPU_AFFINITY \
    ATEN_CPU_CAPABILITY MKL_ENABLE_INSTRUCTIONS TORCHINDUCTOR_MAX_AUTOTUNE
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1

need_packages "${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
say "Building build/release"
(cd "$ROOT" && cmake --preset release >/dev/null && cmake --build build/release --target betafield bf_bench_roof)
need_peers
mpi_environment 2
cd "$ROOT"
exec "$PEER_PYTHON" tests/bench/bench.py --program build/release/betafield --roof build/release/tests/bench/bf_bench_roof "$@"
