"""One model for a range of beta: its tables, the same bits on any team and after a kill, and NumPy's word for what it is told."""
import shutil

import h5py
import numpy as np
import pytest
from betafield import assert_kill_changes_nothing, assert_same_bits, betafield

STUDY = """\
study: told
seed: 5
data: {source: patches, train: 600, test: 300}
model: {hidden: [16], latent: 3, activation: tanh, condition: beta}
objective: {beta: {range: [0.01, 10]}, grid: {log: [0.01, 10, 4]}, betas_per_sample: 2, warmup: 1}
train: {epochs: 4, batch: 64, lanes: 4, lr: 3.0e-3, evaluate_every: 2}
output: {betas: [0.1, 10], samples: 9}
sweep:
  pairs:
    - {model.condition: beta, model.modulation: gate, objective.beta: {range: [0.01, 10]}}
    - {model.condition: beta, model.modulation: film, objective.beta: {range: [0.01, 10]}}
    - {model.condition: beta, model.modulation: concat, objective.beta: {range: [0.01, 20]}}
    - {model.condition: none, model.modulation: gate, objective.beta: 0.5}
    - {model.condition: beta, model.modulation: cconv, objective.beta: {range: [0.01, 10]}}
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


@pytest.mark.parametrize("ranks,team", [(2, 2), (4, 4), (3, 1)])
def test_ranks_and_teams(alone, tmp_path, ranks, team):
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--set", f"parallel.ranks_per_config={team}", ranks=ranks)
    assert_same_bits(alone / "out", tmp_path / "out")


def test_killed_and_continued(alone, tmp_path):
    assert_kill_changes_nothing(alone / "study.yaml", tmp_path, "--set", "train.epochs=40")


def test_tables(alone, tmp_path):
    betafield("pack", alone / "out", "-o", tmp_path / "packed.h5")
    for path in (alone / "out/study.h5", tmp_path / "packed.h5"):
        with h5py.File(path) as f:
            rate, distortion = f["metrics_by_beta/rate"], f["metrics_by_beta/distortion"][()]
            assert rate.shape == (5, 4, 2)
            assert [d.keys()[0] for d in rate.dims] == ["config", "beta_grid", "split"]
            np.testing.assert_allclose(f["beta_grid"][()], [0.01, 0.1, 1, 10], rtol=1e-12)
            assert np.isfinite(rate[:3]).all() and np.isfinite(rate[4]).all() and np.isnan(rate[3]).all() and np.isfinite(distortion[:3]).all()
            assert np.isnan(f["metrics/rate"][:3]).all() and np.isfinite(f["metrics/rate"][3]).all()
            assert np.isnan(f["sweep/objective_beta"][:3]).all() and f["sweep/objective_beta"][3] == 0.5
            assert np.isfinite(f["history/rate"][()]).all() and np.isfinite(f["history/test_rate"][0, 1])
            assert (np.diff(rate[:3, :3, 0], axis=1) < 0).all()         # what beta asks for is less rate
            for c in range(3):
                home = f[f"configs/c{c:04d}"]
                np.testing.assert_array_equal(home["metrics_by_beta/rate"][()], rate[c])
                assert home["posterior"].attrs["beta"] == 1 and home["latents"].attrs["beta"] == 1
                np.testing.assert_allclose(home["latents/kl"][()].sum(), rate[c, 2, 0], rtol=1e-6)
    betafield("verify", alone / "out")
    betafield("verify", tmp_path / "packed.h5")


def test_stored_at_chosen_betas(alone, tmp_path):
    """What lies at a chosen beta is what the model is at that beta: the tables, the encoder, and the group of the beta nearest 1 say so."""
    betafield("pack", alone / "out", "-o", tmp_path / "packed.h5")
    betafield("data", alone / "study.yaml", "-o", tmp_path / "data.h5")
    betafield("encode", alone / "out", "--config", 0, tmp_path / "data.h5", "--dataset", "test/x", "-o", tmp_path / "e.h5", "--beta", 10)
    for path in (alone / "out/study.h5", tmp_path / "packed.h5"):
        with h5py.File(path) as f, h5py.File(tmp_path / "e.h5") as e:
            assert "by_beta" not in f["configs/c0003"]
            for c in (0, 1, 2, 4):
                home = f[f"configs/c{c:04d}"]
                assert {name: at.attrs["beta"] for name, at in home["by_beta"].items()} == {"b0": 0.1, "b1": 10}
                for k, at in zip((1, 3), home["by_beta"].values()):
                    rate = f["metrics_by_beta/rate"][c, k, 0]
                    np.testing.assert_allclose(at["latents/kl"][()].sum(), rate, rtol=1e-6)
                    mean, logvar = (at[f"posterior/train/{part}"][()].astype(float) for part in ("mean", "logvar"))
                    np.testing.assert_allclose(0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum(1).mean(), rate, rtol=1e-5, atol=1e-6)
                    np.testing.assert_array_equal(at["second_stage/train"][()], at["posterior/train/z"][()])
                    assert at["latents/histogram"][()].sum() == 600 * 3 and at["latents/histogram"].attrs["dims"] == b"latent bin"
                    assert set(at) == {"posterior", "second_stage", "latents", "samples", "reconstructions"}
                    assert at["samples"].shape == home["samples"].shape == (9, 5, 5)
            at = f["configs/c0000/by_beta/b1"]
            np.testing.assert_allclose(at["posterior/test/mean"][()], e["mean"][()], atol=1e-6)
            np.testing.assert_allclose(at["posterior/test/logvar"][()], e["logvar"][()], atol=1e-6)
            np.testing.assert_allclose(at["reconstructions"][()], e["reconstruction"][:9], atol=1e-6)


@pytest.mark.parametrize("betas,said", [
    ("[20]", "output.betas: the model will not have learned 20"), ("[1, 0.1]", "output.betas: 0.1 follows 1; the values rise"),
    ("[0.5, 1]", "output.betas: the model will not have learned 0.5"),      # cconv knows the values of the grid alone
])
def test_betas_it_will_not_have_learned(alone, betas, said):
    assert said in betafield("plan", alone / "study.yaml", "--set", f"output.betas={betas}", expect=2).stderr


def test_outputs_that_are_asked_for_too_late_are_said(alone, tmp_path):
    shutil.copytree(alone / "out", tmp_path / "out")

    def again(*settings):
        more = [word for s in settings for word in ("--set", s)]
        return betafield("run", alone / "study.yaml", "-o", tmp_path / "out", *more).stderr

    assert again() == again("output.progress_seconds=5") == ""
    assert "output.betas: 4 ended configurations were written with other values; only --fresh" in again("output.betas=[0.1, 1, 10]")
    assert "output.betas, output.samples: 5 ended configurations" in again("output.betas=none", "output.samples=3")
    assert again() == ""
    assert_same_bits(alone / "out", tmp_path / "out")


def test_verify_compares_the_tables_by_beta(alone, tmp_path):
    """Every dataset is whole, but two tables have exchanged their names; then a table is missing."""
    shutil.copytree(alone / "out", tmp_path / "out")
    with h5py.File(tmp_path / "out/study.h5", "r+") as f:
        tables = f["metrics_by_beta"]
        for old, new in [("rate", "kept"), ("distortion", "rate"), ("kept", "distortion")]:
            tables.move(old, new)
    done = betafield("verify", tmp_path / "out", expect=2)
    assert "configuration 0: metrics_by_beta/distortion: the table has" in done.stdout
    assert "configuration 3" not in done.stdout         # it has none
    with h5py.File(tmp_path / "out/study.h5", "r+") as f:
        del f["metrics_by_beta/rate"], f["metrics_by_beta/distortion"]
    assert "metrics_by_beta/distortion: the configuration has it, the tables do not" in betafield("verify", tmp_path / "out", expect=2).stdout


def told(config, w, x, beta, high):
    """Encoder mean and log variance, and the reconstruction at the mean."""
    middle, slope = 0.5 * (np.log(0.01) + np.log(high)), 0.5 * (np.log(high) - np.log(0.01)) / np.sqrt(3)
    n = (np.log(beta) - middle) / slope

    def layer(side, v):
        if config == 2:
            v = np.concatenate([v, np.full((len(v), 1), n)], axis=1)
        v = v @ w[f"{side}.0.weight"].T + w[f"{side}.0.bias"]
        if config == 0:
            raw = w[f"{side}.0.gate.weight"] * n + w[f"{side}.0.gate.bias"]
            v = v * (1 / (1 + np.exp(-raw)) if side == "encoder" else np.sqrt(np.maximum(1 - np.exp(raw), 0)))
        if config == 1:
            film = {part: w[f"{side}.0.film.{part}.weight"] * n + w[f"{side}.0.film.{part}.bias"] for part in ("scale", "shift")}
            v = v * (1 + film["scale"]) + film["shift"]
        if config == 4:
            k = int(round(np.log10(beta / 0.01)))
            v = v * np.log1p(np.exp(w[f"{side}.0.cconv.factor"][k])) + w[f"{side}.0.cconv.addend"][k]
        return np.tanh(v)

    hidden = layer("encoder", x)
    mean = hidden @ w["posterior.mean.weight"].T + w["posterior.mean.bias"]
    logvar = hidden @ w["posterior.logvar.weight"].T + w["posterior.logvar.bias"] + w["posterior.logvar.log_beta"] * np.log(beta)
    return mean, logvar, layer("decoder", mean) @ w["decoder.output.weight"].T + w["decoder.output.bias"]


@pytest.mark.parametrize("config,beta", [(c, b) for c in (0, 1, 2) for b in (0.01, 0.7, 10)] + [(4, 0.01), (4, 0.1), (4, 10)])
def test_encode_says_what_numpy_finds(alone, tmp_path, config, beta):
    x = np.random.default_rng(2).random((70, 5, 5)).astype("f4")
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = x
    betafield("encode", alone / "out", "--config", config, tmp_path / "x.h5", "-o", tmp_path / "e.h5", "--beta", beta)
    with h5py.File(alone / "out/study.h5") as f, h5py.File(tmp_path / "e.h5") as e:
        w = {name: item[()].astype(float) for name, item in f[f"configs/c{config:04d}/weights"].items()}
        mean, logvar, back = told(config, w, x.reshape(70, 25).astype(float), beta, 20 if config == 2 else 10)
        np.testing.assert_allclose(e["mean"][()], mean, atol=1e-5)
        np.testing.assert_allclose(e["logvar"][()], logvar, atol=1e-5)
        np.testing.assert_allclose(e["reconstruction"][()], back.reshape(70, 5, 5), atol=1e-5)
        assert e.attrs["beta"] == beta


@pytest.mark.parametrize("config,arguments,said", [
    (0, (), "--beta is missing: c0000 is one model for every beta in [0.01, 10]"), (0, ("--beta", "11"), "c0000 has learned the range [0.01, 10]"),
    (4, ("--beta", "0.7"), "c0004 has learned the grid's values in [0.01, 10]"), (3, ("--beta", "1"), "c0003 is not conditioned on beta"),
])
def test_encode_needs_a_beta_it_has_learned(alone, tmp_path, config, arguments, said):
    betafield("data", alone / "study.yaml", "-o", tmp_path / "data.h5")
    done = betafield("encode", alone / "out", "--config", config, tmp_path / "data.h5", "-o", tmp_path / "e.h5", *arguments, expect=2)
    assert said in done.stderr


def test_curve_shows_every_beta(alone):
    done = betafield("curve", alone / "out")
    assert done.stdout.count(" 0.01 ") >= 3, done.stdout


def test_nothing_is_written_over_what_is_read(alone, tmp_path):
    betafield("data", alone / "study.yaml", "-o", tmp_path / "data.h5")
    whole = (alone / "out" / "study.h5").read_bytes(), (tmp_path / "data.h5").read_bytes(), (alone / "study.yaml").read_bytes()
    encode = ("encode", alone / "out", "--config", "3", tmp_path / "data.h5", "-o")
    for arguments in [("curve", alone / "out", "-o", alone / "out" / "study.h5"), ("curve", alone / "out", "--csv", alone / "out" / "log.txt"),
                      (*encode, alone / "out" / "configs" / "c0003.h5"), (*encode, tmp_path / "data.h5"),
                      ("data", alone / "study.yaml", "-o", alone / "study.yaml")]:
        said = betafield(*arguments, expect=2).stderr
        assert "choose another name" in said
    assert whole == ((alone / "out" / "study.h5").read_bytes(), (tmp_path / "data.h5").read_bytes(), (alone / "study.yaml").read_bytes())
