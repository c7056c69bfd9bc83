"""curve: rate-distortion curves of studies against theory, against each other, and of studies that are not whole."""
import csv
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
train: {epochs: 1500, batch: 512, lr: 1.0e-2, schedule: cosine}
measure: [rd]
output: {samples: 0, posterior: [], second_stage: false, weights: false}
sweep:
  likelihood.variance: [fixed, learned]
  objective.beta: [0.2, 0.7, 1.5, 2.5, 5]
"""
SMALL = """\
study: small
seed: 5
data: {source: patches, train: 256, test: 128}
model: {net: mlp, hidden: [8], latent: 2}
train: {epochs: 2, batch: 64}
measure: [rd]
output: {samples: 0}
sweep:
"""
# (beta, rate, distortion) of the optimum, from inputs/linear-gaussian.yaml, whose table was computed independently. An optimal variance has
# the same one as a learned one, but small ones turn the decoder's columns so slowly that at beta 0.2 it takes four times as many steps.
THEORY = {
    "fixed": [(5, 0, 9.3386), (2.5, 0.2350, 8.5886), (1.5, 0.6343, 7.8386), (0.7, 1.5747, 6.8886), (0.2, 3.9120, 5.9886)],
    "learned": [(5, 0, 9.2425), (2.5, 0.2140, 8.6395), (1.5, 1.6859, 6.0049), (0.7, 7.5270, -0.6672), (0.2, 11.0036, -2.1237)],
}


def curves(*arguments, **keys):
    """(curves, points) of the JSON object, points as a list per curve."""
    seen = json.loads(betafield("curve", *arguments, "--json", **keys).stdout)
    return seen["curves"], [[p for p in seen["points"] if p["curve"] == i] for i in range(len(seen["curves"]))]


def column(points, name):
    return np.array([np.nan if p[name] is None else p[name] for p in points], dtype=float)


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear")
    (folder / "study.yaml").write_text(LINEAR)
    betafield("run", folder / "study.yaml", "-o", folder / "out", "--quiet", ranks=2, timeout=600)
    return folder / "out"


def small(tmp_path, sweep, name="out", *options, expect=0):
    path = tmp_path / f"{name}.yaml"
    path.write_text(SMALL + "".join(f"  {line}\n" for line in sweep))
    betafield("run", path, "-o", tmp_path / name, "--quiet", *options, expect=expect)
    return tmp_path / name


def test_linear_models_lie_on_the_analytic_curve(linear):
    both, points = curves(linear, "--split", "train")
    assert [c["label"] for c in both] == ["likelihood.variance fixed", "likelihood.variance learned"]
    for curve, of, want in zip(both, points, THEORY.values()):
        want = np.array(want)
        assert column(of, "beta").tolist() == want[:, 0].tolist()
        assert column(of, "theory_rate") == pytest.approx(want[:, 1], abs=1e-4)
        assert column(of, "theory_distortion") == pytest.approx(want[:, 2], abs=1e-4)
        assert column(of, "rate") == pytest.approx(want[:, 1], abs=0.05)
        assert column(of, "distortion") == pytest.approx(want[:, 2], abs=0.05)
        excess = column(of, "theory_excess")
        assert np.all(excess > -1e-4) and np.all(excess < 0.02), excess
        assert (curve["points"], curve["hull"], curve["rises"]) == (5, 5, 0)
        assert curve["slopes"] == curve["slopes_agreeing"] == 4


def test_the_summary_is_what_numpy_says_of_the_points(linear):
    both, points = curves(linear, "--corner", "20,12")
    rate, distortion = ([column(of, name) for of in points] for name in ("rate", "distortion"))
    for curve, r, d in zip(both, rate, distortion):
        assert np.all(np.diff(r) >= 0)
        edges = np.append(r, 20)
        assert curve["hypervolume"] == pytest.approx(np.sum(np.diff(edges) * (12 - np.minimum.accumulate(d))))
    low, high = max(r[0] for r in rate), min(r[-1] for r in rate)
    grid = np.unique(np.clip(np.concatenate([*rate, [low, high]]), low, high))
    gap = np.interp(grid, rate[1], distortion[1]) - np.interp(grid, rate[0], distortion[0])
    area = np.sum(0.5 * (gap[1:] + gap[:-1]) * np.diff(grid))
    assert both[0]["reference"] == -1 and both[0]["area"] is None
    assert both[1]["reference"] == 0 and both[1]["area"] == pytest.approx(area)
    assert (both[1]["area_from"], both[1]["area_to"]) == pytest.approx((low, high))
    assert both[1]["mean_difference"] == pytest.approx(area / (high - low))
    for of, r, d in zip(points, rate, distortion):
        assert column(of, "slope")[2:] == pytest.approx(-np.diff(d)[1:] / np.diff(r)[1:])


def test_refitted_distortion_of_fixed_models_is_another_curve(linear):
    """Accounting (iii): the same networks, the variance refitted; a learned one has found that value."""
    (_, _), (own_fixed, own_learned) = curves(linear, "--split", "train")
    (_, _), (fixed, learned) = curves(linear, "--split", "train", "--distortion", "distortion_refit")
    assert column(fixed, "rate") == pytest.approx(column(own_fixed, "rate"))
    assert np.all(column(fixed, "distortion")[1:] < column(own_fixed, "distortion")[1:])
    assert column(fixed, "distortion") == pytest.approx(column(fixed, "theory_distortion"), abs=0.05)
    assert column(learned, "distortion") == pytest.approx(column(own_learned, "distortion"), abs=5e-3)
    assert np.all(np.isnan(column(fixed, "theory_excess")))


def test_files_hold_what_is_printed(linear, tmp_path):
    both, points = curves(linear, "-o", tmp_path / "curve.h5", "--csv", tmp_path / "curve.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curve.csv", "curve.h5"]
    rows = [p for of in points for p in of]
    with h5py.File(tmp_path / "curve.h5") as f, open(tmp_path / "curve.csv", newline="") as text:
        table = list(csv.DictReader(text))
        assert len(table) == len(f["point"]) == 10 and len(f["curve"]) == 2
        assert f.attrs["split"] == b"test" and f.attrs["distortion"] == b"distortion" and f.attrs["corner_rate"] > 0
        for name, values in f["points"].items():
            assert values.dims[0][0] == f["point"] and {"long_name", "units", "checksum"} <= set(values.attrs)
            assert values[...].astype(float) == pytest.approx(column(rows, name), nan_ok=True)
            written = np.array([float(r[name]) if r[name] else np.nan for r in table])
            assert written == pytest.approx(values[...].astype(float), rel=1e-15, nan_ok=True)
        assert {"definition"} <= set(f["points/slope"].attrs)
        for name, values in f["curves"].items():
            got = [v.decode() if isinstance(v, bytes) else v for v in values[...].tolist()]
            want = [c[name] for c in both]
            assert got == want or np.array(got) == pytest.approx(np.array(want, dtype=float), nan_ok=True), name
        assert table[0]["folder"] == str(linear) and table[9]["label"] == "likelihood.variance learned"
    assert "all good" in betafield("verify", tmp_path / "curve.h5").stdout
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(tmp_path / "curve.h5", engine="h5netcdf", group="points") as data:
        assert data.rate.dims == ("point",)


def test_the_table_reads_well(linear):
    text = betafield("curve", linear).stdout
    assert "10 of 10 configurations have points" in text and "theory rate" in text
    assert "curve 1" in text and "likelihood.variance learned" in text
    assert all(len(line) <= 120 and line == line.rstrip() for line in text.splitlines()), text


def test_seeds_are_averaged_and_studies_compared(tmp_path):
    one = small(tmp_path, ["objective.beta: [0.01, 1]", "seed: [1, 2, 3]"], "one")
    two = small(tmp_path, ["objective.beta: [0.01, 1]"], "two")
    (first, second), (mean, alone) = curves(one, two)
    assert (first["folder"], second["folder"], second["reference"]) == (str(one), str(two), 0)
    with h5py.File(one / "study.h5") as f:
        rate = f["metrics/rate"][:, 1].reshape(2, 3)
        beta = f["sweep/objective_beta"][:].reshape(2, 3)[:, 0]
    for p in mean:
        at = rate[list(beta).index(p["beta"])]
        assert p["replicates"] == 3
        assert p["rate"] == pytest.approx(at.mean()) and p["rate_se"] == pytest.approx(at.std(ddof=1) / np.sqrt(3))
    assert all(p["replicates"] == 1 and p["rate_se"] is None and p["theory_rate"] is None for p in alone)
    assert "+-" in betafield("curve", one, two).stdout


def test_an_unfinished_study_shows_what_it_has(tmp_path):
    out = small(tmp_path, ["objective.beta: [0.01, 0.1, 1]"], "out", "--only", "0,2")
    (curve,), (points,) = curves(out)
    assert [p["beta"] for p in points] == [1, 0.01] and curve["points"] == 2
    assert "2 of 3 configurations have points" in betafield("curve", out).stdout


def test_one_point_is_a_curve_that_says_little(tmp_path):
    out = small(tmp_path, ["objective.beta: [0.1]"])
    (curve,), (points,) = curves(out)
    assert (curve["points"], curve["hull"], curve["slopes"], curve["hypervolume"]) == (1, 1, 0, 0)
    assert points[0]["slope"] is None and points[0]["on_hull"]
    betafield("curve", out)


def test_what_diverged_or_has_no_rate_is_left_out(tmp_path):
    out = small(tmp_path, ["train.lr: [1.0e-3, 1.0e30]", "objective.beta: [0.01, 1]"], expect=3)
    (curve,), (points,) = curves(out)
    assert curve["label"] == "train.lr 0.001" and len(points) == 2
    plain = small(tmp_path, ["posterior: [gaussian, delta]", "objective.beta: [0.01, 1]"], "plain")      # delta has no rate: NaN
    (curve,), (points,) = curves(plain)
    assert curve["label"] == "posterior gaussian" and len(points) == 2
    none = small(tmp_path, ["train.lr: [1.0e30]"], "none", expect=3)
    done = betafield("curve", none, expect=2)
    assert done.stdout == "" and "no finished configuration has a beta, a rate and a distortion of the test part" in done.stderr


def test_a_study_that_is_missing_or_damaged(tmp_path):
    out = small(tmp_path, ["objective.beta: [0.1, 1]"])
    for arguments, sentence in (((tmp_path / "nowhere",), "is no study"), ((out, tmp_path),  "is no study")):
        done = betafield("curve", *arguments, "-o", tmp_path / "curve.h5", expect=2)
        assert sentence in done.stderr and done.stdout == ""
    assert not (tmp_path / "curve.h5").exists()
    whole = (out / "study.h5").read_bytes()
    (out / "study.h5").write_bytes(whole[: len(whole) // 2])
    assert "study.h5" in betafield("curve", out, expect=2).stderr
    (out / "study.h5").unlink()
    assert "nothing has ended yet" in betafield("curve", out, expect=2).stderr
    (out / "study.h5").write_bytes(whole)
    (out / "study.yaml").write_text("study: small\nunknown: 1\n")
    assert "unknown key" in betafield("curve", out, expect=2).stderr
    (out / "study.yaml").write_text("study: small\n")
    assert "study.yaml names 1" in betafield("curve", out, expect=2).stderr


@pytest.mark.parametrize("arguments,sentence", [
    ((), "DIR is missing"),
    (("x", "--split", "valid"), "--split: expected train or test"),
    (("x", "--distortion", "mse"), "--distortion: expected distortion, distortion_half"),
    (("x", "--corner", "3"), "--corner: expected a rate and a distortion"),
    (("x", "--corner", "3,"), "--corner: expected"),
    (("x", "--corner", "1,inf"), "--corner: expected"),
    (("x", "--corner", "1,2,3"), "--corner: expected"),
    (("x", "--spilt", "test"), "did you mean --split"),
    (("x", "-o", "both", "--csv", "both"), "-o and --csv: both are both"),
])
def test_wrong_options(arguments, sentence):
    done = betafield("curve", *arguments, expect=2)
    assert sentence in done.stderr and "usage: betafield curve" in done.stderr


def test_what_cannot_be_written_is_74(tmp_path):
    out = small(tmp_path, ["objective.beta: [0.1, 1]"])
    for option in ("-o", "--csv"):
        done = betafield("curve", out, option, tmp_path / "no" / "file", expect=74)
        assert done.stdout == "" and "file" in done.stderr
