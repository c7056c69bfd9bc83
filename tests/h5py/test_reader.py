"""What a study leaves, opened with the tools people have: h5py, xarray, ncdump, h5ls; through study.h5 and packed into one file.

BETAFIELD_STUDY=DIR reads that study instead of the two made here."""
import fnmatch
import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from betafield import betafield, environment

ROOT = Path(__file__).parents[2]
TIMES = ["seconds_data", "seconds_forward", "seconds_backward", "seconds_reduce", "seconds_update", "seconds_evaluation", "seconds_files",
         "flops", "gflops", "roof_share"]
STUDY = """\
study: readers
data: {source: digits, train: 400, test: 100, digits: {side: 10}}
model: {net: mlp, hidden: [12], latent: 2}
train: {epochs: 2, batch: 50, lr: 1.0e-3}
output: {samples: 5}
measure: [rd, active, mmd, spectrum]
sweep:
  model.latent: [2, 3]
  objective.beta: [0.1, 1.0]
"""


def make(source, folder):
    if source == "given":
        return Path(os.environ["BETAFIELD_STUDY"])
    if source == "store":
        subprocess.run([os.environ["MAKE_STUDY"], folder / "out"], check=True, env=environment(), timeout=120)
    else:
        (folder / "study.yaml").write_text(STUDY)
        betafield("run", folder / "study.yaml", "-o", folder / "out", "--quiet", ranks=2)
    return folder / "out"


SOURCES = ["given"] if "BETAFIELD_STUDY" in os.environ else ["trained"] + ["store"] * ("MAKE_STUDY" in os.environ)


@pytest.fixture(scope="module", params=SOURCES)
def folder(request, tmp_path_factory):
    return make(request.param, tmp_path_factory.mktemp("readers"))


@pytest.fixture(scope="module")
def packed_file(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed") / "packed.h5"
    betafield("pack", folder, "-o", out, ranks=2)
    return out


@pytest.fixture(scope="module", params=["linked", "packed"])
def path(request, folder):
    return folder / "study.h5" if request.param == "linked" else request.getfixturevalue("packed_file")


def datasets(group, prefix=""):
    """Every dataset, links followed."""
    for name in group:
        item = group[name]
        if isinstance(item, h5py.Dataset):
            yield f"{prefix}/{name}", item
        else:
            yield from datasets(item, f"{prefix}/{name}")


def is_bare_axis(dataset):
    return dataset.attrs.get("NAME", b"").startswith(b"This is a netCDF dimension but not a netCDF variable")


def ended(f):
    return [int(i) for i, s in zip(f["config"], f["sweep/status"]) if s in (2, 3, 4)]


def test_both_trees_are_the_same(folder, packed_file):
    with h5py.File(folder / "study.h5") as one, h5py.File(packed_file) as two:
        linked, packed = dict(datasets(one)), {k: d for k, d in datasets(two) if not is_bare_axis(d)}
        assert linked.keys() == packed.keys() and len(linked) > 50
        for name, dataset in linked.items():
            assert dataset.dtype == packed[name].dtype and dataset.shape == packed[name].shape, name
            assert dataset[()].tobytes() == packed[name][()].tobytes(), name
        for group in ["/", "/data", "/provenance"] + [f"/configs/c{i:04d}" for i in ended(one)]:
            assert dict(one[group].attrs).keys() == dict(two[group].attrs).keys()


def test_root_says_what_it_is(path):
    with h5py.File(path) as f:
        assert f.attrs["Conventions"].startswith(b"CF-")
        assert f.attrs["schema_version"] == 1
        assert re.fullmatch(rb"[0-9a-f-]{36}", f.attrs["study_uuid"])
        assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", f.attrs["created"])
        assert f.attrs["complete"] == int(np.all(f["sweep/status"][:] == 2))
        assert list(f)[:3] == ["config", "split", "epoch"]
        assert f["split"][:].tolist() == [b"train", b"test"]


def test_tables_have_their_scales(path):
    with h5py.File(path) as f:
        n, e = len(f["config"]), len(f["epoch"])
        for group, axes, shape in [("sweep", ["config"], (n,)), ("metrics", ["config", "split"], (n, 2)), ("history", ["config", "epoch"], (n, e))]:
            for name, dataset in f[group].items():
                assert dataset.shape == shape, name
                assert [axis[0].name for axis in dataset.dims] == ["/" + axis for axis in axes], name
        for name in ["objective_beta", "model_latent", "attempts", "error", "epochs_done", "steps", "seconds", "parameters", "parent", "config_hash", *TIMES]:
            assert name in f["sweep"]
        status = f["sweep/status"]
        assert status.dtype == np.int8 and status.attrs["flag_values"].tolist() == [0, 1, 2, 3, 4, 5]
        assert status.attrs["flag_meanings"] == b"pending running done diverged failed stopped"
        assert f["sweep/error"].dtype == "S208" and f["sweep/config_hash"].dtype == "S16" and f["sweep/parent"].dtype == np.int32


def test_everything_is_described(path):
    rows = [re.match(r"\| `(/[^`]*)`", line) for line in (ROOT / "outputs" / "README.md").read_text().splitlines()]
    patterns = [row.group(1) for row in rows if row]
    assert len(patterns) > 50
    with h5py.File(path) as f:
        for name, dataset in datasets(f):
            if is_bare_axis(dataset):
                continue
            parts = name.split("/")
            known = any(len(p.split("/")) == len(parts) and fnmatch.fnmatchcase(name, p) for p in patterns)
            assert known, f"{name} is not in outputs/README.md"
            assert dataset.attrs["long_name"] and dataset.attrs["units"], name
            assert re.fullmatch(rb"[0-9a-f]{16}", dataset.attrs["checksum"]), name
            if dataset.dtype.kind == "S":
                assert dataset.attrs["_Encoding"] == b"utf-8", name
            assert dataset.chunks is None and h5py.check_vlen_dtype(dataset.dtype) is None, name


def test_a_configuration_repeats_its_rows(path):
    with h5py.File(path) as f:
        assert ended(f)
        for row, i in enumerate(f["config"][:]):
            if i not in ended(f):
                assert f"c{i:04d}" not in f["configs"]
                continue
            c = f[f"configs/c{i:04d}"]
            for name in ["status", "attempts", "epochs_done", "steps", "seconds", "parameters", "parent", "config_hash", "error", *TIMES]:
                assert c.attrs[name] == f["sweep"][name][row], name
            for table in ["metrics", "history"]:
                for name, dataset in f[table].items():
                    want = dataset[row]
                    got = np.full_like(want, np.nan)
                    if name in c[table]:
                        own = c[table][name][:]
                        got[: len(own)] = own
                    np.testing.assert_array_equal(got, want)


def test_posteriors_are_whole(path):
    with h5py.File(path) as f:
        for row, i in enumerate(f["config"][:]):
            if f["sweep/status"][row] != 2 or "posterior" not in f[f"configs/c{i:04d}"]:
                continue
            c = f[f"configs/c{i:04d}"]
            for split in c["posterior"]:
                for dataset in c["posterior"][split].values():
                    assert dataset.shape[1] == f["sweep/model_latent"][row] and dataset.dtype == "f4"
                    assert dataset.attrs["dims"] == b"sample latent" and np.isfinite(dataset[:]).all()
            if "second_stage" in c and "train" in c["posterior"]:
                assert c["second_stage/train"] == c["posterior/train/z"]  # a hard link: the same object
            assert all(np.isfinite(w[()]).all() for w in c["weights"].values())


def test_no_bytes_are_kept_twice(folder, packed_file):
    bulk = sum(file.stat().st_size for file in [folder / "study.h5", *folder.glob("configs/*.h5"), *folder.glob("data.h5")])
    assert packed_file.stat().st_size < 1.6 * bulk


@pytest.mark.parametrize("group", ["", "sweep", "metrics", "history", "provenance/runs"])
def test_xarray_opens_a_table(path, group):
    with xarray.open_dataset(path, engine="h5netcdf", group=group or None) as ds:
        assert not [d for d in ds.sizes if d.startswith("phony")]
        with h5py.File(path) as f:
            for name, variable in ds.variables.items():
                want = f[group or "/"][name][()]
                got = variable.values
                if want.dtype.kind == "S":
                    assert [str(v) for v in np.ravel(got)] == [v.decode() for v in np.ravel(want)]
                else:
                    np.testing.assert_array_equal(got, want)


def test_xarray_joins_tables_with_their_coordinates(path):
    with xarray.open_dataset(path, engine="h5netcdf") as root, xarray.open_dataset(path, engine="h5netcdf", group="metrics") as metrics:
        rate = xarray.merge([root, metrics])["rate"].sel(split="test")
        with h5py.File(path) as f:
            np.testing.assert_array_equal(rate.values, f["metrics/rate"][:, 1])
            assert rate.coords["config"].values.tolist() == f["config"][:].tolist()


def test_xarray_opens_the_whole_tree(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # linked files have axes without names
        with xarray.open_datatree(path, engine="h5netcdf") as tree, h5py.File(path) as f:
            for i in ended(f):
                c = f"configs/c{i:04d}"
                for name, dataset in datasets(f[c]):
                    if not is_bare_axis(dataset):
                        np.testing.assert_array_equal(tree[c + name].values, dataset[()])


def test_packed_axes_have_names(packed_file):
    with xarray.open_datatree(packed_file, engine="h5netcdf") as tree, h5py.File(packed_file) as f:
        for node in tree.subtree:
            assert not [d for d in node.sizes if d.startswith("phony")], node.path
        c = next(f"configs/c{i:04d}" for i in ended(f) if "posterior" in f[f"configs/c{i:04d}"])
        assert tree[c + "/posterior/train/mean"].dims == ("sample_train", "latent")
        assert tree[c + "/posterior/test/mean"].dims == ("sample_test", "latent")
        assert tree[c + "/history/loss"].dims[0].startswith("epoch")


@pytest.mark.parametrize("command", [["ncdump", "-h"], ["h5ls", "-r"]])
def test_command_line_readers(path, command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for name in ["objective_beta", "config_hash", "c0000", "epoch"]:
        assert name in done.stdout


def test_a_moved_folder_still_holds_together(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    with h5py.File(tmp_path / "elsewhere" / "study.h5") as f:
        for i in ended(f):
            assert Path(f[f"configs/c{i:04d}"].file.filename).parent == tmp_path / "elsewhere" / "configs"


def test_verify_finds_both_good(folder, packed_file):
    for name in [folder, packed_file]:
        assert "all good" in betafield("verify", name).stdout
