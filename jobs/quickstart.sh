#!/usr/bin/env bash
#
# From nothing to results on one machine: packages, build, a small study on several ranks, pictures.
# A second time it only trains what is missing and draws again.
#
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'USAGE'
usage: jobs/quickstart.sh [RANKS]

Installs the Debian packages that are missing (as root; otherwise it says which), makes a Python environment under
build/venv, builds build/release/betafield, trains the study inputs/quickstart.yaml on RANKS MPI ranks (default: one per
core, 2 to 8) into outputs/quickstart, and draws outputs/quickstart/report/.

BETAFIELD_PYTHON=/path/to/python uses an interpreter that has the packages of jobs/requirements.txt already.
USAGE
}

default_ranks() {
    local n
    n=$(physical_cores)
    echo $((n < 2 ? 2 : n > 8 ? 8 : n))
}

ranks=
for argument; do
    case $argument in
        -h | --help) usage; exit 0 ;;
        [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) ranks=$argument ;;
        *) usage >&2; exit 2 ;;
    esac
done
ranks=${ranks:-$(default_ranks)}

cd "$ROOT"
echo "betafield: packages, build, the study inputs/quickstart.yaml on $ranks ranks, pictures. A few minutes the first time."
need_packages "${BUILD_PACKAGES[@]}"
need_python
build release

say "Training inputs/quickstart.yaml on $ranks ranks"
mpi_environment "$ranks"
mpirun -n "$ranks" build/release/betafield run inputs/quickstart.yaml

say "Drawing"
draw_study build/release/betafield outputs/quickstart

cat <<DONE

Results   outputs/quickstart/study.h5       open it with h5py, xarray, ncdump or h5ls
Report    outputs/quickstart/report/        report.html, and its pictures as PNG

Next:
  build/release/betafield status outputs/quickstart
  h5ls -r outputs/quickstart/study.h5
  cp inputs/quickstart.yaml my-study.yaml && build/release/betafield plan my-study.yaml
DONE
