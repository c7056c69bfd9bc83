"""Networks in words: the same bits for any team, kill and resume; NumPy rebuilds one from its file; what does not fit is told before anything runs."""
import re

import h5py
import numpy as np
import pytest
from betafield import assert_kill_changes_nothing, assert_same_bits, betafield

# Batch and spectral normalisation, residual and transposed layers, a running average of each kind; samples that do not fill a block; parameters
# enough that the ranks of a team share them.
BITS = """\
study: bits
seed: 5
data: {source: digits, train: 200, test: 90, digits: {side: 12}}
model:
  net: described
  latent: 3
  output: sigmoid
  encoder: [conv 6 4x4 /2 sn lrelu0.2, conv 8 3x3 /2 bn relu, res 8 bn relu, fc 192 bn elu]
  decoder: [fc H/4xW/4x8 bn relu, deconv 6 4x4 /2 bn relu, output deconv 4x4 /2]
train: {epochs: 2, batch: 32, lanes: 4, lr: 2.0e-3, evaluate_every: 1}
measure: [rd, active]
sweep:
  likelihood.variance: [learned, optimal]
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    (folder / "study.yaml").write_text(BITS)
    betafield("run", folder / "study.yaml", "-o", folder / "out")
    return folder


@pytest.mark.parametrize("ranks,team", [(2, 1), (2, 2), (4, 4)])
def test_the_same_bits_on_any_team(alone, tmp_path, ranks, team):
    betafield("run", alone / "study.yaml", "-o", tmp_path / "out", "--set", f"parallel.ranks_per_config={team}", ranks=ranks)
    assert_same_bits(alone / "out", tmp_path / "out")


def test_the_same_bits_in_bf16_on_any_team(alone, tmp_path):
    narrow = ["run", alone / "study.yaml", "--set", "train.precision=bf16", "--set", "train.keep=best", "-o"]
    betafield(*narrow, tmp_path / "alone")
    betafield(*narrow, tmp_path / "team", "--set", "parallel.ranks_per_config=2", ranks=2)
    assert_same_bits(tmp_path / "alone", tmp_path / "team")
    with h5py.File(alone / "out" / "study.h5") as wide, h5py.File(tmp_path / "team" / "study.h5") as f:
        assert np.all(f["metrics/distortion"][()] != wide["metrics/distortion"][()])


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_the_same_bits_after_a_kill(alone, tmp_path, precision):
    assert_kill_changes_nothing(alone / "study.yaml", tmp_path, "--set", "train.epochs=40", "--set", f"train.precision={precision}")


def test_the_effective_study_is_the_study(alone, tmp_path):
    betafield("run", alone / "out" / "study.yaml", "-o", tmp_path / "out")
    assert_same_bits(alone / "out", tmp_path / "out")


def test_new_data_through_stored_weights(alone, tmp_path):
    betafield("data", alone / "study.yaml", "-o", tmp_path / "data.h5")
    betafield("encode", alone / "out", "--config", "0", tmp_path / "data.h5", "-o", tmp_path / "codes.h5")
    with h5py.File(alone / "out" / "study.h5") as f, h5py.File(tmp_path / "codes.h5") as codes:
        np.testing.assert_allclose(codes["mean"][()], f["configs/c0000/posterior/train/mean"][()], atol=1e-6)


# --- PyTorch's order, read with NumPy alone ---------------------------------------------------------------------------


def conv(x, weight, bias, stride=1, pad=0):
    """x (n, c, h, w); pad: the same number on all sides, or ((top, bottom), (left, right))."""
    rows, cols = ((pad, pad), (pad, pad)) if isinstance(pad, int) else pad
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (0, 0), rows, cols)), weight.shape[2:], axis=(2, 3))
    y = np.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], weight, optimize=True)
    return y if bias is None else y + bias[:, None, None]


def deconv(x, weight, bias, stride, pad, out_pad=0):
    """As torch.nn.ConvTranspose2d: weight (in, out, k, k)."""
    n, _, h, w = x.shape
    k = weight.shape[2]
    y = np.zeros((n, weight.shape[1], (h - 1) * stride + k + out_pad, (w - 1) * stride + k + out_pad))
    for i in range(h):
        for j in range(w):
            y[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += np.einsum("nc,coij->noij", x[:, :, i, j], weight)
    y = y[:, :, pad : y.shape[2] - pad, pad : y.shape[3] - pad]
    return y + bias[:, None, None]


def same(size, k, stride):
    total = max((-(-size // stride) - 1) * stride + k - size, 0)
    return total // 2, total - total // 2


def norm(x, w, name):
    scale = w[name + ".bn.weight"] / np.sqrt(w[name + ".bn.running_var"] + 1e-5)
    shift = w[name + ".bn.bias"] - w[name + ".bn.running_mean"] * scale
    axes = (slice(None),) + (None,) * (x.ndim - 2)
    return x * scale[axes] + shift[axes]


def fc(x, w, name):
    y = x.reshape(len(x), -1) @ w[name + ".weight"].T
    return y + w[name + ".bias"] if name + ".bias" in w else y


def relu(x):
    return np.maximum(x, 0)


READER = """\
study: reader
data: {source: digits, train: 320, test: 200, digits: {side: 12}}
model:
  net: described
  latent: 3
  encoder: [conv 6 4x4 /2 p1 lrelu, conv 8 3x3 /2 bn relu, res 8 relu, res 4 3x3 bn relu, fc 20 bn tanh]
  decoder: [fc H/4xW/4x8 bn relu, deconv 6 3x3 /2 p1 op1 relu, output deconv 4x4 /2 p1]
likelihood: {kind: bernoulli}
train: {epochs: 3, batch: 32, lr: 3.0e-3}
measure: [rd]
"""


def encoder(w, x):
    x = conv(x, w["encoder.0.weight"], w["encoder.0.bias"], 2, 1)
    x = np.where(x < 0, 0.01 * x, x)
    pad = same(x.shape[2], 3, 2), same(x.shape[3], 3, 2)
    x = relu(norm(conv(x, w["encoder.1.weight"], None, 2, pad), w, "encoder.1"))
    y = relu(conv(x, w["encoder.2.conv1.weight"], w["encoder.2.conv1.bias"], 1, 1))
    x = x + conv(y, w["encoder.2.conv2.weight"], w["encoder.2.conv2.bias"], 1, 1)
    y = relu(norm(conv(x, w["encoder.3.conv1.weight"], None, 1, 1), w, "encoder.3.conv1"))
    y = norm(conv(y, w["encoder.3.conv2.weight"], None, 1, 1), w, "encoder.3.conv2")
    x = y + norm(conv(x, w["encoder.3.shortcut.weight"], None), w, "encoder.3.shortcut")
    return np.tanh(norm(fc(x, w, "encoder.4"), w, "encoder.4"))


def decoder(w, z):
    x = relu(norm(fc(z, w, "decoder.0").reshape(len(z), 8, 3, 3), w, "decoder.0"))
    x = relu(deconv(x, w["decoder.1.weight"], w["decoder.1.bias"], 2, 1, 1))
    return deconv(x, w["decoder.output.weight"], w["decoder.output.bias"], 2, 1)


def test_numpy_rebuilds_a_convolutional_network(tmp_path):
    (tmp_path / "study.yaml").write_text(READER)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out")
    betafield("data", tmp_path / "study.yaml", "-o", tmp_path / "data.h5")
    with h5py.File(tmp_path / "out" / "study.h5") as f, h5py.File(tmp_path / "data.h5") as d:
        group = f["configs/c0000"]
        w = {name: item[()].astype(float) for name, item in group["weights"].items()}
        attributes = {name: value.decode() for name, value in group["weights"].attrs.items() if isinstance(value, bytes)}
        assert attributes["network"] == "described"
        assert attributes["encoder"] == re.search(r"encoder: (.*)", READER)[1]
        assert attributes["decoder"] == re.search(r"decoder: (.*)", READER)[1]
        assert w["encoder.0.weight"].shape == (6, 1, 4, 4) and w["decoder.1.weight"].shape == (8, 6, 3, 3)
        for split in "train", "test":
            features = encoder(w, d[f"{split}/x"][()][:, None].astype(float) / 255)
            mean, logvar = fc(features, w, "posterior.mean"), fc(features, w, "posterior.logvar")
            np.testing.assert_allclose(group[f"posterior/{split}/mean"][()], mean, atol=1e-5, rtol=1e-5)
            np.testing.assert_allclose(group[f"posterior/{split}/logvar"][()], np.clip(logvar, -20, 10), atol=1e-5, rtol=1e-5)
        shown = group["reconstructions"][()]
        recon = 1 / (1 + np.exp(-decoder(w, mean[: len(shown)])))
        np.testing.assert_allclose(shown, recon[:, 0], atol=1e-5)


# --- what does not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overrides,sentence", [
    (["model.net=resnet"], "model.net: resnet, decoder layer 6 'output conv 3x3': ends at 8 x 8 positions, the data have 12 x 12"),
    (["model.net=tcvae-conv"], "model.net: tcvae-conv, encoder layer 4 'conv 64 4x4 /2 p1 bn relu': a window of 4 with padding 1 does not fit 1 x 1 positions"),
    (["model.net=sigma", "data.source=lowrank"], "model.net: sigma, encoder layer 1 'conv 32 3x3 p1 relu': needs images; the data have one dimension"),
    (["model.net=described", "model.encoder=[conv 8 3x3 reul]"], "model.encoder: layer 1 'conv 8 3x3 reul', word 4 'reul': "),
    (["model.net=described", "model.encoder=[conv 8 3x3 reul]"], "did you mean relu?"),
    (["model.net=described", "model.decoder=[output conv 3x3, fc 3]"], "model.decoder: layer 1: output is the last layer of a decoder"),
    (["model.net=described", "model.encoder=[res 4 4x4 /2 p1 relu, res 4 4x4 /2 p1 relu, res 4 4x4 /2 p1 relu]"], "its layers make 1 x 1 positions and its shortcut 2 x 2"),
    (["model.net=described"], "model.net: described needs its layers"),
    (["model.net=described", "model.encoder=3"], "model.encoder: expected a list of layers, got '3'"),
    (["model.net=described", f"model.encoder={['fc 3'] * 49}"], "expected a list of 0 to 48 values, got 49"),
    (["model.encoder=[fc 3]"], "model.encoder: "),
    (["model.net=sigma", "sweep={model.encoder: [[fc 3]]}"], "this key cannot be swept"),
    (["model.net=sigam"], "did you mean sigma?"),
])
def test_what_does_not_fit_is_told_with_its_key(study, overrides, sentence):
    path = study("study: wrong\ndata: {source: digits, digits: {side: 12}}\n")
    settings = [word for override in overrides for word in ("--set", override)]
    for command in ["plan"], ["run", "-o", path.parent / "out"]:
        done = betafield(command[0], path, *command[1:], *settings, expect=2)
        assert sentence in done.stderr
    assert not (path.parent / "out").exists()


def test_networks_as_values_of_a_sweep(study):
    path = study("study: nets\ndata: {source: digits, train: 64, test: 64}\nmodel: {encoder: [fc 8 relu], decoder: [fc 8 relu]}\n"
                 "train: {batch: 32}\nsweep: {model.net: [mlp, described, sigma, infogan]}\n")
    assert "4 configurations" in betafield("plan", path).stdout
