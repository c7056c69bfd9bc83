"""encode: new data through a trained model, held to NumPy."""
import h5py
import numpy as np
import pytest
from betafield import betafield

STUDY = """\
study: encode
data: {source: patches, train: 512, test: 256}
model: {hidden: [16], latent: 3, activation: tanh}
train: {epochs: 2, batch: 64}
"""


def write(path, x, name="x"):
    with h5py.File(path, "w") as f:
        f[name] = x
    return path


def encode(out, data, result, *more, config=0, **options):
    return betafield("encode", out, "--config", config, data, "-o", result, *more, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    (folder / "study.yaml").write_text(STUDY)
    betafield("run", folder / "study.yaml", "-o", folder / "out", "--quiet")
    return folder / "out"


def test_numpy_finds_the_same_numbers(trained, tmp_path):
    x = np.random.default_rng(1).random((300, 5, 5)).astype("f4")
    done = encode(trained, write(tmp_path / "x.h5", x), tmp_path / "e.h5")
    assert "300 samples" in done.stdout
    with h5py.File(trained / "configs/c0000.h5") as f, h5py.File(tmp_path / "e.h5") as e:
        w = {name: item[()].astype(float) for name, item in f["configs/c0000/weights"].items()}
        hidden = np.tanh(x.reshape(300, 25).astype(float) @ w["encoder.0.weight"].T + w["encoder.0.bias"])
        mean = hidden @ w["posterior.mean.weight"].T + w["posterior.mean.bias"]
        logvar = hidden @ w["posterior.logvar.weight"].T + w["posterior.logvar.bias"]
        back = np.tanh(mean @ w["decoder.0.weight"].T + w["decoder.0.bias"]) @ w["decoder.output.weight"].T + w["decoder.output.bias"]
        np.testing.assert_allclose(e["mean"][()], mean, atol=1e-5)
        np.testing.assert_allclose(e["logvar"][()], logvar, atol=1e-5)
        np.testing.assert_allclose(e["reconstruction"][()], back.reshape(300, 5, 5), atol=1e-5)
        np.testing.assert_allclose(e["rate"][()], 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(e["mse"][()], ((x.reshape(300, 25) - back) ** 2).mean(1), rtol=1e-4)
        noise = (e["z"][()] - mean) / np.exp(0.5 * logvar)
        assert abs(noise.mean()) < 0.15 and 0.85 < noise.std() < 1.15
        assert e["rate"].attrs["units"] == b"nat" or e["rate"].attrs["units"] == "nat"
        assert "checksum" in e["mean"].attrs


def test_the_training_set_gives_back_what_the_study_stored(trained, tmp_path):
    betafield("data", trained / "study.yaml", "-o", tmp_path / "data.h5")
    encode(trained, tmp_path / "data.h5", tmp_path / "e.h5")
    with h5py.File(trained / "study.h5") as f, h5py.File(tmp_path / "e.h5") as e:
        for name in ("mean", "logvar", "z"):
            np.testing.assert_array_equal(e[name][()], f[f"configs/c0000/posterior/train/{name}"][()])


def test_a_large_model_gives_back_what_the_study_stored(tmp_path):
    """256 logits for every entry: evaluation took fewer rows at once. The data are bytes, which become floats as in training."""
    (tmp_path / "study.yaml").write_text("study: large\ndata: {source: digits, train: 300, test: 40}\nmodel: {hidden: [8], latent: 2}\n"
                                         "likelihood: {kind: categorical}\ntrain: {epochs: 1, batch: 60}\n")
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", "--quiet")
    betafield("data", tmp_path / "study.yaml", "-o", tmp_path / "data.h5")
    encode(tmp_path / "out", tmp_path / "data.h5", tmp_path / "e.h5")
    with h5py.File(tmp_path / "out/study.h5") as f, h5py.File(tmp_path / "e.h5") as e:
        for name in ("mean", "logvar", "z"):
            np.testing.assert_array_equal(e[name][()], f[f"configs/c0000/posterior/train/{name}"][()])


def test_results_do_not_depend_on_what_else_is_in_the_file(trained, tmp_path):
    x = np.random.default_rng(2).random((600, 25)).astype("f8")
    encode(trained, write(tmp_path / "a.h5", x), tmp_path / "all.h5")
    encode(trained, write(tmp_path / "b.h5", x[:7], "some/rows"), tmp_path / "few.h5", "--dataset", "some/rows")
    with h5py.File(tmp_path / "all.h5") as a, h5py.File(tmp_path / "few.h5") as b:
        for name in b:
            np.testing.assert_array_equal(a[name][:7], b[name][()])


def test_bytes_are_scaled_as_the_study_scaled_them(tmp_path):
    (tmp_path / "study.yaml").write_text("study: u8\ndata: {source: digits, train: 256, test: 64, digits: {side: 12}}\n"
                                         "model: {hidden: [8], latent: 2}\ntrain: {epochs: 1, batch: 64}\n")
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", "--quiet")
    x = np.random.default_rng(3).integers(0, 256, (10, 144)).astype("u1")
    encode(tmp_path / "out", write(tmp_path / "u8.h5", x), tmp_path / "a.h5")
    encode(tmp_path / "out", write(tmp_path / "f4.h5", (x / 255.0).astype("f4")), tmp_path / "b.h5")
    with h5py.File(tmp_path / "a.h5") as a, h5py.File(tmp_path / "b.h5") as b:
        np.testing.assert_allclose(a["mean"][()], b["mean"][()], atol=1e-6)


@pytest.mark.parametrize("x,says", [
    (np.zeros((4, 24), "f4"), ("24", "25")), (np.zeros((0, 25), "f4"), ("no samples",)), (np.zeros(25, "f4"), ("no samples",)),
    (np.full((3, 25), np.nan, "f4"), ("not finite",)), (np.zeros((3, 25), "i4"), ("integers",)),
])
def test_data_that_does_not_fit(trained, tmp_path, x, says):
    done = encode(trained, write(tmp_path / "x.h5", x), tmp_path / "e.h5", expect=2)
    assert all(word in done.stderr for word in says), done.stderr
    assert not (tmp_path / "e.h5").exists()


@pytest.mark.parametrize("more,says", [
    (("--beta", "2"), "not conditioned on beta"), (("--label", "1"), "not conditioned on labels"), (("--dataset", "y"), "no data set y"),
])
def test_options_that_do_not_fit(trained, tmp_path, more, says):
    done = encode(trained, write(tmp_path / "x.h5", np.zeros((4, 25), "f4")), tmp_path / "e.h5", *more, expect=2)
    assert says in done.stderr


def test_what_is_not_there(trained, tmp_path):
    x = write(tmp_path / "x.h5", np.zeros((4, 25), "f4"))
    assert "ids" in encode(trained, x, tmp_path / "e.h5", config=1, expect=2).stderr
    assert "no study" in encode(tmp_path, x, tmp_path / "e.h5", expect=2).stderr
    encode(trained, tmp_path / "none.h5", tmp_path / "e.h5", expect=2)
    (tmp_path / "text.h5").write_text("this is no HDF5 file")
    encode(trained, tmp_path / "text.h5", tmp_path / "e.h5", expect=2)
    encode(trained, x, tmp_path / "no" / "such" / "folder" / "e.h5", expect=74)


def test_a_study_without_weights(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY + "output: {weights: false}\n")
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", "--quiet")
    done = encode(tmp_path / "out", write(tmp_path / "x.h5", np.zeros((4, 25), "f4")), tmp_path / "e.h5", expect=2)
    assert "no weights" in done.stderr
