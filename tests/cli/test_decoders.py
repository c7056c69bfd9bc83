"""Every likelihood of the decoder: trained, evaluated, continued; its numbers rebuilt by NumPy from what the file holds."""
import math

import h5py
import numpy as np
import pytest
from betafield import assert_same_bits, betafield, kill_in_training

DECODERS = [("gaussian", v) for v in ("fixed", "learned", "optimal", "per-image", "per-pixel", "decoder")]
DECODERS += [(kind, "learned") for kind in ("bernoulli", "categorical", "bitwise", "logistic-mixture", "student-t", "log-abs")]
DISCRETE = {"categorical", "bitwise", "logistic-mixture"}
STUDY = """\
study: decoders
data: {source: digits, train: 192, test: 96, digits: {side: 8}}
model: {hidden: [12], latent: 3, activation: tanh}
train: {epochs: 3, batch: 32, lanes: 2, lr: 2.0e-3}
likelihood: {components: 3, floor: 1.0e-3}
measure: [rd]
sweep:
  pairs:
""" + "".join(f"    - {{likelihood.kind: {kind}, likelihood.variance: {variance}}}\n" for kind, variance in DECODERS)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoders")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    betafield("data", folder / "study.yaml", "-o", folder / "data.h5")
    return folder


@pytest.mark.parametrize("team", [1, 2])
def test_two_ranks_give_the_same_bits(alone, tmp_path, team):
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--set", f"parallel.ranks_per_config={team}", ranks=2)
    assert_same_bits(alone / "out", tmp_path / "out")


def test_killed_again_and_again_gives_the_same_bits(alone, tmp_path):
    """Three decoders are killed in the middle of their trainings; the last command finishes what is left."""
    longer = ["--set", "train.epochs=30"]
    arguments = ["run", alone / "study.yaml", "-o", tmp_path / "out", *longer]
    for config in (3, 8, 10):
        kill_in_training([*arguments, "--only", config], tmp_path / "out")
        assert {path.name[:5] for path in (tmp_path / "out/checkpoints").iterdir()} >= {f"c{config:04d}"}
    betafield(*arguments, ranks=2)
    betafield("run", alone / "study.yaml", "-o", tmp_path / "whole", *longer)
    assert_same_bits(tmp_path / "whole", tmp_path / "out")


def dense(weights, name, x):
    return x @ weights[name + ".weight"].astype(float).T + weights[name + ".bias"].astype(float)


def softclip(h):
    return -6 + np.logaddexp(0, h + 6)


def logsumexp(a, axis):
    most = a.max(axis, keepdims=True)
    return np.log(np.exp(a - most).sum(axis)) + most.squeeze(axis)


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def gaussian(x, mean, log_std):
    return 0.5 * ((x - mean) / np.exp(log_std)) ** 2 + log_std + 0.5 * math.log(2 * math.pi)


def student_t(x, mean, log_std, nu):
    lgamma = np.vectorize(math.lgamma)
    e = (x - mean) ** 2 / np.exp(2 * log_std)
    return lgamma(nu / 2) - lgamma((nu + 1) / 2) + 0.5 * np.log(nu * math.pi) + log_std + (nu + 1) / 2 * np.log1p(e / nu)


def logistic_mixture(v, heads):
    logit, mean, log_s = np.moveaxis(heads, 2, 0).reshape(3, -1, *v.shape)
    s, y = np.exp(np.maximum(log_s, -7)), 2 * v / 255 - 1
    upper = np.where(v == 255, 1, sigmoid((y + 1 / 255 - mean) / s))
    lower = np.where(v == 0, 0, sigmoid((y - 1 / 255 - mean) / s))
    return logsumexp(logit, 0) - logsumexp(logit + np.log(upper - lower), 0)


def entries(kind, variance, weights, hidden, x):
    """-log p of every entry (sample, entry), and the variance its sample is charged with."""
    raw = dense(weights, "decoder.output", hidden)
    v = np.rint(255 * x)
    if kind == "gaussian" and variance == "per-pixel":
        log_std = softclip(dense(weights, "decoder.variance", hidden))
        return gaussian(x, raw, log_std), np.exp(2 * log_std).mean(1)
    if kind == "gaussian" and variance == "decoder":
        log_std = softclip(dense(weights, "decoder.variance", hidden))
        return gaussian(x, raw, log_std), np.exp(2 * log_std)[:, 0]
    if kind == "gaussian":
        shared = {"fixed": np.zeros(1), "per-image": np.log(((x - raw) ** 2).mean(1, keepdims=True))}.get(variance)
        log_std = 0.5 * (weights["likelihood.log_variance"].astype(float) if shared is None else shared)
        return gaussian(x, raw, log_std), np.exp(2 * log_std)
    heads = raw.reshape(*x.shape, -1)
    if kind == "student-t":
        nu = 0.01 + np.logaddexp(0, dense(weights, "decoder.dof", hidden))
        return student_t(x, raw, softclip(dense(weights, "decoder.scale", hidden)), nu), None
    if kind == "log-abs":
        return 0.5 * np.log((x - raw) ** 2 + 1e-3), None
    if kind == "bernoulli":
        return np.logaddexp(0, raw) - x * raw, None
    if kind == "categorical":
        return logsumexp(heads, 2) - np.take_along_axis(heads, v[..., None].astype(int), 2)[..., 0], None
    if kind == "bitwise":
        bits = (v[..., None].astype(int) >> np.arange(8)) & 1
        return (np.logaddexp(0, heads) - bits * heads).sum(2), None
    return logistic_mixture(v, heads), None


@pytest.mark.parametrize("config", range(len(DECODERS)), ids=["-".join(d) for d in DECODERS])
def test_numpy_reproduces_the_distortion(alone, config):
    kind, variance = DECODERS[config]
    with h5py.File(alone / "out" / "study.h5") as f, h5py.File(alone / "data.h5") as d:
        group = f[f"configs/c{config:04d}"]
        weights = {name: item[()] for name, item in group["weights"].items()}
        for s, split in enumerate(["train", "test"]):
            x = d[f"{split}/x"][()].reshape(len(d[f"{split}/x"]), -1) / 255.0
            hidden = np.tanh(dense(weights, "decoder.0", group[f"posterior/{split}/z"][()].astype(float)))
            nll, charged = entries(kind, variance, weights, hidden, x)
            assert f["metrics/distortion"][config, s] == pytest.approx(nll.sum(1).mean(), rel=2e-6)
            if charged is None:
                assert np.isnan(f["metrics/variance"][config, s])
            else:
                assert f["metrics/variance"][config, s] == pytest.approx(charged.mean(), rel=2e-6)
        if kind in DISCRETE:
            assert f["metrics/bits_per_dim"][config, 1] == pytest.approx(-f["metrics/elbo"][config, 1] / (x.shape[1] * math.log(2)), rel=1e-12)
            for name in ("samples", "reconstructions"):
                assert 0 <= group[name][()].min() and group[name][()].max() <= 1
        if kind == "log-abs" or variance == "per-image":        # no distribution, no code
            assert np.isnan(f["metrics/bits_per_dim"][config]).all()
        history = f["history/variance"][config]
        assert np.isfinite(history).all() == (kind == "gaussian")


def test_encoding_gives_the_decoder_mean(alone, tmp_path):
    for config in range(len(DECODERS)):
        betafield("encode", alone / "out", "--config", config, alone / "data.h5", "--dataset", "test/x", "-o", tmp_path / "new.h5")
        with h5py.File(tmp_path / "new.h5") as f, h5py.File(alone / "out" / "study.h5") as study:
            stored = study[f"configs/c{config:04d}/reconstructions"][()]
            np.testing.assert_allclose(f["reconstruction"][()][: len(stored)], stored, atol=1e-6)
        (tmp_path / "new.h5").unlink()


@pytest.mark.parametrize("kind", sorted(DISCRETE))
@pytest.mark.parametrize("data", ["data.source=patches", "data.scale=standardize"])
def test_bytes_are_what_discrete_likelihoods_are_for(tmp_path, kind, data):
    (tmp_path / "study.yaml").write_text("study: f32\ndata: {source: digits}\n")
    for command in (["plan"], ["run", "-o", tmp_path / "out"]):
        refused = betafield(command[0], tmp_path / "study.yaml", *command[1:], "--set", data, "--set", f"likelihood.kind={kind}", expect=2)
        assert f"{kind} is a discrete likelihood: it needs u8 data" in refused.stderr
