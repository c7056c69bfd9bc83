"""An independent reader: NumPy rebuilds networks from the weights in study.h5 and reproduces posterior, rate and distortion."""
import h5py
import numpy as np
import pytest
from betafield import betafield

STUDY = """\
study: reader
data: {{source: digits, train: 512, test: 300, digits: {{side: 14}}}}
model: {{net: {net}, hidden: [20, 12], latent: 3, activation: {activation}, output: {output}}}
likelihood: {{kind: {kind}, variance: {variance}}}
train: {{epochs: 4, batch: 64, lr: 2.0e-3}}
measure: [rd, active]
objective: {{beta: 0.5}}
"""
ACTIVATION = {
    "relu": lambda a: np.maximum(a, 0),
    "leaky-relu": lambda a: np.where(a > 0, a, 0.01 * a),
    "tanh": np.tanh,
    "softplus": lambda a: np.logaddexp(0, a),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
}


def dense(weights, name, x):
    return x @ weights[name + ".weight"].astype(float).T + weights[name + ".bias"].astype(float)


def layers(weights, side, x, activate):
    i = 0
    while f"{side}.{i}.weight" in weights:
        x = activate(dense(weights, f"{side}.{i}", x))
        i += 1
    return x


@pytest.mark.parametrize("net,activation,output,kind,variance", [
    ("mlp", "relu", "linear", "gaussian", "learned"),
    ("mlp", "tanh", "sigmoid", "gaussian", "optimal"),
    ("mlp", "softplus", "linear", "gaussian", "per-image"),
    ("mlp", "elu", "linear", "bernoulli", "learned"),
    ("mlp", "leaky-relu", "sigmoid", "gaussian", "fixed"),
    ("linear", "relu", "linear", "gaussian", "fixed"),
])
def test_numpy_reproduces_posterior_rate_and_distortion(tmp_path, net, activation, output, kind, variance):
    text = STUDY.format(net=net, activation=activation, output=output, kind=kind, variance=variance)
    if kind != "gaussian":
        text = text.replace(f", variance: {variance}", "")
    (tmp_path / "study.yaml").write_text(text)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out")
    betafield("data", tmp_path / "study.yaml", "-o", tmp_path / "data.h5")
    with h5py.File(tmp_path / "out" / "study.h5") as f, h5py.File(tmp_path / "data.h5") as d:
        group = f["configs/c0000"]
        weights = {name: item[()] for name, item in group["weights"].items()}
        assert group["weights"].attrs["network"].decode() == net
        activate = ACTIVATION[activation]
        for s, split in enumerate(["train", "test"]):
            x = d[f"{split}/x"][()].reshape(len(d[f"{split}/x"]), -1) / 255.0
            features = layers(weights, "encoder", x, activate)
            mean = dense(weights, "posterior.mean", features)
            logvar = np.clip(dense(weights, "posterior.logvar", features), -20, 10)
            np.testing.assert_allclose(group[f"posterior/{split}/mean"][()], mean, atol=1e-5, rtol=1e-5)
            np.testing.assert_allclose(group[f"posterior/{split}/logvar"][()], logvar, atol=1e-5, rtol=1e-5)
            rate = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1).mean()
            assert f["metrics/rate"][0, s] == pytest.approx(rate, rel=1e-5)
            z = group[f"posterior/{split}/z"][()].astype(float)
            raw = dense(weights, "decoder.output", layers(weights, "decoder", z, activate))
            pixels = x.shape[1]
            if kind == "bernoulli":
                distortion = (np.logaddexp(0, raw) - x * raw).sum(1).mean()
            else:
                recon = 1 / (1 + np.exp(-raw)) if output == "sigmoid" else raw
                sse = ((x - recon) ** 2).sum(1)
                if net == "linear":  # affine decoders: the exact expectation over the posterior
                    recon_mean = dense(weights, "decoder.output", mean)
                    column = (weights["decoder.output.weight"].astype(float) ** 2).sum(0)
                    sse = ((x - recon_mean) ** 2).sum(1) + (np.exp(logvar) * column).sum(1)
                gamma = sse / pixels if variance == "per-image" else np.exp(float(weights.get("likelihood.log_variance", [0.0])[0]))
                distortion = (sse / (2 * gamma) + 0.5 * pixels * np.log(2 * np.pi * gamma)).mean()
                assert f["metrics/variance"][0, s] == pytest.approx(np.mean(gamma), rel=1e-5)
            assert f["metrics/distortion"][0, s] == pytest.approx(distortion, rel=1e-5, abs=1e-4)
            total = f["metrics/rate"][0, s] + f["metrics/distortion"][0, s]
            assert f["metrics/elbo"][0, s] == pytest.approx(-total, abs=1e-9)
