"""data: what it writes, NumPy's formats come back, and mistakes are told with their place."""
import h5py
import numpy as np
from betafield import betafield

STUDY = "study: d\ndata:\n  source: digits\n  train: 300\n  test: 40\n"


def study(folder, text=STUDY, name="s.yaml"):
    (folder / name).write_text(text)
    return folder / name


def test_a_written_data_set_comes_back_byte_for_byte(tmp_path):
    for source in ("digits", "digits --set data.digits.colour=true", "lowrank", "sprites", "patches"):
        first, again = tmp_path / "a.h5", tmp_path / "b.h5"
        done = betafield("data", study(tmp_path), "-o", first, *f"--set data.source={source}".split())
        assert "300 training and 40 test samples" in done.stdout
        betafield("data", study(tmp_path), "-o", again, "--set", "data.source=hdf5", "--set", f"data.path={first}")
        with h5py.File(first) as a, h5py.File(again) as b:
            assert a.attrs["hash"] == b.attrs["hash"]
            for part, rows in (("train", 300), ("test", 40)):
                assert set(a[part]) == set(b[part]) and a[part]["x"].shape[0] == rows
                for name in a[part]:
                    assert a[part][name].dtype == b[part][name].dtype
                    assert np.array_equal(a[part][name][()], b[part][name][()])
                    assert "checksum" in a[part][name].attrs and "units" in a[part][name].attrs


def test_ranks_do_not_matter(tmp_path):
    betafield("data", study(tmp_path), "-o", tmp_path / "one.h5")
    betafield("data", study(tmp_path), "-o", tmp_path / "three.h5", ranks=3)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "three.h5").read_bytes()


def test_files_by_other_programs(tmp_path):
    x = np.random.default_rng(3).normal(size=(60, 4, 3))
    y = np.arange(60) % 5
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f.create_dataset("x", data=x, chunks=(7, 2, 3), compression="gzip")
        f["label"] = y
    text = "study: d\ntrain: {batch: 16}\ndata: {source: %s, path: %s}\n"
    betafield("data", study(tmp_path, text % ("npy", f"{{train: {tmp_path}/x.npy, labels: {tmp_path}/y.npy}}")), "-o", tmp_path / "a.h5")
    betafield("data", study(tmp_path, text % ("hdf5", tmp_path / "x.h5")), "-o", tmp_path / "b.h5")
    with h5py.File(tmp_path / "a.h5") as a, h5py.File(tmp_path / "b.h5") as b:
        assert a.attrs["hash"] == b.attrs["hash"]
        rows = np.concatenate([a["train/x"][()], a["test/x"][()]])
        labels = np.concatenate([a["train/label"][()], a["test/label"][()]])
        assert rows.shape == (60, 4, 3) and rows.dtype == np.float32 and len(a["test/x"]) == 6
        order = np.lexsort(rows.reshape(60, -1).T)
        want = np.lexsort(x.astype("f4").reshape(60, -1).T)
        assert np.array_equal(rows[order], x.astype("f4")[want]) and np.array_equal(labels[order], y[want])


def test_mistakes_name_their_place(tmp_path):
    text = f"study: d\ndata:\n  source: npy\n  path: {tmp_path}/none.npy\n"
    done = betafield("data", study(tmp_path, text), "-o", tmp_path / "x.h5", expect=2)
    assert "s.yaml:4:3: data.path: cannot read" in done.stderr
    assert "-o FILE.h5 is missing" in betafield("data", study(tmp_path), expect=2).stderr
    betafield("data", study(tmp_path), "-o", tmp_path / "no" / "x.h5", expect=74)
    assert not list(tmp_path.glob("*.tmp"))
