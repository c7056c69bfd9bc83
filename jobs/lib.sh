# What quickstart.sh, study.sh and tests/run.sh share: packages, the Python environment, pictures, the build, mpirun. To be sourced.
# shellcheck shell=bash
# shellcheck disable=SC2034     # what is set here is used there

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

BUILD_PACKAGES=(build-essential ninja-build cmake pkg-config git openmpi-bin libopenmpi-dev libhdf5-openmpi-dev
    libopenblas-dev libdnnl-dev libxxhash-dev libcmocka-dev librandom123-dev libyaml-dev
    zlib1g-dev hdf5-tools netcdf-bin python3-venv)

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit "${DIE_CODE:-1}"; }

# --- packages -------------------------------------------------------------

missing_packages() { # NAME... -> those that are not installed, on one line
    local name
    for name; do
        case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) in
            ii*) ;;
            *) printf '%s ' "$name" ;;
        esac
    done
}

install_packages() { # NAME...
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -q -y --no-install-recommends "$@"
}

# All of NAME... are there afterwards, or the script ends with the command that an administrator has to run.
need_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian or Ubuntu: what they call $* has to be there already."
        return
    fi
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" -eq 0 ] || die "these packages are missing; ask for: apt-get install --no-install-recommends $missing"
    say "Installing $missing"
    # shellcheck disable=SC2086
    install_packages $missing
}

# --- Python ---------------------------------------------------------------

# A python3 that can make environments; a PATH may begin with one that cannot.
find_python() {
    local python
    for python in /usr/bin/python3 python3 python3.13 python3.12 python3.11 python3.10; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2])' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    die "no python3 of version 3.10 or newer with its venv module was found"
}

# PYTHON: an interpreter with the packages of jobs/requirements.txt.
need_python() {
    local venv=$ROOT/build/venv wanted=$ROOT/jobs/requirements.txt
    if [ -n "${BETAFIELD_PYTHON:-}" ]; then
        PYTHON=$BETAFIELD_PYTHON
        "$PYTHON" -c 'import h5py, h5netcdf, matplotlib, numpy, pytest, xarray' \
            || die "BETAFIELD_PYTHON=$PYTHON lacks a package of jobs/requirements.txt"
        return
    fi
    PYTHON=$venv/bin/python
    # The list is copied there last: an environment without it, or with another one, is made anew.
    if cmp -s "$wanted" "$venv/requirements.txt" && "$PYTHON" -c '' 2>/dev/null; then return; fi
    say "Making the Python environment build/venv"
    "$(find_python)" -m venv --clear "$venv"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --only-binary=:all: -r "$wanted"
    cp "$wanted" "$venv/requirements.txt"
}

# --- pictures -------------------------------------------------------------

# Most studies have nothing to align, and nothing is said of that; whatever else is wrong is.
align_study() { # PROGRAM DIR
    local said code=0
    { said=$("$1" align "$2" -o "$2/align.h5" 2>&1 1>&3) || code=$?; } 3>&1
    case $code:$said in
        2:*"no two finished models differ"* | 2:*"stores no posterior"*) return ;;
    esac
    [ -z "$said" ] || printf '%s\n' "$said" >&2
    [ "$code" -eq 0 ] || [ "$code" -eq 2 ]
}

# All there is to see of a study: its curves, whether its latent dimensions keep their meaning, and the pictures of that.
draw_study() { # PROGRAM DIR
    # Exit 2: no configuration has a point; the report says so too.
    "$1" curve "$2" -o "$2/curve.h5" || [ $? -eq 2 ]
    align_study "$1" "$2"
    "$PYTHON" "$ROOT/jobs/report.py" "$2"
}

# --- the program ----------------------------------------------------------

build() { # PRESET [-DNAME=VALUE]...
    local preset=$1
    shift
    say "Building $preset into build/$preset"
    (cd "$ROOT" && cmake --preset "$preset" -DBETAFIELD_PYTHON="$PYTHON" "$@" && cmake --build --preset "$preset")
}

physical_cores() {
    local cores
    cores=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l) || cores=0
    [ "$cores" -gt 0 ] && [ "$cores" -le "$(nproc)" ] || cores=$(nproc)
    echo "$cores"
}

# What Open MPI has to be told about RANKS ranks on this machine. Values that are set already are left alone.
mpi_environment() { # RANKS
    [ "$(id -u)" -ne 0 ] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
    if [ "$1" -gt "$(physical_cores)" ]; then
        # More ranks than cores: leave them to the kernel, and let those that wait give way to those that work.
        export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
        export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
    fi
}
