"""jobs/check.py on studies written here by h5py as outputs/README.md describes them, and on one that the program trains."""
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from betafield import BETAFIELD, betafield

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "jobs" / "check.py"
sys.path.insert(0, str(CHECK.parent))
import check  # noqa: E402

# Worked out elsewhere: linear models of 4 latent dimensions on the eigenvalues 4, 2, 1, 0.5, 0.1, 0.05.
# (variance, beta): rate, distortion, variance.
KNOWN = {
    ("fixed", 0.2): (3.91202301, 5.98863120, 1), ("fixed", 0.7): (1.57473319, 6.88863120, 1), ("fixed", 5): (0, 9.33863120, 1),
    ("learned", 0.25): (10.47885170, -2.00604249, 0.03), ("learned", 1.5): (1.68589514, 6.00488713, 0.43333333),
    ("learned", 3.2): (0, 9.24246974, 1.275),
}


def write_study(folder, configs, name="linear-rd"):
    """configs: a list of (keys, {column: (train, test)}, status)."""
    (folder / "configs").mkdir(parents=True)
    with h5py.File(folder / "study.h5", "w") as f:
        f.attrs["study"] = np.bytes_(name)
        f["config"] = np.arange(len(configs), dtype="i4")
        f["sweep/status"] = np.array([status for _, _, status in configs], dtype="i1")
        for i, (keys, metrics, status) in enumerate(configs):
            if status != 2:
                continue
            group = f.create_group(f"configs/c{i:04d}")
            for key, value in keys.items():
                if key != "grid":
                    group.attrs[key] = np.bytes_(value) if isinstance(value, str) else value
            if "grid" in keys:
                group["beta_grid"] = keys["grid"]
            for column, values in metrics.items():
                group[f"{'metrics_by_beta' if 'grid' in keys else 'metrics'}/{column}"] = np.array(values, dtype="f8")
    return folder


def linear(variance, beta, latent=4):
    return {"data.source": "gaussian", "data.gaussian.eigenvalues": "[0.5, 2, 1, 4, 0.1, 0.05]", "model.latent": latent, "objective.beta": float(beta),
            "likelihood.variance": variance, "likelihood.value": math.nan}


def known_study(folder, wrong=0.0, status=2):
    configs = [(linear(*at), {"rate": (r + wrong, 0), "distortion": (d, 0), "variance": (v, 0), "active_units": (0, 0)}, 2) for at, (r, d, v) in KNOWN.items()]
    configs[-1] = (*configs[-1][:2], status)
    return write_study(folder, configs)


def run(folder, text, capsys):
    """Exit code, what was printed, what was complained of."""
    (folder / "expected").write_text(text)
    code = check.main([str(folder), "--expected", str(folder / "expected")])
    said = capsys.readouterr()
    return code, said.out, said.err


THEORY = """
-                           | train: rate                     | linear-vae | 1e-7 | theory
-                           | train: distortion               | linear-vae | 1e-7 | theory
-                           | train: distortion + beta * rate | linear-vae | 1e-7 | theory
likelihood.variance=learned | train: variance                 | linear-vae | 1e-7 | theory
"""


def test_check__theory_is_what_was_worked_out_elsewhere(tmp_path, capsys):
    code, out, err = run(known_study(tmp_path), THEORY, capsys)
    assert code == 0, out + err
    assert "21 of 21 values are as expected" in out and "NO" not in out


def test_check__a_wrong_value_is_found(tmp_path, capsys):
    code, out, _ = run(known_study(tmp_path, wrong=1e-3), THEORY, capsys)
    assert code == 1 and "9 of 21 values are as expected" in out
    assert sum(line.endswith("NO") for line in out.splitlines()) == 12
    assert run(tmp_path, THEORY.replace("1e-7", "0.01"), capsys)[0] == 0


def test_check__no_number_is_no_agreement(tmp_path, capsys):
    assert run(known_study(tmp_path, wrong=math.nan), "- | train: rate | 1 | 1e9 | x", capsys)[0] == 1
    assert run(tmp_path, "- | train: rate | >= -1e9 | - | x", capsys)[0] == 1


def test_check__what_did_not_end_well_is_named(tmp_path, capsys):
    code, out, _ = run(known_study(tmp_path, status=3), THEORY + "objective.beta=3.2 | train: rate | 0 | 1 | x\nobjective.beta=5 | train: rate minus objective.beta=3.2 | 0 | 1 | x", capsys)
    assert code == 1 and "c0005 diverged" in out and "17 of 17 values are as expected, 1 configurations are not done" in out


def test_check__what_was_not_asked_for_is_passed_over(tmp_path, capsys):
    code, out, _ = run(known_study(tmp_path, status=0), THEORY + "objective.beta=3.2 | train: rate | 9 | 1 | x", capsys)
    assert code == 0 and "17 of 17 values are as expected, 1 configurations have not begun" in out
    code, out, _ = run(tmp_path, "objective.beta=3.2 | train: rate | 9 | 1 | x", capsys)
    assert code == 0 and "0 of 0 values are as expected, 1 configurations have not begun" in out


def test_check__one_without_a_partner_does_not_hide_the_others(tmp_path, capsys):
    configs = [({"model.latent": k, "likelihood.variance": v, "objective.beta": 1.0}, {"mmd": (0, m)}, status)
               for k, v, m, status in [(16, "fixed", 0.2, 2), (16, "learned", 0.1, 0), (64, "fixed", 0.08, 2), (64, "learned", 0.01, 2)]]
    write_study(tmp_path, configs)
    line = "likelihood.variance=fixed | test: mmd over likelihood.variance=learned, model.latent=same"
    code, out, err = run(tmp_path, f"{line} | 8 | 1 % | x", capsys)
    assert code == 0 and "1 of 1 values are as expected" in out, out + err
    assert run(tmp_path, f"{line} | 9 | 1 % | x", capsys)[0] == 1
    write_study(tmp_path / "whole", [(*configs[0][:2], 2), *configs[2:]])
    assert "it must be one" in run(tmp_path / "whole", f"{line} | 8 | 1 % | x", capsys)[2]


def test_check__the_line_of_low_rank_data(tmp_path, capsys):
    known = [(0.5, 2.07944154, 4.35474812), (0.1, 4.49359841, -0.47356562), (0.01, 7.94747605, -7.38132090)]
    configs = [({**linear("fixed", 1, 3), "data.gaussian.eigenvalues": "[4, 2, 1, 0, 0, 0]", "likelihood.value": v},
                {"rate": (r, 0), "distortion_refit": (d, 0)}, 2) for v, r, d in known]
    write_study(tmp_path, configs)
    for formula in ("rd-line", "linear-vae"):
        assert run(tmp_path, f"- | train: distortion_refit | {formula} | 1e-7 | x", capsys)[0] == 0
    assert run(tmp_path, "likelihood.value=0.1 | train: rate | 4.49359841 | 1e-8 | x", capsys)[0] == 0


def test_check__compares_with_another_configuration(tmp_path, capsys):
    configs = [({"model.latent": k, "likelihood.variance": v, "objective.beta": 1.0}, {"mmd": (0, m), "mse": (0, 1)}, 2)
               for k, v, m in [(16, "learned", 0.1), (16, "fixed", 0.2), (64, "learned", 0.01), (64, "fixed", 0.08)]]
    write_study(tmp_path, configs)
    with_learned = "likelihood.variance=learned, model.latent=same"
    code, out, err = run(tmp_path, f"""
        likelihood.variance=fixed                  | test: mmd over {with_learned}        | >= 1.9 | -   | ratio
        likelihood.variance=fixed, model.latent=64 | test: mmd over {with_learned}        | 8      | 1 % | ratio
        likelihood.variance=fixed, model.latent>16 | test: mmd - mse minus {with_learned} | 0.07   | 1e-9 | difference
        likelihood.variance!=learned, model.latent<20 | test: 2 * mmd over {with_learned} | 2 | 1e-9 | ratio
        """, capsys)
    assert code == 0 and "5 of 5" in out, out + err
    assert "it must be one" in run(tmp_path, "- | test: mmd over model.latent=16 | 1 | 0 | x", capsys)[2]


def test_check__a_model_of_many_betas_is_checked_at_each(tmp_path, capsys):
    keys = {**linear("fixed", 1), "model.condition": "beta", "grid": [0.2, 0.7, 5.0]}
    rates = [3.91202301, 1.57473319, 0]
    write_study(tmp_path, [(keys, {"rate": np.stack([rates, rates], axis=1)}, 2)])
    code, out, _ = run(tmp_path, "- | test: rate | linear-vae | 1e-7 | x\nobjective.beta=0.7 | test: rate | 1.5747 | 1e-4 | x", capsys)
    assert code == 0 and "4 of 4" in out and "c0000 beta 0.7" in out


def test_check__a_condition_over_lines_may_be_about_nothing(tmp_path, capsys):
    text = "when model.latent=4\n- | train: rate | >= 0 | - | x\nwhen model.latent=5\n- | train: rate | 100 | 0 | x\nwhen -\n" + THEORY
    code, out, _ = run(known_study(tmp_path), text, capsys)
    assert code == 0 and "27 of 27" in out
    assert run(tmp_path, "when model.latent=5\n- | train: rate | 100 | 0 | x", capsys)[0] == 2


@pytest.mark.parametrize("line, sentence", [
    ("- | train: rate | 1 | 0", "4 columns"), ("- | rate | 1 | 0 | x", "does not begin with train: or test:"),
    ("- | train: rat | 1 | 0 | x", "there is no rat here"), ("- | train: rate + | 1 | 0 | x", "no arithmetic"),
    ("- | train: rate.real | 1 | 0 | x", "is more than"), ("- | train: abs(rate) | 1 | 0 | x", "is more than"),
    ("- | train: rate | one | 0 | x", "no number, no bound and no formula"), ("- | train: rate | 1 | much | x", "is no tolerance"),
    ("- | train: rate | 1 | - | x", "is no tolerance"), ("- | train: rate | >= 1 | 0.1 | x", "has no tolerance"),
    ("model.latent=5 | train: rate | 1 | 0 | x", "no finished configuration is like that"), ("model.latent | train: rate | 1 | 0 | x", "is no condition"),
    ("- | train: rate / 0 | 1 | 0 | x", "division by zero"),
])
def test_check__a_mistake_in_the_expectations_has_a_place(tmp_path, capsys, line, sentence):
    code, out, err = run(known_study(tmp_path), "# one\n" + line, capsys)
    assert code == 2 and out == "" and sentence in err and "expected:2: " in err, err


def test_check__what_is_no_study(tmp_path, capsys):
    assert check.main([str(tmp_path)]) == 2
    assert "study.h5" in capsys.readouterr().err
    known_study(tmp_path / "study")
    with h5py.File(tmp_path / "study" / "study.h5", "a") as f:
        f.attrs["study"] = np.bytes_("unheard-of")
    assert check.main([str(tmp_path / "study")]) == 2
    assert "unheard-of.expected" in capsys.readouterr().err


def test_check__reads_configurations_from_the_study_alone(tmp_path, capsys):
    known_study(tmp_path)
    with h5py.File(tmp_path / "study.h5", "a") as f:
        del f["configs/c0002"]
        f["configs/c0002"] = h5py.ExternalLink("configs/c0002.h5", "/configs/c0002")
    code, out, err = run(tmp_path, THEORY, capsys)
    assert code == 2 and "c0002 is done, but its file is not there" in err, out + err
    with h5py.File(tmp_path / "study.h5", "a") as f:
        del f["configs/c0002"]
        f["configs/c0002"] = h5py.ExternalLink("../other.h5", "/")
    code, out, err = run(tmp_path, THEORY, capsys)
    assert code == 2 and "/configs/c0002 is a link to ../other.h5" in err, out + err


def test_check__a_name_of_a_study_is_no_path(tmp_path, capsys):
    known_study(tmp_path)
    with h5py.File(tmp_path / "study.h5", "a") as f:
        f.attrs["study"] = np.bytes_(str(tmp_path / "linear-rd"))
    (tmp_path / "linear-rd.expected").write_text("- | train: rate | >= 0 | - | x")
    assert check.main([str(tmp_path)]) == 2
    assert "there is no " in capsys.readouterr().err


def test_check__is_a_program_that_teaches():
    def program(*arguments):
        return subprocess.run([sys.executable, CHECK, *arguments], capture_output=True, text=True, timeout=300)
    assert program().returncode == 2
    helped = program("--help")
    assert helped.returncode == 0 and "linear-vae" in helped.stdout and "Exit codes" in helped.stdout
    assert all(len(line) <= 140 for line in helped.stdout.splitlines())


@pytest.mark.parametrize("path", sorted((ROOT / "inputs").glob("*.expected")), ids=lambda path: path.stem)
def test_check__shipped_expectations_belong_to_a_study(path):
    assert f"\nstudy: {path.stem}\n" in path.with_suffix(".yaml").read_text()
    rows = check.read_expectations(path)
    assert rows
    for row in rows:
        assert re.match(r"theory: |published\b.* \([A-Z][^()]* \d{4}\)|regression: found .* with this file", row.source), f"{row.place}: {row.source}"


def test_check__linear_models_of_the_program_lie_on_the_analytic_curves(tmp_path):
    """linear-rd.yaml with fewer values of beta and fewer steps, held against the expectations that ship with it; after a few steps it is not there yet."""
    def trained(name, steps):
        betafield("run", ROOT / "inputs/linear-rd.yaml", "-o", tmp_path / name, "--quiet", "--set", f"train.steps={steps}",
                  "--set", "sweep.objective.beta=[1.5, 5]", "--set", "sweep.likelihood.variance=[fixed, optimal]", ranks=2)
        return subprocess.run([sys.executable, CHECK, tmp_path / name], capture_output=True, text=True, timeout=300, env=os.environ)
    done = trained("whole", 2000)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "18 of 18 values are as expected" in done.stdout
    assert trained("short", 100).returncode == 1


@pytest.mark.parametrize("column, bound, code", [("rate", ">= 0", 0), ("rate", "<= 0", 1), ("rat", ">= 0", 2)])
def test_check__the_recipe_holds_a_study_against_what_stands_beside_it(tmp_path, column, bound, code):
    (tmp_path / "small.yaml").write_text("study: small\ndata: {train: 256, test: 64}\ntrain: {epochs: 1, batch: 64}\nmeasure: [rd]\n")
    (tmp_path / "small.expected").write_text(f"- | test: {column} | {bound} | - | a rate")
    recipe = subprocess.run([ROOT / "jobs" / "study.sh", tmp_path / "small.yaml", "1", "-o", tmp_path / "out", "--quiet"], capture_output=True, text=True,
                            timeout=300, env={**os.environ, "BETAFIELD": BETAFIELD, "BETAFIELD_PYTHON": sys.executable})
    assert recipe.returncode == code, recipe.stdout + recipe.stderr
    assert ("there is no rat here" in recipe.stderr if code == 2 else f"small: {1 - code} of 1 values are as expected" in recipe.stdout)
    assert (tmp_path / "out" / "report" / "rd.png").exists()
