"""What `cmake --install` puts somewhere else works there: program, manual, and the library in somebody else's program."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("BETAFIELD", "build/release/betafield")).resolve().parent
EMBEDDING = """\
#include <betafield/betafield.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    printf("embedding betafield %s\\n", betafield_version());
    return betafield_main(argc, argv);
}
"""


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    # First built, then moved: nothing that is installed may remember where.
    first, then = tmp_path_factory.mktemp("install") / "first", tmp_path_factory.mktemp("moved") / "then"
    run("cmake", "--install", BUILD, "--prefix", first)
    shutil.move(first, then)
    return then


def test_install__program_manual_and_studies_are_there(prefix):
    assert run(prefix / "bin/betafield", "version").startswith("betafield ")
    plan = run(prefix / "bin/betafield", "plan", prefix / "share/betafield/inputs/linear-gaussian.yaml")
    assert "15 configurations" in plan
    manual = (prefix / "share/man/man1/betafield.1").read_text()
    assert "objective.beta" in manual and "@" not in manual.split(".SH KEYS")[0]
    for name in ("jobs/report.py", "jobs/check.py", "slurm/study.sbatch"):
        assert os.access(prefix / "share/betafield" / name, os.X_OK)
    for name in ("report.py", "check.py"):
        assert "Exit codes" in run(sys.executable, prefix / "share/betafield/jobs" / name, "--help")


def test_install__another_program_links_the_library(prefix, tmp_path):
    (tmp_path / "main.c").write_text(EMBEDDING)
    config = next(prefix.glob("lib*/**/pkgconfig"))
    flags = run("pkg-config", "--cflags", "--libs", "--static", "betafield", env={**os.environ, "PKG_CONFIG_PATH": str(config)}).split()
    run(os.environ.get("CC", "cc"), "-Wall", "-Werror", tmp_path / "main.c", *flags, "-o", tmp_path / "program")
    assert run(tmp_path / "program", "keys", "train.lr").startswith("embedding betafield ")
