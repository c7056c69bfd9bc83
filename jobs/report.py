#!/usr/bin/env python3
"""Draws a study: the rate-distortion plane, the training histories, and a sheet of samples.

Reads DIR/study.h5 with h5py, finished or not, and writes DIR/report/rd.png, history.png and samples.png. Where `betafield curve DIR -o
DIR/curve.h5` was run since the study last changed, the plane shows those curves: means over seeds, the convex hull, and theory. Where
`betafield align DIR -o DIR/align.h5` was, alignment.png shows whether latent dimensions keep their meaning from beta to beta.
"""
import argparse
import math
import os
import sys
from pathlib import Path

try:
    import h5py
    import matplotlib
    import numpy as np
except ImportError as missing:
    sys.exit(f"report.py: {missing}; use build/venv/bin/python, which jobs/quickstart.sh makes from jobs/requirements.txt")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)
from matplotlib.colors import ListedColormap, LogNorm, Normalize  # noqa: E402
from matplotlib.ticker import LogLocator  # noqa: E402

DONE, DIVERGED, FAILED = 2, 3, 4
# What /sweep always holds; every other column is a swept key.
FIXED_COLUMNS = {"objective_beta", "model_latent", "seed", "status", "attempts", "error", "epochs_done", "steps", "seconds",
                 "seconds_data", "seconds_forward", "seconds_backward", "seconds_reduce", "seconds_update", "seconds_evaluation",
                 "seconds_files", "flops", "gflops", "roof_share", "parameters", "parent", "config_hash"}
MAX_CURVES = 10         # more families than this are told apart by a colour bar
MAX_LABELS = 60         # more points than this are not labelled
SHEET_COLUMNS = 12
SHADES = ListedColormap(plt.cm.viridis(np.linspace(0.0, 0.9, 256)))     # without the yellow that is lost on white
STYLE = {
    "figure.dpi": 150, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
    "axes.titlelocation": "left", "axes.grid": True, "grid.color": "0.92", "grid.linewidth": 0.6, "axes.axisbelow": True,
    "legend.frameon": False, "legend.fontsize": 8, "lines.linewidth": 1.2,
}


class Study:
    """The tables of study.h5 in memory; bulk results are read from the file when they are asked for."""

    def __init__(self, file):
        self.file = file
        self.curves = None      # of curve.h5
        self.alignment = None   # of align.h5
        self.name = as_text(file.attrs.get("study", "study"))
        self.sweep = {name: column[...] for name, column in file["sweep"].items()}
        self.count = len(self.sweep["status"])
        self.ids = file["config"][...] if "config" in file else np.arange(self.count)
        self.status = self.sweep["status"]
        self.beta = self.numbers("objective_beta")
        self.latent = self.numbers("model_latent")
        self.swept = [name for name in self.sweep if name not in FIXED_COLUMNS]
        if len(np.unique(self.latent)) > 1:
            self.swept.insert(0, "model_latent")

    def numbers(self, column):
        return np.asarray(self.sweep.get(column, np.full(self.count, np.nan)), dtype=float)

    def metric(self, name):
        """(configurations): of the test split, of the training split where there is no test value."""
        if f"metrics/{name}" not in self.file:
            return np.full(self.count, np.nan)
        both = self.file[f"metrics/{name}"][...]
        train, test = both[:, 0], both[:, -1]
        return np.where(np.isfinite(test), test, train)

    def history(self, name):
        """(configurations, epochs), or None."""
        path = f"history/{name}"
        table = self.file[path][...] if path in self.file else np.empty((0, 0))
        return table if table.size and np.isfinite(table).any() else None

    def bulk(self, index, name):
        """One array of one configuration's file, or None when it is not there (yet)."""
        group = self.file.get(f"configs/c{self.ids[index]:04d}")
        return group[name][...] if group is not None and name in group else None

    def families(self):
        """Configurations that differ in beta and seed only, as {label: indices}."""
        families = {}
        for i in range(self.count):
            label = ", ".join(f"{short(name)} {as_value(self.sweep[name][i])}" for name in self.swept)
            families.setdefault(label, []).append(i)
        return {label: np.array(members) for label, members in families.items()}

    def caption(self):
        parts = [f"{np.sum(self.status == DONE)} of {self.count} configurations done"]
        for code, word in ((DIVERGED, "diverged"), (FAILED, "failed")):
            if np.any(self.status == code):
                parts.append(f"{np.sum(self.status == code)} {word}")
        return f"{self.name}: " + ", ".join(parts)


class Curves:
    """The tables of curve.h5 in memory."""

    def __init__(self, file):
        self.split = as_text(file.attrs["split"])
        self.distortion = as_text(file.attrs["distortion"])
        self.labels = [as_text(label) for label in file["curves/label"]]
        self.points = {name: column[...] for name, column in file["points"].items()}

    def of(self, curve):
        """The columns of one curve's points."""
        return {name: column[self.points["curve"] == curve] for name, column in self.points.items()}


class Alignment:
    """The tables of align.h5 in memory."""

    def __init__(self, file):
        self.split = as_text(file.attrs["split"])
        self.labels = [as_text(label) for label in file["families/label"]]
        self.pairs = {name: column[...] for name, column in file["pairs"].items()}

    def of(self, family):
        """The columns of one family's pairs of neighbours."""
        chosen = (self.pairs["family"] == family) & (self.pairs["neighbours"] == 1)
        return {name: column[chosen] for name, column in self.pairs.items()}


def read_beside(directory, name, kind):
    """What `betafield curve` or `align` said of the study as it is now; None when it was not asked since."""
    path = directory / name
    try:
        if path.stat().st_mtime < (directory / "study.h5").stat().st_mtime:
            return None
        with h5py.File(path, "r") as file:
            return kind(file)
    except (OSError, KeyError):
        return None


def as_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def as_value(value):
    return as_text(value) if isinstance(value, bytes) else f"{value:g}"


def short(column):
    return column.removeprefix("model_").removeprefix("objective_").replace("_", " ")


def scale_of(values):
    """A norm for colours over the finite values: logarithmic when they span decades."""
    good = values[np.isfinite(values)]
    low, high = (good.min(), good.max()) if good.size else (0.0, 1.0)
    if low == high:
        return Normalize(low - 0.5, high + 0.5)
    return LogNorm(low, high) if low > 0 and high / low > 30 else Normalize(low, high)


def colour_bar(figure, axes, norm, label):
    bar = figure.colorbar(plt.cm.ScalarMappable(norm, SHADES), ax=axes, label=label, fraction=0.05, pad=0.02)
    if isinstance(norm, LogNorm):
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if norm.vmax / norm.vmin < 1e3 else (1,)))
    bar.ax.yaxis.set_major_formatter("{x:g}")
    bar.outline.set_visible(False)


def curve_colours(n):
    return SHADES(np.linspace(0.05, 0.95, n)) if n > 1 else [SHADES(0.4)]


def nothing(axes, sentence):
    axes.set_axis_off()
    axes.text(0.5, 0.5, sentence, ha="center", va="center", color="0.4", transform=axes.transAxes)


# --- rate and distortion ------------------------------------------------------------------------------------------------

def draw_rd(study):
    rate, distortion = study.metric("rate"), study.metric("distortion")
    good = np.isfinite(rate) & np.isfinite(distortion)
    figure, axes = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
    axes.set_title(study.caption())
    if not good.any():
        nothing(axes, "no configuration has a rate and a distortion yet")
        return figure
    if study.curves and len(study.curves.labels) <= MAX_CURVES and len(np.unique(study.curves.points["beta"])) > 1:
        draw_measured_curves(axes, study.curves)
        return figure
    families = {label: members[good[members]] for label, members in study.families().items()}
    families = {label: members for label, members in families.items() if members.size}
    if len(families) <= MAX_CURVES:
        draw_curves(axes, study, families, rate, distortion)
    else:
        colour = study.latent if len(np.unique(study.latent)) > 1 else study.beta
        norm = scale_of(colour[good])
        axes.scatter(rate[good], distortion[good], c=colour[good], norm=norm, cmap=SHADES, s=14, linewidths=0)
        colour_bar(figure, axes, norm, "latent dimensions" if colour is study.latent else "β")
    draw_best(axes, rate[good], distortion[good])
    axes.set_xlabel("rate  KL(q(z|x) ‖ p(z))  [nat per sample]")
    axes.set_ylabel("distortion  −E log p(x|z)  [nat per sample]")
    return figure


def draw_curves(axes, study, families, rate, distortion):
    markers = "osD^vP*Xdh"
    labelled = sum(len(members) for members in families.values()) <= MAX_LABELS and len(np.unique(study.beta)) > 1
    for (label, members), colour, marker in zip(families.items(), curve_colours(len(families)), markers):
        members = members[np.argsort(study.beta[members], kind="stable")]
        # Replicates (seeds) of one beta are points of one cloud, not a path.
        line = "-" if len(np.unique(study.beta[members])) == len(members) else "none"
        axes.plot(rate[members], distortion[members], linestyle=line, marker=marker, markersize=5, color=colour, label=label)
        for i in members if labelled else ():
            axes.annotate(f"{study.beta[i]:.3g}", (rate[i], distortion[i]), xytext=(5, 4), textcoords="offset points",
                          fontsize=6.5, color=colour)
    if labelled:
        axes.plot([], [], " ", label="labels: β")
    if len(families) > 1 or labelled:
        axes.legend(loc="upper right")


def draw_measured_curves(axes, curves):
    """The curves of curve.h5: points with the errors of their means, the hull as a line, theory dashed."""
    labelled = len(curves.points["beta"]) <= MAX_LABELS
    for curve, (label, colour, marker) in enumerate(zip(curves.labels, curve_colours(len(curves.labels)), "osD^vP*Xdh")):
        of = curves.of(curve)
        hull = of["on_hull"] == 1
        axes.errorbar(of["rate"], of["distortion"], xerr=np.nan_to_num(of["rate_se"]), yerr=np.nan_to_num(of["distortion_se"]),
                      linestyle="none", marker=marker, markersize=5, elinewidth=0.8, color=colour, label=label or None)
        axes.plot(of["rate"][hull], of["distortion"][hull], color=colour)
        order = np.argsort(of["theory_rate"])
        axes.plot(of["theory_rate"][order], of["theory_distortion"][order], linestyle=(0, (4, 3)), linewidth=0.8, color=colour)
        for beta, x, y in zip(of["beta"], of["rate"], of["distortion"]) if labelled else ():
            axes.annotate(f"{beta:.3g}", (x, y), xytext=(5, 4), textcoords="offset points", fontsize=6.5, color=colour)
    axes.plot([], [], "-", color="0.4", label="convex hull")
    if np.isfinite(curves.points["theory_rate"]).any():
        axes.plot([], [], linestyle=(0, (4, 3)), color="0.4", label="theory")
    if labelled:
        axes.plot([], [], " ", label="labels: β")
    axes.legend(loc="upper right")
    axes.set_xlabel(f"rate  KL(q(z|x) ‖ p(z))  [nat per {curves.split} sample]")
    axes.set_ylabel(f"{curves.distortion}  −E log p(x|z)  [nat per {curves.split} sample]")


def draw_best(axes, rate, distortion):
    """The line of equal ELBO (slope −1) through the best configuration."""
    best = np.min(rate + distortion)
    axes.margins(0.08)
    limits = axes.get_xlim(), axes.get_ylim()
    x = np.array(limits[0])
    axes.plot(x, best - x, linestyle=(0, (4, 3)), linewidth=0.8, color="0.55", zorder=0,
              label=f"best rate + distortion: {best:.4g} nat")
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])
    axes.legend(loc="upper right")


# --- alignment ----------------------------------------------------------------------------------------------------------

def draw_alignment(study):
    """Every pair of neighbours at the middle of its betas: dimensions in their places and at their best matches, and how far draws moved."""
    alignment = study.alignment
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    figure.suptitle(f"{study.name}: latent dimensions from one β to the next, {alignment.split} part", x=0.01, ha="left", fontsize=10)
    families = list(enumerate(alignment.labels))[:MAX_CURVES]
    for (family, label), colour, marker in zip(families, curve_colours(len(families)), "osD^vP*Xdh"):
        of = alignment.of(family)
        middle = np.sqrt(of["beta_from"] * np.where(of["beta_to"] > 0, of["beta_to"], of["beta_from"] / 10))     # 0 has no place among powers
        left.plot(middle, of["alignment_diagonal"], color=colour, marker=marker, markersize=5, label=label or None)
        left.plot(middle, of["alignment_permuted"], color=colour, linestyle=(0, (4, 3)), linewidth=0.8)
        right.plot(middle, of["marginal_shift"], color=colour, marker=marker, markersize=5)
    left.plot([], [], "-", color="0.4", label="in its place")
    left.plot([], [], linestyle=(0, (4, 3)), color="0.4", label="best match")
    left.legend(loc="lower left")
    left.set_ylim(-0.03, 1.05)
    left.set_ylabel("mean |correlation| of posterior means")
    right.set_ylim(bottom=0)
    right.set_ylabel("Wasserstein-1 distance of the draws")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel("β, between the two")
    return figure


# --- histories ----------------------------------------------------------------------------------------------------------

def draw_history(study):
    tables = {name: study.history(name) for name in ("loss", "rate", "distortion")}
    figure, all_axes = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
    figure.suptitle(study.caption(), x=0.01, ha="left", fontsize=10)
    by_beta = len(np.unique(study.beta[np.isfinite(study.beta)])) > 1
    colour = study.beta if by_beta else study.latent
    norm = scale_of(colour)
    opacity = max(0.25, min(0.9, 12 / max(study.count, 1)))
    for axes, (name, table) in zip(all_axes, tables.items()):
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if table is None:
            nothing(axes, "no epoch has ended yet")
            continue
        epochs = np.arange(1, table.shape[1] + 1)
        marker = "o" if table.shape[1] < 3 else None
        for row, value in zip(table, colour):
            if np.isfinite(row).any():
                shade = SHADES(norm(value)) if np.isfinite(value) else "0.5"
                axes.plot(epochs, row, color=shade, alpha=opacity, marker=marker, markersize=3)
        limit_height(axes, table)
    all_axes[0].set_ylabel("nat per sample, mean of the epoch")
    if study.count > 1 and np.isfinite(colour).any():
        colour_bar(figure, all_axes, norm, "β" if by_beta else "latent dimensions")
    return figure


def limit_height(axes, table):
    """Keeps the first epoch's fall, or one exploding run, from flattening everything else."""
    values = table[np.isfinite(table)]
    low, high = values.min(), values.max()
    usual = np.quantile(values, 0.97)
    if high - low > 2.5 * (usual - low) > 0:
        axes.set_ylim(low - 0.05 * (usual - low), usual + 0.15 * (usual - low))


# --- samples ------------------------------------------------------------------------------------------------------------

def choose(study):
    """Up to three configurations with pictures: least, middle and greatest beta among those with the most latents."""
    with_pictures = [i for i in range(study.count) if study.bulk(i, "reconstructions") is not None]
    if not with_pictures:
        return []
    most = max(study.latent[i] for i in with_pictures)
    chosen = sorted((i for i in with_pictures if not study.latent[i] < most), key=lambda i: study.beta[i])
    return list(dict.fromkeys((chosen[0], chosen[len(chosen) // 2], chosen[-1])))


def as_pictures(array):
    """(n, height, width) or (n, height, width, 3) for imshow; None when the samples are no images."""
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        array = np.moveaxis(array, 1, 3)
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    is_image = array.ndim == 3 or (array.ndim == 4 and array.shape[3] == 3)
    return array if is_image and min(array.shape[1:3]) > 1 else None


def draw_samples(study):
    chosen = choose(study)
    if not chosen:
        figure, axes = plt.subplots(figsize=(7.2, 2), layout="constrained")
        nothing(axes, "no finished configuration with reconstructions (output.samples)")
        return figure
    parts = [(title, name) for title, name in (("data", "inputs"), ("reconstructed", "reconstructions"), ("from the prior", "samples"))
             if study.bulk(chosen[0], name) is not None and len(study.bulk(chosen[0], name))]
    draw = draw_pictures if as_pictures(study.bulk(chosen[0], "reconstructions")) is not None else draw_rows
    return draw(study, chosen, parts)


def heading(study, i):
    rate, distortion = study.metric("rate")[i], study.metric("distortion")[i]
    return (f"c{study.ids[i]:04d}   β {study.beta[i]:.3g}, {study.latent[i]:.0f} latent dimensions   "
            f"rate {rate:.4g}, distortion {distortion:.4g} nat")


def draw_pictures(study, chosen, parts):
    """One band per configuration, one row per part, SHEET_COLUMNS pictures a row."""
    height = 0.72 * len(parts) + 0.36      # inches of a band, the heading's included
    figure = plt.figure(figsize=(9.6, height * len(chosen)))
    bands = np.atleast_1d(figure.subfigures(len(chosen), 1))
    for band, i in zip(bands, chosen):
        band.suptitle(heading(study, i), x=0.015, y=1 - 0.08 / height, ha="left", va="top", fontsize=9)
        data = study.bulk(i, parts[0][1])
        low, high = float(np.nanmin(data)), float(np.nanmax(data))
        grid = band.subplots(len(parts), SHEET_COLUMNS, squeeze=False,
                             gridspec_kw={"left": 0.115, "right": 0.99, "top": 1 - 0.3 / height, "bottom": 0.02, "wspace": 0.06, "hspace": 0.06})
        for row, (title, name) in zip(grid, parts):
            pictures = as_pictures(study.bulk(i, name))
            for axes in row:
                axes.set_axis_off()
            for axes, picture in zip(row, pictures):
                axes.imshow(picture if picture.ndim == 2 else np.clip((picture - low) / max(high - low, 1e-30), 0, 1),
                            cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            row[0].text(-0.15, 0.5, title, ha="right", va="center", fontsize=8, transform=row[0].transAxes)
    return figure


def draw_rows(study, chosen, parts):
    """Samples that are no images: one heat map per part, a sample a row, an entry a column, one scale for all parts."""
    figure, grid = plt.subplots(len(chosen), len(parts), squeeze=False, sharex=True, layout="constrained",
                                figsize=(3.2 * len(parts), 2.0 * len(chosen) + 0.4))
    for band, i in zip(grid, chosen):
        arrays = [study.bulk(i, name).reshape(len(study.bulk(i, name)), -1) for _, name in parts]
        reach = max(float(np.nanquantile(np.abs(arrays[0]), 0.99)), 1e-30)
        for axes, (title, _), array in zip(band, parts, arrays):
            image = axes.imshow(array, aspect="auto", cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
            axes.set_title(f"c{study.ids[i]:04d} β {study.beta[i]:.3g}  {title}", fontsize=8)
            axes.grid(False)
        band[0].set_ylabel("sample")
        figure.colorbar(image, ax=band, fraction=0.04, pad=0.02).outline.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("entry")
    return figure


# --- the program --------------------------------------------------------------------------------------------------------

def fail(code, sentence):
    print(f"report.py: {sentence}", file=sys.stderr)
    return code


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="report.py", description=__doc__.split("\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Writes DIR/report/rd.png, history.png, samples.png and, where there is an align.h5,\n"
                                            "alignment.png. Exit codes: 0 drawn, 2 DIR holds no\n"
                                            "readable study, 74 DIR/report cannot be written.")
    parser.add_argument("dir", metavar="DIR", type=Path, help="a study's folder, outputs/<study>; it may still be running")
    directory = parser.parse_args(arguments).dir
    try:
        file = h5py.File(directory / "study.h5", "r")
    except OSError as error:
        return fail(2, f"cannot open {directory / 'study.h5'}: {error}")
    with file, plt.rc_context(STYLE):
        try:
            study = Study(file)
            study.curves = read_beside(directory, "curve.h5", Curves)
            study.alignment = read_beside(directory, "align.h5", Alignment)
        except KeyError as error:
            return fail(2, f"{directory / 'study.h5'} is no study: {error}")
        report = directory / "report"
        try:
            report.mkdir(exist_ok=True)
            pictures = [("rd", draw_rd), ("history", draw_history), ("samples", draw_samples)]
            if study.alignment:
                pictures.append(("alignment", draw_alignment))
            for name, draw in pictures:
                figure = draw(study)
                # A reader of a running study never meets half a picture.
                temporary = report / f".{name}.{os.getpid()}.png"
                figure.savefig(temporary)
                plt.close(figure)
                temporary.replace(report / f"{name}.png")
                print(report / f"{name}.png")
        except OSError as error:
            return fail(74, f"cannot write {report}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
