"""jobs/study.sh: what it asks of the program, which is a script here that writes down how it was called."""
import subprocess
from pathlib import Path

import pytest
from betafield import environment

ROOT = Path(__file__).parents[2]
# Stops early twice; then it fails, so that nothing is drawn.
PROGRAM = """\
#!/bin/sh
echo "$*" >> "$CALLS"
[ "$(wc -l < "$CALLS")" -lt 3 ] && exit 75
exit 74
"""
# Stops once, as if STOP had been found in the folder it was given.
STOPPED = """\
#!/bin/sh
echo "$*" >> "$CALLS"
mkdir -p out && echo "stopped (found out/STOP)" >> out/log.txt
[ "$(wc -l < "$CALLS")" -lt 3 ] && exit 75
exit 74
"""
# Ends well; $ALIGN tells what becomes of align.
ENDS = """\
#!/bin/sh
echo "$*" >> "$CALLS"
[ "$1" = align ] || exit 0
echo "two columns"
eval "$ALIGN"
"""


def study_sh(tmp_path, text, *arguments, env=()):
    """What study.sh came to with a program of that text, and how it called it."""
    program, calls, study = tmp_path / "program", tmp_path / "calls", tmp_path / "small.yaml"
    program.write_text(text)
    program.chmod(0o755)
    study.write_text("study: small\n")
    asked = [ROOT / "jobs" / "study.sh", study, "1", *arguments]
    done = subprocess.run(list(map(str, asked)), env=environment({"BETAFIELD": str(program), "CALLS": str(calls), **dict(env)}), cwd=tmp_path,
                          capture_output=True, text=True, timeout=60)
    return done, [line.removeprefix(f"run {study}").strip() for line in calls.read_text().splitlines()]


def test_study__starts_over_once_and_then_goes_on(tmp_path):
    done, (first, *others) = study_sh(tmp_path, PROGRAM, "--fresh", "-o", tmp_path / "out", "--retry-failed", "--max-hours", "1")
    assert done.returncode == 74, done.stdout + done.stderr
    assert first == f"--fresh -o {tmp_path}/out --retry-failed --max-hours 1"
    assert others == [f"-o {tmp_path}/out --max-hours 1"] * 2


@pytest.mark.parametrize("folder", [["-o", "out"], ["-o=out"]])
def test_study__looks_where_the_results_are(tmp_path, folder):
    done, calls = study_sh(tmp_path, STOPPED, *folder)
    assert done.returncode == 75, done.stdout + done.stderr
    assert len(calls) == 1


def end_of_study(tmp_path, align):
    """What study.sh does when all is done, with pictures drawn by a script that writes down how it was called, too."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "${1##*/} $2" >> "$CALLS"\n')
    python.chmod(0o755)
    return study_sh(tmp_path, ENDS, "-o", "out", env={"BETAFIELD_PYTHON": str(python), "ALIGN": align})


def test_study__compares_and_draws_at_its_end(tmp_path):
    done, calls = end_of_study(tmp_path, "exit 0")
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    assert "two columns" in done.stdout
    assert calls == ["-o out", "curve out -o out/curve.h5", "align out -o out/align.h5", "report.py out"]


@pytest.mark.parametrize("align, code, said", [
    ("echo 'betafield align: out: no two finished models differ in objective.beta alone; a sweep' >&2; exit 2", 0, ""),
    ("echo 'betafield align: out: c0001 stores no posterior of the test part' >&2; exit 2", 0, ""),
    ("echo 'betafield align: out/configs/c0001.h5 is damaged' >&2; exit 2", 0, "betafield align: out/configs/c0001.h5 is damaged\n"),
    ("echo 'betafield align: no memory' >&2; exit 70", 1, "betafield align: no memory\n"),
])
def test_study__is_silent_where_there_is_nothing_to_align(tmp_path, align, code, said):
    done, calls = end_of_study(tmp_path, align)
    assert done.returncode == code and done.stderr == said, done.stdout + done.stderr
    assert ("report.py out" in calls) == (code == 0)
