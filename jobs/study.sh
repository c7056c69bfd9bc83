#!/usr/bin/env bash
#
# One study on any MPI machine: runs it until it is done, however often it stops early, then draws the report.
#
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'USAGE'
usage: jobs/study.sh INPUT.yaml [RANKS] [betafield run options]

Runs the study under mpirun on RANKS ranks (default: one per core) with build/release/betafield (or $BETAFIELD) and starts it
again while it stops early (exit 75, for example after --max-hours). Ctrl-C, TERM and a closed terminal let it save and end
with 75, and so does touch DIR/STOP: the same command continues. A second Ctrl-C ends at once.

When all is done, betafield curve and, where models differ in beta alone, betafield align compare them, and jobs/report.py draws
DIR/report. Where expectations stand beside the input (.expected), jobs/check.py holds the results against them: 1 where they are not
met, 2 where they cannot be read.
USAGE
}

case ${1:-} in
    -h | --help) usage; exit 0 ;;
    '' | -*) usage >&2; exit 2 ;;
esac
input=$1
shift
ranks=$(physical_cores)
case ${1:-} in [1-9]*) ranks=$1; shift ;; esac
case $ranks in *[!0-9]*) usage >&2; exit 2 ;; esac
[ -r "$input" ] || DIE_CODE=2 die "cannot read $input"

betafield=${BETAFIELD:-$ROOT/build/release/betafield}
[ -x "$betafield" ] || die "$betafield is not there; build it with: cmake --preset release && cmake --build --preset release"

dir=outputs/$(sed -nE "s/^study:[[:space:]]*[\"']?([A-Za-z0-9][A-Za-z0-9._-]*).*/\1/p" "$input" | head -n 1)
previous=
for argument; do
    [ "$previous" != -o ] || dir=$argument
    case $argument in -o=*) dir=${argument#-o=} ;; esac
    previous=$argument
done

# mpirun gets a session of its own: a Ctrl-C must reach it as USR1 only, INT would end the ranks before they have saved.
told=0
pid=
# shellcheck disable=SC2317     # called by the trap
forward() {
    local signal=USR1
    [ "$told" -eq 0 ] || signal=TERM
    told=$((told + 1))
    kill -s "$signal" "$pid" 2>/dev/null || true
}
trap forward INT TERM HUP USR1 USR2

run_once() { # -> the exit code in $code
    setsid mpirun --quiet -n "$ranks" "$betafield" run "$input" "$@" &
    pid=$!
    code=0
    wait "$pid" || code=$?
    # A trapped signal ends the wait, not the program.
    while kill -0 "$pid" 2>/dev/null; do
        code=0
        wait "$pid" || code=$?
    done
}

stopped_by_hand() { tail -n 5 "$dir/log.txt" 2>/dev/null | grep -q 'stopped (found '; }

# What is discarded, or tried again, is so once: a study that goes on after a 75 does neither.
onward=()
for argument; do
    case $argument in
        --fresh | --retry-failed) ;;
        *) onward+=("$argument") ;;
    esac
done

mpi_environment "$ranks"
run_once "$@"
while [ "$code" -eq 75 ] && [ "$told" -eq 0 ] && ! stopped_by_hand; do run_once ${onward[@]+"${onward[@]}"}; done

if [ "$code" -eq 0 ] || [ "$code" -eq 3 ]; then
    need_python
    draw_study "$betafield" "$dir"
    # What the study is known to find; configurations that failed (3) are said before values that are not as expected.
    expected=${input%.yaml}.expected
    checked=0
    [ ! -e "$expected" ] || "$PYTHON" "$ROOT/jobs/check.py" "$dir" --expected "$expected" || checked=$?
    [ "$code" -ne 0 ] || code=$checked
fi
exit "$code"
