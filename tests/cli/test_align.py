"""align: whether latent dimensions keep their meaning over beta, against theory, NumPy, and the measure of one model for every beta."""
import csv
import itertools
import json

import h5py
import numpy as np
import pytest
from betafield import betafield

LINEAR = """\
study: linear
seed: 5
data: {source: gaussian, train: 2048, test: 512, gaussian: {eigenvalues: [4, 2, 1, 0.5, 0.1, 0.05], whiten_sample: true}}
model: {net: linear, latent: 4}
likelihood: {kind: gaussian, variance: fixed}
train: {epochs: 1000, batch: 512, lr: 1.0e-2, schedule: cosine}
measure: [rd]
output: {samples: 0, second_stage: false}
warm_start: {along: objective.beta}
sweep:
  objective.beta: [1.5, 0.2, 0.7]
"""
TOLD = """\
study: told
seed: 5
data: {source: patches, train: 600, test: 300}
model: {hidden: [16], latent: 3, activation: tanh, condition: beta}
objective: {beta: {range: [0.01, 10]}, grid: {log: [0.01, 10, 4]}}
train: {epochs: 4, batch: 64, lr: 3.0e-3}
measure: [rd, alignment]
output: {betas: [0.01, 0.1, 1, 10], samples: 0}
sweep:
  model.modulation: [gate, film]
"""
SMALL = """\
study: small
seed: 5
data: {source: patches, train: 256, test: 128}
model: {hidden: [8], latent: 2}
train: {epochs: 2, batch: 64}
measure: [rd]
output: {samples: 0}
sweep:
"""


def align(*arguments):
    """(families, pairs) of the JSON object, pairs as a list per family."""
    seen = json.loads(betafield("align", *arguments, "--json").stdout)
    return seen["families"], [[p for p in seen["pairs"] if p["family"] == i] for i in range(len(seen["families"]))]


def run(folder, text, *options, expect=0):
    (folder / "study.yaml").write_text(text)
    betafield("run", folder / "study.yaml", "-o", folder / "out", "--quiet", *options, ranks=2, expect=expect)
    return folder / "out"


def small(tmp_path, *sweep):
    return run(tmp_path, SMALL + "".join(f"  {line}\n" for line in sweep))


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    return run(tmp_path_factory.mktemp("linear"), LINEAR)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    return run(tmp_path_factory.mktemp("told"), TOLD)


def by_hand(a, b):
    """(in place, best match, units, shift) of two posteriors, by trying every permutation."""
    (mean_a, z_a), (mean_b, z_b) = a, b
    like = np.abs(np.corrcoef(mean_a, mean_b, rowvar=False))[: mean_a.shape[1], mean_a.shape[1]:]
    used = [np.flatnonzero(mean.var(0) > 0.01) for mean in (mean_a, mean_b)]
    if len(used[0]) > len(used[1]):
        like, used = like.T, used[::-1]
    few, many = used
    best = max(sum(like[i, j] for i, j in zip(few, chosen)) for chosen in itertools.permutations(many, len(few)))
    both = sorted(set(few) & set(many))
    return (sum(like[j, j] for j in both) / len(few), best / len(few), len(both),
            np.abs(np.sort(z_a, 0) - np.sort(z_b, 0)).mean())


def posterior(folder, config, split, inner=""):
    with h5py.File(folder / "study.h5") as f:
        home = f[f"configs/c{config:04d}/{inner}posterior/{split}"]
        return home["mean"][()].astype(float), home["z"][()].astype(float)


def test_linear_models_that_start_from_each_other_keep_their_dimensions(linear):
    """Optimal codes are the principal axes; an axis leaves where its eigenvalue is below beta. Their draws are N(0, 1) at every beta."""
    (family,), (pairs,) = align(linear, "--split", "train", "--all")
    assert [(p["beta_from"], p["beta_to"]) for p in pairs] == [(1.5, 0.7), (1.5, 0.2), (0.7, 0.2)]
    assert [(p["config_from"], p["config_to"]) for p in pairs] == [(0, 2), (0, 1), (2, 1)]
    assert [p["neighbours"] for p in pairs] == [True, False, True]
    assert [p["alignment_units"] for p in pairs] == [2, 2, 3]
    for p in pairs:
        assert p["alignment"] > 0.99 and p["alignment_diagonal"] > 0.99 and p["alignment_permuted"] > 0.99, p
        assert p["marginal_shift"] < 0.06 and p["samples"] == 2048
    assert (family["models"], family["pairs"], family["label"]) == (3, 3, "")
    for name in ("alignment", "alignment_diagonal", "alignment_permuted", "marginal_shift"):
        assert family[name] == pytest.approx(np.mean([p[name] for p in pairs if p["neighbours"]]))


def test_linear_models_trained_apart_find_the_same_axes_where_they_may(tmp_path):
    _, (pairs,) = align(run(tmp_path, LINEAR, "--set", "warm_start.along=none"), "--split", "train")
    assert all(p["alignment_permuted"] > 0.99 for p in pairs)
    assert all(p["alignment"] == pytest.approx(p["alignment_diagonal"] / p["alignment_permuted"]) for p in pairs)


@pytest.mark.parametrize("split", ["train", "test"])
def test_numpy_agrees(linear, split):
    _, (pairs,) = align(linear, "--split", split, "--all")
    for p in pairs:
        want = by_hand(posterior(linear, p["config_from"], split), posterior(linear, p["config_to"], split))
        got = [p[name] for name in ("alignment_diagonal", "alignment_permuted", "alignment_units", "marginal_shift")]
        assert got == pytest.approx(want, abs=1e-5)
        assert p["alignment"] == pytest.approx(want[0] / want[1], abs=1e-5)


def test_dimensions_that_changed_places_and_signs_match_elsewhere(tmp_path):
    out = small(tmp_path, "objective.beta: [0.01, 0.02]")
    (before,), (straight,) = align(out)
    with h5py.File(out / "configs/c0000.h5", "r+") as f:
        for part in ("mean", "z"):
            rows = f[f"configs/c0000/posterior/test/{part}"]
            rows[...] = rows[()][:, ::-1] * [1, -1]
            del rows.attrs["checksum"]
    _, (crossed,) = align(out)
    assert straight[0]["alignment_permuted"] > 0.9 and crossed[0]["alignment_permuted"] == pytest.approx(straight[0]["alignment_permuted"])
    assert abs(crossed[0]["alignment_diagonal"] - straight[0]["alignment_diagonal"]) > 0.3
    assert before["models"] == 2


def test_one_model_for_every_beta_says_what_its_own_measure_says(told):
    """The measure encodes again; here the stored rows are read."""
    families, pairs = align(told, "--all")
    assert [f["label"] for f in families] == ["model.modulation gate", "model.modulation film"]
    with h5py.File(told / "study.h5") as f:
        grid = f["beta_grid"][()]
        for family, of in enumerate(pairs):
            assert [f["models"] for f in families] == [4, 4] and len(of) == 6           # 1 is stored twice, and counted once
            for name in ("alignment", "alignment_diagonal", "alignment_permuted", "alignment_units", "marginal_shift"):
                table = f[f"metrics_by_beta/{name}"][family, :, 1]
                for p in of:
                    if 1 in (p["beta_from"], p["beta_to"]):
                        other = p["beta_from"] if p["beta_to"] == 1 else p["beta_to"]
                        want = table[np.argmin(np.abs(np.log(grid / other)))]
                        assert np.isnan(want) and p[name] is None or p[name] == pytest.approx(want, rel=1e-5, abs=1e-6), (name, p)


def test_files_hold_what_is_printed(linear, told, tmp_path):
    families, pairs = align(linear, told, "-o", tmp_path / "align.h5", "--csv", tmp_path / "align.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["align.csv", "align.h5"]
    rows = [p for of in pairs for p in of]
    assert len(families) == 3 and len(rows) == 2 + 3 + 3
    with h5py.File(tmp_path / "align.h5") as f, open(tmp_path / "align.csv", newline="") as text:
        table = list(csv.DictReader(text))
        assert len(table) == len(f["pair"]) == len(rows) and f.attrs["split"] == b"test"
        for name, values in f["pairs"].items():
            assert values.dims[0][0] == f["pair"] and {"long_name", "units", "checksum"} <= set(values.attrs)
            want = np.array([np.nan if p[name] is None else p[name] for p in rows], dtype=float)
            assert values[...].astype(float) == pytest.approx(want, nan_ok=True)
            written = np.array([float(r[name]) if r[name] else np.nan for r in table])
            assert written == pytest.approx(values[...].astype(float), rel=1e-15, nan_ok=True)
        assert [v.decode() for v in f["families/folder"]] == [str(linear), str(told), str(told)]
        assert table[-1]["label"] == "model.modulation film" and table[0]["study"] == "linear"
    assert "all good" in betafield("verify", tmp_path / "align.h5").stdout


def test_the_table_reads_well(linear, told):
    text = betafield("align", linear, told).stdout
    assert "3 of 3 configurations store posteriors" in text and "family 2" in text and "c0001" in text
    assert all(len(line) <= 120 and line == line.rstrip() for line in text.splitlines()), text


def test_seeds_are_families(tmp_path):
    """Other seeds are other samples here."""
    families, pairs = align(small(tmp_path, "objective.beta: [0.01, 0.1]", "seed: [1, 2]"))
    assert [f["label"] for f in families] == ["seed 1", "seed 2"] and [len(of) for of in pairs] == [1, 1]


def test_an_unfinished_study_shows_what_it_has(tmp_path):
    out = run(tmp_path, SMALL + "  objective.beta: [0.01, 0.1, 1]\n  model.latent: [2, 3]\n", "--only", "0,2,3")
    (family,), _ = align(out)       # the one of latent 3 is alone
    assert family["label"] == "model.latent 2" and family["models"] == 2
    assert "3 of 6 configurations store posteriors" in betafield("align", out).stdout


def test_what_stores_no_posterior_is_told_the_key(tmp_path):
    out = run(tmp_path, SMALL.replace("samples: 0", "samples: 0, posterior: [train]") + "  objective.beta: [0.01, 0.1]\n")
    said = betafield("align", out, expect=2)
    assert f"{out}: c0000 stores no posterior of the test part; output.posterior: [train, test] does" in said.stderr and said.stdout == ""
    assert len(align(out, "--split", "train")[1][0]) == 1


def test_what_has_nobody_to_be_compared_with_is_told_so(tmp_path):
    out = small(tmp_path, "model.latent: [2, 3]")
    assert "no two finished models differ in objective.beta alone" in betafield("align", out, expect=2).stderr


def test_damage_is_found(tmp_path):
    out = small(tmp_path, "objective.beta: [0.01, 0.1]")
    path = out / "configs/c0001.h5"
    whole = path.read_bytes()
    with h5py.File(path, "r+") as f:
        f["configs/c0001/posterior/test/z"][5, 1] += 1
    assert "z: its checksum is" in betafield("align", out, expect=2).stderr
    path.write_bytes(whole)
    for rows, columns in ((128, 3), (100, 2)):
        with h5py.File(path, "r+") as f:
            del f["configs/c0001/posterior/test"]
            for part in ("mean", "z"):
                f[f"configs/c0001/posterior/test/{part}"] = np.zeros((rows, columns), "f4")
        said = betafield("align", out, "-o", tmp_path / "align.h5", expect=2)
        assert "c0001" in said.stderr and said.stdout == "" and not (tmp_path / "align.h5").exists()
        path.write_bytes(whole)
    path.write_bytes(whole[: len(whole) // 2])
    assert "c0001.h5" in betafield("align", out, expect=2).stderr
    path.unlink()
    betafield("align", out, expect=74)


@pytest.mark.parametrize("arguments,sentence", [
    ((), "DIR is missing"),
    (("x", "--split", "valid"), "--split: expected train or test"),
    (("x", "--al"), "did you mean --all"),
])
def test_wrong_options(arguments, sentence):
    done = betafield("align", *arguments, expect=2)
    assert sentence in done.stderr and "usage: betafield align" in done.stderr


def test_what_cannot_be_written_is_refused(tmp_path):
    out = small(tmp_path, "objective.beta: [0.1, 1]")
    for option in ("-o", "--csv"):
        assert betafield("align", out, option, tmp_path / "no" / "file", expect=74).stdout == ""
        assert "a file of the study itself" in betafield("align", out, option, out / "study.h5", expect=2).stderr
