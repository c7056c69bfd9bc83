"""The program teaches: help for every command, and mistakes answered with the nearest right name."""
import re
import subprocess
from pathlib import Path

import pytest
from betafield import betafield, command, environment

ROOT = Path(__file__).parents[2]
OPTIONS = {
    "run": ["INPUT.yaml", "-o", "--set", "--max-hours", "--only", "--retry-failed", "--fresh", "--quiet"],
    "plan": ["INPUT.yaml", "--ranks", "--set", "--only", "-o", "--time", "--layers", "--json"],
    "status": ["DIR", "--watch", "--json"],
    "curve": ["DIR", "--split", "--distortion", "--corner", "-o", "--csv", "--json"],
    "align": ["DIR", "--split", "--all", "-o", "--csv", "--json"],
    "encode": ["DIR", "--config", "DATA.h5", "-o", "--dataset", "--beta", "--label"],
    "verify": ["DIR"],
    "pack": ["DIR", "-o"],
    "data": ["INPUT.yaml", "-o", "--set"],
    "keys": ["GLOB", "--json"],
    "version": [],
}


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",), ("help",)])
def test_overview_names_every_command(arguments):
    done = betafield(*arguments)
    assert done.stderr == ""
    for name in OPTIONS:
        assert re.search(rf"^  {name} +\w", done.stdout, re.M), name
    assert "75 stopped" in done.stdout


@pytest.mark.parametrize("name", OPTIONS)
def test_help_of_a_command_names_its_options(name):
    done = betafield(name, "-h")
    assert done.stderr == ""
    usage = done.stdout.splitlines()[0]
    assert usage.startswith(f"usage: betafield {name}")
    for option in OPTIONS[name]:
        assert option in usage
        assert done.stdout.count(option) >= 2 or name in ("verify", "pack", "data", "keys"), f"{option} is not explained"
    assert betafield("help", name).stdout == done.stdout
    assert betafield(name, "something", "--help").stdout == done.stdout


@pytest.mark.parametrize("name", OPTIONS)
def test_readme_and_manual_name_the_same_options(name):
    def options(line):
        return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line))
    asked = options(betafield(name, "-h").stdout.splitlines()[0])
    readme = re.search(rf"^\| `betafield {name}\b.*", (ROOT / "README.md").read_text(), re.M)[0]
    manual = re.search(rf"^\.BI? {name}\b.*", (ROOT / "src/cli/betafield.1.in").read_text(), re.M)[0].replace("\\-", "-")
    assert options(readme) == asked and options(manual) == asked


@pytest.mark.parametrize("name", OPTIONS)
def test_help_fits_a_terminal(name):
    for line in betafield(name, "-h").stdout.splitlines()[1:]:
        assert len(line) <= 100, line


@pytest.mark.parametrize("wrong,right", [("rnu", "run"), ("plans", "plan"), ("stats", "status"), ("verfiy", "verify")])
def test_an_unknown_command_names_the_nearest(wrong, right):
    done = betafield(wrong, expect=2)
    assert done.stdout == ""
    assert f"did you mean '{right}'?" in done.stderr


def test_an_unknown_command_far_from_all_is_just_unknown():
    done = betafield("frobnicate", expect=2)
    assert "unknown command 'frobnicate'" in done.stderr and "did you mean" not in done.stderr


@pytest.mark.parametrize("name", OPTIONS)
def test_an_unknown_option_is_bad_usage(name):
    done = betafield(name, "--no-such-option", expect=2)
    assert "--no-such-option" in done.stderr


@pytest.mark.parametrize("name,wrong,right", [("plan", "--rank", "--ranks"), ("status", "--wacth", "--watch"), ("run", "--max-hour", "--max-hours"),
                                              ("encode", "--confg", "--config")])
def test_an_unknown_option_names_the_nearest(name, wrong, right):
    done = betafield(name, wrong, "1", expect=2)
    assert f"did you mean {right}?" in done.stderr
    assert f"usage: betafield {name}" in done.stderr


@pytest.mark.parametrize("name", ["run", "plan", "status", "encode", "pack", "verify", "data"])
def test_a_missing_argument_is_bad_usage(name):
    done = betafield(name, expect=2)
    assert done.stdout == "" and done.stderr.startswith(f"betafield {name}: ")


def test_an_unknown_key_names_the_nearest(study):
    path = study("study: s\nmodel:\n  laten: 3\ntrain: {epoch: 2}\n")
    done = betafield("plan", path, expect=2)
    assert f"{path}:3:3: model.laten: " in done.stderr and "model.latent" in done.stderr
    assert f"{path}:4:9: train.epoch: " in done.stderr and "train.epochs" in done.stderr


@pytest.mark.parametrize("arguments", [("keys",), ("keys", "--json"), ("version",), ("plan", "inputs/quickstart.yaml"), ("-h",), ("run", "-h")])
def test_output_that_is_lost_is_a_failure(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), timeout=60, cwd=ROOT)
    assert done.returncode == 74
    assert f"betafield{'' if '-h' in arguments else ' ' + arguments[0]}: cannot write to stdout" in done.stderr
