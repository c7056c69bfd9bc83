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


def study_sh(tmp_path, text, *arguments):
    """What study.sh came to with a program of that text, and how it called it."""
    program, calls, study = tmp_path / "program", tmp_path / "calls", tmp_path / "small.yaml"
    program.write_text(text)
    program.chmod(0o755)
    study.write_text("study: small\n")
    asked = [ROOT / "jobs" / "study.sh", study, "1", *arguments]
    done = subprocess.run(list(map(str, asked)), env=environment({"BETAFIELD": str(program), "CALLS": str(calls)}), cwd=tmp_path, capture_output=True,
                          text=True, timeout=60)
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
