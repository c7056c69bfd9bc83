"""jobs/report.py on studies written here by h5py as outputs/README.md describes them: it needs no program."""
import html.parser
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import matplotlib.image
import numpy as np
import pytest

REPORT = Path(__file__).resolve().parents[2] / "jobs" / "report.py"
sys.path.insert(0, str(REPORT.parent))
import report as draw  # noqa: E402


def write_study(directory, betas, latents, shape=(5, 5), epochs=6, status=2, pictures=True, extra=None):
    """A study of every beta and latent with plausible numbers; returns the path of its study.h5."""
    rng = np.random.default_rng(0)
    configs = [(b, k) for b in betas for k in latents]
    n = len(configs)
    status = np.broadcast_to(np.asarray(status, dtype="i1"), n).copy()
    ended = status >= 2
    (directory / "configs").mkdir(parents=True)
    with h5py.File(directory / "study.h5", "w", track_order=True) as f:
        f.attrs["study"] = "fake"
        f["config"] = np.arange(n, dtype="i4")
        f["sweep/objective_beta"] = np.array([b for b, _ in configs])
        f["sweep/model_latent"] = np.array([k for _, k in configs])
        f["sweep/seed"] = np.ones(n, dtype="i8")
        f["sweep/status"] = status
        for name, values in (extra or {}).items():
            f[f"sweep/{name}"] = values
        rate = np.array([k * 6 / (1 + b) for b, k in configs])
        for name, value in (("rate", rate), ("distortion", 80 * np.exp(-rate / 20) + 5)):
            f[f"metrics/{name}"] = np.where((status == 2)[:, None], np.stack([value, 1.02 * value], axis=1), np.nan)
            table = value[:, None] * (1 + np.exp(-np.arange(epochs) / 2)) if epochs else np.empty((n, 0))
            f[f"history/{name}"] = np.where(ended[:, None], table, np.nan)
        f["history/loss"] = f["history/rate"][...] + f["history/distortion"][...]
        for i in np.flatnonzero(ended):
            f[f"configs/c{i:04d}"] = h5py.ExternalLink(f"configs/c{i:04d}.h5", f"/configs/c{i:04d}")
            with h5py.File(directory / "configs" / f"c{i:04d}.h5", "w") as g:
                group = g.create_group(f"configs/c{i:04d}")
                for name in ("inputs", "reconstructions", "samples") if pictures else ():
                    group[name] = rng.random((16, *shape), dtype="f4")
    return directory / "study.h5"


def check_pictures(directory):
    assert draw.main([str(directory)]) == 0
    for name in ("rd", "history", "samples"):
        path = directory / "report" / f"{name}.png"
        picture = matplotlib.image.imread(path)
        assert min(picture.shape[:2]) > 200
        assert np.ptp(picture[..., :3]) > 0.5, f"{path} is blank"
    assert sorted(p.name for p in (directory / "report").iterdir()) == ["history.png", "rd.png", "report.html", "samples.png"]


def test_report__knows_which_columns_are_no_swept_keys():
    readme = (REPORT.parents[1] / "outputs" / "README.md").read_text()
    described = set(re.findall(r"^\| `/sweep/(\w+)`", readme, re.M))
    assert draw.FIXED_COLUMNS == described | {"objective_beta", "model_latent", "seed"}


@pytest.mark.parametrize("shape", [(28, 28), (5, 5), (3, 8, 8), (8, 8, 3), (1, 8, 8), (40,)])
def test_report__draws_images_and_vectors(tmp_path, shape):
    write_study(tmp_path, [0.1, 1, 10], [2, 4], shape=shape)
    check_pictures(tmp_path)


@pytest.mark.parametrize("betas, latents", [([1.0], [8]), ([0.5, 1, 2], [8]), ([1.0], [1, 2, 3]), (np.geomspace(0.01, 100, 25), range(1, 13))])
def test_report__draws_one_configuration_and_many(tmp_path, betas, latents):
    write_study(tmp_path, betas, latents)
    check_pictures(tmp_path)


def write_curves(directory, labels, theory=True, errors=True):
    """DIR/curve.h5 with five points a curve, as `betafield curve` leaves it."""
    beta = np.tile(np.geomspace(10, 0.1, 5), len(labels))
    rate = np.tile(np.linspace(0, 20, 5), len(labels)) + np.repeat(np.arange(len(labels)), 5)
    nan = np.full(len(beta), np.nan)
    with h5py.File(directory / "curve.h5", "w") as f:
        f.attrs["split"], f.attrs["distortion"] = np.bytes_("test"), np.bytes_("distortion")
        f["curves/label"] = np.array(labels, dtype="S64")
        f["points/curve"] = np.repeat(np.arange(len(labels)), 5)
        f["points/on_hull"] = np.tile(np.array([1, 0, 1, 1, 1], dtype="i1"), len(labels))
        for name, values in (("beta", beta), ("rate", rate), ("distortion", 80 * np.exp(-rate / 20)),
                             ("rate_se", np.full(len(beta), 0.2) if errors else nan), ("distortion_se", np.full(len(beta), 0.5) if errors else nan),
                             ("theory_rate", rate if theory else nan), ("theory_distortion", 75 * np.exp(-rate / 20) if theory else nan)):
            f[f"points/{name}"] = values


def rd_lines(directory):
    """What the legend of the plane says."""
    with h5py.File(directory / "study.h5", "r") as file:
        study = draw.Study(file)
        study.curves = draw.read_beside(directory, "curve.h5", draw.Curves)
        figure = draw.draw_rd(study)
        said = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        draw.plt.close(figure)
    return said


@pytest.mark.parametrize("theory, errors", [(True, True), (False, False)])
def test_report__shows_the_curves_of_betafield_curve(tmp_path, theory, errors):
    write_study(tmp_path, [0.1, 1, 10], [2, 4])
    assert "convex hull" not in rd_lines(tmp_path)
    write_curves(tmp_path, ["model.latent 2", "model.latent 4"], theory, errors)
    check_pictures(tmp_path)
    said = rd_lines(tmp_path)
    bars, dashes = ["bars: standard errors over seeds"] * errors, ["theory"] * theory
    assert said == ["model.latent 2", "model.latent 4", *bars, "convex hull", *dashes, "labels: β"]


def test_report__labels_one_of_the_points_that_lie_on_each_other():
    figure, axes = draw.plt.subplots()
    points = [(1, 0, 10, "k"), (2, 5, 5, "k"), (1, 0.01, 10, "r"), (8, 9, 5, "r")]
    axes.plot([point[1] for point in points], [point[2] for point in points])
    draw.label_betas(axes, points)
    assert [text.get_text() for text in axes.texts] == ["1", "2", "8"]
    draw.plt.close(figure)


def test_report__does_without_curves_that_are_old_damaged_or_too_many(tmp_path):
    study = write_study(tmp_path, [0.1, 1, 10], [2, 4])
    write_curves(tmp_path, ["one"])
    os.utime(tmp_path / "curve.h5", (study.stat().st_mtime - 10,) * 2)
    assert "convex hull" not in rd_lines(tmp_path)
    (tmp_path / "curve.h5").write_bytes(b"not HDF5")
    assert "convex hull" not in rd_lines(tmp_path)
    write_curves(tmp_path, [f"curve {i}" for i in range(draw.MAX_CURVES + 1)])
    assert "convex hull" not in rd_lines(tmp_path)
    check_pictures(tmp_path)


def write_alignment(directory, labels):
    """DIR/align.h5 with four pairs a family, of which one is of no neighbours, as `betafield align --all` leaves it."""
    n = len(labels)
    beta = np.array([10, 1, 10, 0.1])
    with h5py.File(directory / "align.h5", "w") as f:
        f.attrs["split"] = np.bytes_("test")
        f["families/label"] = np.array(labels, dtype="S64")
        f["pairs/family"] = np.repeat(np.arange(n), 4)
        f["pairs/neighbours"] = np.tile(np.array([1, 1, 0, 1], dtype="i1"), n)
        for name, values in (("beta_from", beta), ("beta_to", beta / 10), ("alignment_diagonal", [0.9, 0.8, 0.1, np.nan]),
                             ("alignment_permuted", [0.95, 0.9, 0.9, np.nan]), ("marginal_shift", [0.1, 0.2, 0.3, 0.4])):
            f[f"pairs/{name}"] = np.tile(np.array(values, dtype=float), n)


def test_report__draws_the_alignment_of_betafield_align(tmp_path):
    study = write_study(tmp_path, [0.1, 1, 10], [2, 4])
    write_alignment(tmp_path, ["model.latent 2", "model.latent 4"])
    with h5py.File(tmp_path / "align.h5") as f:
        assert draw.Alignment(f).of(1)["marginal_shift"].tolist() == [0.1, 0.2, 0.4]
        study_and_pairs = draw.Study(h5py.File(study))
        study_and_pairs.alignment = draw.Alignment(f)
    figure = draw.draw_alignment(study_and_pairs)
    figure.draw_without_rendering()
    numbers = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert {"0.5", "1", "2"} <= set(numbers), numbers            # one power of ten alone would be no scale
    draw.plt.close(figure)
    study_and_pairs.file.close()
    assert draw.main([str(tmp_path)]) == 0
    assert np.ptp(matplotlib.image.imread(tmp_path / "report/alignment.png")[..., :3]) > 0.5
    os.utime(tmp_path / "align.h5", (study.stat().st_mtime - 10,) * 2)
    check_pictures(tmp_path)


# --- models of every beta ----------------------------------------------------------------------------------------------

GRID = [0.1, 1, 10]


def write_conditioned(directory, pictures=True):
    """One configuration that was told every beta of GRID, as outputs/README.md has it: nothing in /metrics, pictures at 1 and at 0.1."""
    write_study(directory, [1.0], [4], pictures=pictures)
    with h5py.File(directory / "study.h5", "a") as f, h5py.File(directory / "configs/c0000.h5", "a") as g:
        f["sweep/objective_beta"][...] = np.nan
        f["beta_grid"] = np.array(GRID)
        for name, values in (("rate", [20, 10, 1]), ("distortion", [30, 35, 60])):
            f[f"metrics/{name}"][...] = np.nan
            f[f"metrics_by_beta/{name}"] = np.repeat(np.array(values, dtype=float)[None, :, None], 2, axis=2)
        home = g["configs/c0000"]
        home.create_group("latents").attrs["beta"] = 1.0
        if pictures:
            home.create_group("by_beta/b0").attrs["beta"] = 0.1
            for name in ("reconstructions", "samples"):
                home[f"by_beta/b0/{name}"] = 1 - home[name][...]


def shown(directory, draw_one):
    """The texts in a picture."""
    with h5py.File(directory / "study.h5") as file:
        study = draw.Study(file)
        study.curves = draw.read_beside(directory, "curve.h5", draw.Curves)
        figure = draw_one(study)
        said = [text.get_text() for text in figure.findobj(draw.matplotlib.text.Text)]
        draw.plt.close(figure)
    return said


def test_report__draws_a_model_of_every_beta(tmp_path):
    write_conditioned(tmp_path)
    check_pictures(tmp_path)
    assert {"0.1", "1", "10", "best rate + distortion: 45 nat"} <= set(shown(tmp_path, draw.draw_rd))
    headings = [text for text in shown(tmp_path, draw.draw_samples) if text.startswith("c0000")]
    assert [" ".join(text.split()) for text in headings] == ["c0000 β 0.1, 4 latent dimensions rate 20, distortion 30 nat",
                                                             "c0000 β 1, 4 latent dimensions rate 10, distortion 35 nat"]


def test_report__shows_the_curve_of_a_model_of_every_beta(tmp_path):
    write_conditioned(tmp_path, pictures=False)
    write_curves(tmp_path, [""])
    assert "convex hull" in rd_lines(tmp_path)


# --- many, and such that went wrong ------------------------------------------------------------------------------------

def test_report__tells_many_apart_by_what_varies(tmp_path):
    write_study(tmp_path, [1.0] * 40, [4], pictures=False, extra={"train_lr": np.geomspace(1e-4, 1e-1, 40)})
    assert "train lr" in shown(tmp_path, draw.draw_rd) and "train lr" in shown(tmp_path, draw.draw_history)


def test_report__shows_models_that_have_no_beta(tmp_path):
    write_study(tmp_path, np.linspace(1, 2, 12), [4], extra={"objective_capacity": np.arange(12.0)})
    with h5py.File(tmp_path / "study.h5", "a") as f:
        f["sweep/objective_beta"][...] = np.nan
    assert "objective capacity" not in shown(tmp_path, draw.draw_rd) and "capacity" in shown(tmp_path, draw.draw_rd)
    assert not [text for text in shown(tmp_path, draw.draw_samples) if "nan" in text]


def test_report__a_run_that_diverges_does_not_flatten_the_others(tmp_path):
    write_study(tmp_path, [0.1, 1, 10], [2], status=[2, 2, 3], epochs=20)
    with h5py.File(tmp_path / "study.h5", "a") as f:
        f["history/loss"][2, 2:12] = 1e30
        f["history/loss"][2, 12:] = np.nan
        good = f["history/loss"][:2].max()
        study = draw.Study(f)
        figure = draw.draw_history(study)
        assert good / 2 < figure.axes[0].get_ylim()[1] < 2 * good
        draw.plt.close(figure)


class Page(html.parser.HTMLParser):
    """What report.html names, and the cells of its table."""

    def __init__(self, text):
        super().__init__()
        self.sources, self.rows, self.cell = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        self.cell = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        if self.cell:
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.cell:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag):
        self.cell = self.cell and tag not in ("td", "th")


def test_report__leaves_one_file_with_everything(tmp_path):
    error = np.array([b"", b"loss not finite at step 7: <nan> & more"], dtype="S208")
    write_study(tmp_path, [0.1, 1], [2], status=[2, 3], extra={"error": error, "likelihood_variance": np.array([b"fixed", b"learned"])})
    check_pictures(tmp_path)
    page = Page((tmp_path / "report/report.html").read_text())
    assert len(page.sources) == 3 and all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert page.rows == [["", "beta", "likelihood variance", "status", "rate", "distortion", ""],
                         ["c0000", "0.1", "fixed", "done", "11.1273", "52.3936", ""],
                         ["c0001", "1", "learned", "diverged", "", "", "loss not finite at step 7: <nan> & more"]]


def test_report__draws_a_study_in_every_state(tmp_path):
    write_study(tmp_path, [0.1, 1, 10], [2, 4], status=[2, 3, 4, 0, 1, 5])
    check_pictures(tmp_path)


def test_report__draws_a_study_that_has_just_begun(tmp_path):
    write_study(tmp_path, [0.1, 1], [2], status=0, epochs=0)
    check_pictures(tmp_path)


def test_report__draws_without_pictures_and_with_text_columns(tmp_path):
    write_study(tmp_path, [0.1, 1], [2], pictures=False, extra={"likelihood_variance": np.array([b"fixed", b"learned"])})
    check_pictures(tmp_path)


def test_report__does_without_a_configuration_file_that_is_missing(tmp_path):
    write_study(tmp_path, [0.1, 1, 10], [2])
    (tmp_path / "configs" / "c0002.h5").unlink()
    check_pictures(tmp_path)


def test_report__shows_one_of_two_kinds_of_data(tmp_path):
    write_study(tmp_path, [0.1, 1], [2])
    with h5py.File(tmp_path / "configs/c0001.h5", "a") as f:
        for name in ("inputs", "reconstructions", "samples"):
            del f[f"configs/c0001/{name}"]
            f[f"configs/c0001/{name}"] = np.zeros((16, 40), dtype="f4")
    assert [text.split()[0] for text in shown(tmp_path, draw.draw_samples) if text.startswith("c0")] == ["c0000"]


OTHER_FILES = {
    "external link": lambda f, name, path: f.__setitem__(name, h5py.ExternalLink(path, "x")),
    "soft link": lambda f, name, path: f.__setitem__(name, h5py.SoftLink("/elsewhere")),
    "external storage": lambda f, name, path: f.create_dataset(name, (4,), dtype="f4", external=[(path, 0, 16)]),
    "virtual dataset": lambda f, name, path: f.create_virtual_dataset(name, virtual(path)),
}


def virtual(path):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(path, "x", (4,))
    return layout


@pytest.mark.parametrize("where", ["study.h5", "configs/c0001.h5"])
@pytest.mark.parametrize("kind", OTHER_FILES)
def test_report__reads_no_file_that_leads_elsewhere(tmp_path, capsys, kind, where):
    write_study(tmp_path, [0.1, 1], [2])
    with h5py.File(tmp_path / where, "a") as f:
        OTHER_FILES[kind](f, "configs/more", str(tmp_path / "other.h5"))
    assert draw.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"{where} is not read: /configs/more" in said, said


def test_report__takes_no_configuration_of_another_study(tmp_path, monkeypatch):
    write_study(tmp_path / "one", [0.1], [2])
    write_study(tmp_path / "other", [0.1], [2])
    (tmp_path / "one/configs/c0000.h5").unlink()
    monkeypatch.chdir(tmp_path / "other")               # where HDF5 looks too
    assert "no finished configuration with reconstructions (output.samples)" in shown(tmp_path / "one", draw.draw_samples)


def test_report__names_the_file_that_is_damaged(tmp_path, capsys):
    write_study(tmp_path, [0.1, 1], [2])
    os.truncate(tmp_path / "configs/c0001.h5", 1000)
    assert draw.main([str(tmp_path)]) == 2
    assert "configs/c0001.h5: " in capsys.readouterr().err


def test_report__refuses_what_is_no_study(tmp_path, capsys):
    assert draw.main([str(tmp_path)]) == 2
    (tmp_path / "study.h5").write_bytes(b"not HDF5")
    assert draw.main([str(tmp_path)]) == 2
    with h5py.File(tmp_path / "study.h5", "w"):
        pass
    assert draw.main([str(tmp_path)]) == 2
    assert "is no study" in capsys.readouterr().err


def test_report__says_when_it_cannot_write(tmp_path, capsys):
    write_study(tmp_path, [1.0], [2])
    (tmp_path / "report").write_text("in the way")
    assert draw.main([str(tmp_path)]) == 74
    assert "cannot write" in capsys.readouterr().err


def test_report__is_a_program_that_teaches():
    def run(*arguments):
        return subprocess.run([sys.executable, REPORT, *arguments], capture_output=True, text=True, timeout=300)
    assert run().returncode == 2
    helped = run("--help")
    assert helped.returncode == 0 and "Exit codes" in helped.stdout
