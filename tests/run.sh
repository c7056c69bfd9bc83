#!/usr/bin/env bash
#
# Everything the project checks, on a fresh machine: packages, both compilers with warnings as errors, the whole suite of the
# release build, unit tests, MPI tests and fuzzing under AddressSanitizer and UBSan. Arguments go to ctest: tests/run.sh -L unit
#
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../jobs/lib.sh"

# Without these a part is skipped, and says so: the second compiler, the script checker, a real SLURM.
EXTRA_PACKAGES=(clang shellcheck slurmctld slurmd slurm-client munge)

usage() {
    cat <<'USAGE'
usage: tests/run.sh [ctest options]

Installs what is missing, builds, and runs every test. With ctest options (for example -L unit, -R mpi/) it builds release
and runs those tests only. The last lines are ctest's summary; the exit status is 0 when everything passed.
USAGE
}

extra_packages() {
    local missing
    command -v dpkg-query >/dev/null || return 0
    missing=$(missing_packages "${EXTRA_PACKAGES[@]}")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        say "Installing $missing"
        # shellcheck disable=SC2086
        install_packages $missing
    else
        echo "Parts of the suite are skipped without: $missing"
    fi
}

check_scripts() {
    command -v shellcheck >/dev/null || return 0
    say "shellcheck"
    (cd "$ROOT" && git ls-files '*.sh' '*.sbatch' .ci/run | xargs shellcheck -x)
}

compile_with_clang() {
    command -v clang >/dev/null || return 0
    say "Compiling with clang, warnings as errors"
    cmake -S "$ROOT" -B "$ROOT/build/clang" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release -DBETAFIELD_WERROR=ON
    cmake --build "$ROOT/build/clang"
}

case ${1:-} in -h | --help) usage; exit 0 ;; esac

export CTEST_OUTPUT_ON_FAILURE=1
need_packages "${BUILD_PACKAGES[@]}"
if [ $# -gt 0 ]; then
    need_python
    build release
    exec ctest --test-dir "$ROOT/build/release" "$@"
fi

extra_packages
need_python
check_scripts
build release -DBETAFIELD_WERROR=ON
compile_with_clang
build asan

suite() { # PRESET [ctest options]: runs them and keeps the output for the last line
    local preset=$1
    shift
    ctest --test-dir "$ROOT/build/$preset" -j "$(nproc)" "$@" | tee "$ROOT/build/$preset/suite.log"
}

status=0
say "Unit tests, MPI tests and fuzzing under AddressSanitizer and UBSan"
suite asan -L 'unit|mpi|fuzz' || status=1
say "The whole suite, release"
suite release || status=1
awk '/tests failed out of/ { failed += $4; all += $9 } END { printf "%d passed, %d failed\n", all - failed, failed }' \
    "$ROOT/build/asan/suite.log" "$ROOT/build/release/suite.log"
exit "$status"
