"""Models that are told a sample's class: theory within classes, NumPy's word for what they are told, the same bits on any team and after a kill."""
import h5py
import numpy as np
import pytest
from betafield import assert_kill_changes_nothing, assert_same_bits, betafield

STUDY = """\
study: classes
seed: 5
data: {source: digits, train: 600, test: 300, binarize: threshold, digits: {side: 8}}
model: {latent: 3}
likelihood: {kind: bernoulli}
objective: {grid: [0.1, 1, 10]}
train: {epochs: 3, batch: 64, lanes: 4, lr: 3.0e-3}
measure: {rd: {samples: 2}, active: {}, nll: {samples: 5, rows: 40}, traversal: {bases: 10}}
output: {samples: 20}
sweep:
  pairs:
    - {model.condition: label, model.net: mlp, objective.beta: 1}
    - {model.condition: label, model.net: sigma, objective.beta: 1}
    - {model.condition: [label, beta], model.net: mlp, objective.beta: {range: [0.1, 10]}}
    - {model.condition: beta, model.net: mlp, objective.beta: {range: [0.1, 10]}}
    - {model.condition: none, model.net: mlp, objective.beta: 1}
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    betafield("data", folder / "study.yaml", "-o", folder / "data.h5")
    return folder


@pytest.mark.parametrize("ranks,team", [(2, 2), (4, 4), (3, 1)])
def test_ranks_and_teams(alone, tmp_path, ranks, team):
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--set", f"parallel.ranks_per_config={team}", ranks=ranks)
    assert_same_bits(alone / "out", tmp_path / "out")


def test_killed_and_continued(alone, tmp_path):
    assert_kill_changes_nothing(alone / "study.yaml", tmp_path, "--only", "0,2", "--set", "train.epochs=20")


def test_what_the_files_say(alone, tmp_path):
    betafield("pack", alone / "out", "-o", tmp_path / "packed.h5")
    for path in (alone / "out/study.h5", tmp_path / "packed.h5"):
        with h5py.File(path) as f:
            assert [t.decode() for t in f["sweep/model_condition"][()]] == ["label", "label", "[beta, label]", "beta", "none"]
            for c in range(5):
                home = f[f"configs/c{c:04d}"]
                assert ("samples_label" in home) == ("classes" in home["weights"].attrs) == (c < 3)
            assert f["configs/c0000/weights"].attrs["classes"] == 10
            assert f["configs/c0000/weights/encoder.0.weight"].shape == (128, 64 + 10)
            assert f["configs/c0001/weights/encoder.0.weight"].shape[1] == 1 + 10
            assert f["configs/c0002/weights/decoder.0.weight"].shape[1] == 3 + 10
            labels = f["configs/c0002/samples_label"][()]
            np.testing.assert_array_equal(labels, f["configs/c0000/samples_label"][()])
            assert len(labels) == 20 and labels.min() >= 0 and labels.max() < 10 and len(set(labels)) > 4
            assert np.isfinite(f["metrics/nll"][[0, 1, 4]]).all() and np.isfinite(f["metrics_by_beta/nll"][2:4]).all()
    for path in (alone / "out", tmp_path / "packed.h5"):
        betafield("verify", path)


def test_the_effective_input_runs_again(alone, tmp_path):
    betafield("run", alone / "out/study.yaml", "-o", tmp_path / "out", "--only", "2")
    with h5py.File(alone / "out/study.h5") as a, h5py.File(tmp_path / "out/study.h5") as b:
        assert a["sweep/config_hash"][2] == b["sweep/config_hash"][2]
        np.testing.assert_array_equal(a["metrics_by_beta/elbo"][2], b["metrics_by_beta/elbo"][2])


def encode(alone, config, data, result, *more, **options):
    return betafield("encode", alone / "out", "--config", config, data, "-o", result, *more, **options)


def numpy_says(w, x, labels):
    """Means of the posterior and of the decoder: classes stand behind what each side is given."""
    beside = np.eye(10)[labels]

    def layers(side, v):
        for i in range(2):
            v = np.maximum(v @ w[f"{side}.{i}.weight"].T + w[f"{side}.{i}.bias"], 0)
        return v

    mean = layers("encoder", np.hstack([x, beside])) @ w["posterior.mean.weight"].T + w["posterior.mean.bias"]
    logits = layers("decoder", np.hstack([mean, beside])) @ w["decoder.output.weight"].T + w["decoder.output.bias"]
    return mean, 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("fixed", [None, 7])
def test_encode_says_what_numpy_finds(alone, tmp_path, fixed):
    encode(alone, 0, alone / "data.h5", tmp_path / "e.h5", *(() if fixed is None else ("--label", fixed)))
    with h5py.File(alone / "out/study.h5") as f, h5py.File(alone / "data.h5") as d, h5py.File(tmp_path / "e.h5") as e:
        labels = d["train/label"][()] if fixed is None else np.full(600, fixed)
        w = {name: item[()].astype(float) for name, item in f["configs/c0000/weights"].items()}
        mean, back = numpy_says(w, d["train/x"][()].reshape(600, 64) / 255.0, labels)
        np.testing.assert_allclose(e["mean"][()], mean, atol=2e-5)
        np.testing.assert_allclose(e["reconstruction"][()].reshape(600, 64), back, atol=2e-5)
        np.testing.assert_array_equal(e["label"][()], labels)
        same = np.array_equal(e["mean"][()], f["configs/c0000/posterior/train/mean"][()])
        assert same == (fixed is None)


def test_encode_takes_a_beta_and_a_class(alone, tmp_path):
    encode(alone, 2, alone / "data.h5", tmp_path / "e.h5", "--beta", "1")
    with h5py.File(alone / "out/study.h5") as f, h5py.File(tmp_path / "e.h5") as e:
        np.testing.assert_array_equal(e["mean"][()], f["configs/c0002/posterior/train/mean"][()])
        assert e.attrs["beta"] == 1


@pytest.mark.parametrize("config,labels,more,said", [
    (0, None, (), "--label is missing: c0000 is told every sample's class"), (0, None, ("--label", "10"), "c0000 has learned the classes 0 to 9"),
    (0, None, ("--label", "-1"), "--label: expected an integer of at least 0"), (4, None, ("--label", "1"), "c0004 is not conditioned on labels"),
    (0, np.array([1, 2, 10, 3]), (), "sample 2 is of class 10; c0000 has learned 0 to 9"), (0, np.array([1, -2, 1, 3]), (), "sample 1 is of class -2"),
    (0, np.array([1, 2, 3]), (), "is no list of 4 whole numbers"), (0, np.array([1.0, 2, 3, 4]), (), "is no list of 4 whole numbers"),
    (2, np.array([1, 2, 3, 4]), (), "--beta is missing"),
])
def test_encode_needs_classes_it_has_learned(alone, tmp_path, config, labels, more, said):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["some/x"] = np.zeros((4, 8, 8), "u1")
        if labels is not None:
            f["some/label"] = labels
    assert said in encode(alone, config, tmp_path / "x.h5", tmp_path / "e.h5", "--dataset", "some/x", *more, expect=2).stderr
    assert not (tmp_path / "e.h5").exists()


@pytest.mark.parametrize("model,said", [
    ("{condition: label}", "2:9: model.condition: label: these data have no labels"),
    ("{condition: [none, label]}", "2:21: model.condition: 'none' stands alone"),
    ("{condition: [label, label]}", "2:28: model.condition: 'label' stands here twice"),
    ("{condition: [label, beta]}", "objective.beta: with model.condition: beta it is the range to learn"),
])
def test_studies_that_cannot_be(tmp_path, model, said):
    (tmp_path / "s.yaml").write_text(f"study: s\nmodel: {model}\ndata: {{source: patches}}\n")
    assert said in betafield("plan", tmp_path / "s.yaml", expect=2).stderr


# --- classes out of factors -------------------------------------------------------------------------------------------

SPRITES = """\
study: s
data: {source: sprites, sprites: {side: 16, rotations: 2, positions: 3}}
model: {condition: label, hidden: [8]}
train: {epochs: 1, batch: 64}
"""


def test_values_of_a_factor_are_classes(tmp_path):
    (tmp_path / "s.yaml").write_text(SPRITES + "sweep: {data.label: [1, 2]}\n")
    betafield("run", tmp_path / "s.yaml", "-o", tmp_path / "out")
    (tmp_path / "g.yaml").write_text(SPRITES)
    betafield("data", tmp_path / "g.yaml", "-o", tmp_path / "grid.h5")
    (tmp_path / "h.yaml").write_text(SPRITES.replace("source: sprites", f"source: hdf5, path: {tmp_path}/grid.h5, label: 2"))
    betafield("data", tmp_path / "h.yaml", "-o", tmp_path / "again.h5")
    with h5py.File(tmp_path / "out/study.h5") as f, h5py.File(tmp_path / "grid.h5") as g, h5py.File(tmp_path / "again.h5") as h:
        assert "label" not in g["train"]
        assert [f[f"configs/c000{c}/weights"].attrs["classes"] for c in (0, 1)] == [3, 4]
        for part in ("train", "test"):
            shape, scale = g[f"{part}/factors"][:, 0], g[f"{part}/factors"][:, 1]
            np.testing.assert_array_equal(f[f"data/labels/{part}"][()], shape)
            np.testing.assert_array_equal(f[f"data/set1/labels/{part}"][()], np.rint((scale - 0.5) * 6))
            np.testing.assert_array_equal(h[f"{part}/label"][()], np.rint((scale - 0.5) * 6))
        assert f["configs/c0000/class_values"][()].tolist() == [0, 1, 2]
        np.testing.assert_array_equal(f["configs/c0001/class_values"][()], np.unique(g["train/factors"][:, 1]))
    for config in (0, 1):       # again.h5 has labels of its own, which are those of configuration 1 alone
        for data in ("grid.h5", "again.h5"):
            encode(tmp_path, config, tmp_path / data, tmp_path / "e.h5")
            with h5py.File(tmp_path / "out/study.h5") as f, h5py.File(tmp_path / "e.h5") as e:
                np.testing.assert_array_equal(e["label"][()], f[f"data{'/set1' if config else ''}/labels/train"][()])
                np.testing.assert_array_equal(e["mean"][()], f[f"configs/c000{config}/posterior/train/mean"][()])
    factors_that_tell_no_class(tmp_path)


def factors_that_tell_no_class(tmp_path):
    """Of the second configuration, which has learned the values of factor 2."""
    factors = np.tile([0, 0.5, 0, 0, 0], (4, 1))
    other, few = factors.copy(), factors[:, :1]
    other[2, 1] = 0.55
    for beside, said in [({"factors": other}, "factor 2 of sample 2 is 0.55, of which c0001 has learned no class"),
                         ({"factors": few}, "no table of 4 samples with a factor number 2"), ({"factors": factors[:3]}, "no table of 4 samples"),
                         ({"factors": factors.astype("i4")}, "no table of 4 samples"), ({"label": np.zeros(4, "i4")}, "which is the value of factor 2")]:
        with h5py.File(tmp_path / "x.h5", "w") as f:
            f["x"] = np.zeros((4, 16, 16), "u1")
            for name, values in beside.items():
                f[name] = values
        assert said in encode(tmp_path, 1, tmp_path / "x.h5", tmp_path / "no.h5", expect=2).stderr
    encode(tmp_path, 1, tmp_path / "x.h5", tmp_path / "yes.h5", "--label", "3")
    with h5py.File(tmp_path / "out/configs/c0001.h5", "a") as f:
        del f["configs/c0001/class_values"]
    assert "that are c0001's classes cannot be read" in encode(tmp_path, 1, tmp_path / "grid.h5", tmp_path / "no.h5", expect=2).stderr
    assert not (tmp_path / "no.h5").exists()


@pytest.mark.parametrize("data,said", [
    ("source: sprites, label: 6", "data.label: 6; sprites have 5 factors"),
    ("source: digits, label: 1", "data.label: digits has no factors whose values are classes"),
    ("source: hdf5, label: 2", "data.label: factor 2 has more than 1024 values"), ("source: hdf5, label: 3", "data.label: factor 3 of row 7 is not finite"),
    ("source: hdf5, label: 4", "data.label: 4; these data have 3 factors"), ("source: hdf5", "data.label may take them from factors"),
])
def test_factors_that_are_no_classes(tmp_path, data, said):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = np.zeros((2000, 4), "f4")
        factors = np.vstack([np.arange(2000) % 3, np.arange(2000), np.zeros(2000)]).T
        factors[7, 2] = np.nan
        f["factors"] = factors
    data = data.replace("hdf5", f"hdf5, path: {tmp_path}/x.h5")
    (tmp_path / "s.yaml").write_text(f"study: s\ndata: {{{data}}}\nmodel: {{condition: label}}\n")
    assert said in betafield("plan", tmp_path / "s.yaml", expect=2).stderr


# --- theory -----------------------------------------------------------------------------------------------------------

WITHIN = np.array([[1.91, 0.74], [0.74, 1.46]])         # of two entries, given the third of a Gaussian: the eigenvalues are
LAMBDA = (2.45845006, 0.91154994)
CENTRES = np.array([[3.0, 0], [0, -3], [-3, 3]])

LINEAR = """\
study: within
seed: 5
data: {source: hdf5, path: DATA}
model: {net: linear, latent: 2, condition: label}
train: {epochs: 750, batch: 500, lr: 3.0e-2, schedule: cosine}
measure: {rd: {}, nll: {samples: 50, rows: all}}
sweep:
  pairs:
    - {likelihood.variance: fixed, objective.beta: 1, model.latent: 1, model.net: linear}
    - {likelihood.variance: fixed, objective.beta: 0.5, model.latent: 2, model.net: linear}
    - {likelihood.variance: learned, objective.beta: 1, model.latent: 1, model.net: linear}
    - {likelihood.variance: learned, objective.beta: 1, model.latent: 1, model.net: mlp}
"""


def classes_in_the_plane(path):
    """Three classes of unequal size, far from each other; about its centre each varies, and all together by WITHIN exactly."""
    rng = np.random.default_rng(3)
    label = np.repeat([0, 1, 2], [400, 200, 1400])
    e = rng.standard_normal((2000, 2)) @ np.diag([3, 1])
    for c in range(3):
        e[label == c] -= e[label == c].mean(0)
    x = CENTRES[label] + e @ np.linalg.inv(np.linalg.cholesky(e.T @ e / 2000)).T @ np.linalg.cholesky(WITHIN).T
    with h5py.File(path, "w") as f:
        f["train/x"], f["train/label"] = x.astype("f4"), label
        f["test/x"], f["test/label"] = x[::50].astype("f4"), label[::50]


def test_a_linear_model_finds_the_optimum_within_classes(tmp_path):
    assert np.linalg.eigvalsh(WITHIN)[::-1] == pytest.approx(LAMBDA, abs=1e-8)
    classes_in_the_plane(tmp_path / "data.h5")
    (tmp_path / "study.yaml").write_text(LINEAR.replace("DATA", str(tmp_path / "data.h5")))
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", "--set", "model.hidden=[]", ranks=2)
    first, second = LAMBDA
    log_2_pi = np.log(2 * np.pi)
    ppca = 0.5 * (2 * log_2_pi + np.log(first) + np.log(second) + 2)        # its variance is what is left out, the second eigenvalue
    expected = [  # rate, distortion, -log p(x|label)
        (0.5 * np.log(first), (1 + second) / 2 + log_2_pi, 0.5 * (2 * log_2_pi + np.log(first) + 1 + second)),
        (0.5 * np.log(first * second / 0.25), 0.5 + log_2_pi, 0.5 * (2 * log_2_pi + sum(np.log(v + 0.5) + v / (v + 0.5) for v in LAMBDA))),
        (0.5 * np.log(first / second), log_2_pi + np.log(second) + 1, ppca),
        (0.5 * np.log(first / second), log_2_pi + np.log(second) + 1, ppca),
    ]
    with h5py.File(tmp_path / "out/study.h5") as f:
        for i, (rate, distortion, nll) in enumerate(expected):
            beta = f["sweep/objective_beta"][i]
            assert f["metrics/rate"][i, 0] == pytest.approx(rate, abs=5e-3), i
            assert f["metrics/distortion"][i, 0] == pytest.approx(distortion, abs=5e-3), i
            loss = f["metrics/distortion"][i, 0] + beta * f["metrics/rate"][i, 0]
            assert loss == pytest.approx(distortion + beta * rate, abs=6e-4), i
            assert f["metrics/nll"][i, 0] == pytest.approx(nll, abs=5e-3), i
        for i in (0, 1, 2):
            home = f[f"configs/c{i:04d}"]
            drawn = home["samples_label"][()]
            nearest = np.linalg.norm(home["samples"][()][:, None] - CENTRES, axis=2).argmin(1)
            assert (nearest == drawn).mean() > 0.85 and 30 <= (drawn == 2).sum() <= 58
            assert np.abs(home["reconstructions"][()] - home["inputs"][()]).max() < 5


def optimum(eigenvalues, beta):
    """Reverse water-filling: rate and distortion of two entries at variance 1."""
    kept = [v for v in eigenvalues if v > beta]
    return 0.5 * sum(np.log(v / beta) for v in kept), 0.5 * (len(kept) * beta + sum(eigenvalues) - sum(kept)) + np.log(2 * np.pi)


def test_one_model_told_beta_and_class_traces_the_curve_within_classes(tmp_path):
    """What the class explains costs no rate: the curve is that of WITHIN. A model that is told beta alone pays for all the samples' covariance."""
    classes_in_the_plane(tmp_path / "data.h5")
    study = LINEAR.split("sweep:")[0].replace("DATA", str(tmp_path / "data.h5")).replace("lr: 3.0e-2", "lr: 1.0e-2").replace("epochs: 750", "epochs: 800")
    study = study.replace("net: linear, latent: 2, condition: label", "net: mlp, hidden: [16], activation: linear, latent: 2, modulation: root")
    study = study.replace("{rd: {}, nll: {samples: 50, rows: all}}", "{rd: {samples: 64}}") + """\
likelihood: {variance: fixed}
objective: {beta: {range: [0.1, 5]}, grid: [0.2, 0.5, 1.5, 3]}
sweep:
  model.condition: [[beta, label], beta]
"""
    (tmp_path / "study.yaml").write_text(study)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", ranks=2)
    with h5py.File(tmp_path / "data.h5") as f:
        total = np.linalg.eigvalsh(np.cov(f["train/x"][()].T, bias=True))
    assert total.min() > 3 > max(LAMBDA)
    with h5py.File(tmp_path / "out/study.h5") as f:
        for config, eigenvalues in enumerate((LAMBDA, total)):
            for i, beta in enumerate(f["beta_grid"]):
                rate, distortion = (f[f"metrics_by_beta/{name}"][config, i, 0] for name in ("rate", "distortion"))
                wanted = optimum(eigenvalues, beta)
                assert rate == pytest.approx(wanted[0], abs=0.05), (config, beta)
                assert distortion + beta * rate == pytest.approx(wanted[1] + beta * wanted[0], abs=0.02), (config, beta)
