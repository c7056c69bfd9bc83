"""jobs/study.sh: what it asks of the program, which is a script here that writes down how it was called."""
import subprocess
from pathlib import Path

from betafield import environment

ROOT = Path(__file__).parents[2]
# Stops early twice; then it fails, so that nothing is drawn.
PROGRAM = """\
#!/bin/sh
echo "$*" >> "$CALLS"
[ "$(wc -l < "$CALLS")" -lt 3 ] && exit 75
exit 74
"""


def test_study__starts_over_once_and_then_goes_on(tmp_path):
    program, calls, study = tmp_path / "program", tmp_path / "calls", tmp_path / "small.yaml"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    study.write_text("study: small\n")
    asked = [ROOT / "jobs" / "study.sh", study, "1", "--fresh", "-o", tmp_path / "out", "--retry-failed", "--max-hours", "1"]
    done = subprocess.run(list(map(str, asked)), env=environment({"BETAFIELD": str(program), "CALLS": str(calls)}), cwd=tmp_path, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 74, done.stdout + done.stderr
    first, *others = calls.read_text().splitlines()
    assert first == f"run {study} --fresh -o {tmp_path}/out --retry-failed --max-hours 1"
    assert others == [f"run {study} -o {tmp_path}/out --max-hours 1"] * 2
