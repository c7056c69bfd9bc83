#!/usr/bin/env python3
"""Draws a study: the rate-distortion plane, the training histories, and a sheet of samples.

Reads DIR/study.h5 with h5py, finished or not, and writes DIR/report/rd.png, history.png, samples.png and report.html, one file that holds
the pictures and a table of the configurations. Where `betafield curve DIR -o DIR/curve.h5` was run since the study last changed, the plane
shows those curves: means over seeds, the convex hull, and theory. Where `betafield align DIR -o DIR/align.h5` was, alignment.png shows
whether latent dimensions keep their meaning from beta to beta.
"""
import argparse
import base64
import collections
import html
import math
import os
import sys
from pathlib import Path

try:
    import matplotlib
    import numpy as np
    from results import STATUS, Unreadable, configuration, open_file, plain
except ImportError as missing:
    sys.exit(f"report.py: {missing}; use build/venv/bin/python, which jobs/quickstart.sh makes from jobs/requirements.txt")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)
from matplotlib.colors import ListedColormap, LogNorm, Normalize  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter  # noqa: E402

DONE, DIVERGED, FAILED = 2, 3, 4
# What /sweep always holds; every other column is a swept key.
FIXED_COLUMNS = {"objective_beta", "model_latent", "seed", "status", "attempts", "error", "epochs_done", "steps", "seconds",
                 "seconds_data", "seconds_forward", "seconds_backward", "seconds_reduce", "seconds_update", "seconds_evaluation",
                 "seconds_files", "flops", "gflops", "roof_share", "parameters", "parent", "config_hash"}
MAX_CURVES = 10         # more families than this are told apart by a colour bar
MAX_LABELS = 60         # more points than this are not labelled
SHEET_COLUMNS = 12
TABLE = ("rate", "distortion", "elbo", "mse", "variance", "active_units", "mmd")     # columns of /metrics that report.html lists
# Without the yellow that is lost on white.
SHADES = ListedColormap(plt.cm.viridis(np.linspace(0.0, 0.9, 256))).with_extremes(bad="0.5")
STYLE = {
    "figure.dpi": 150, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
    "axes.titlelocation": "left", "axes.grid": True, "grid.color": "0.92", "grid.linewidth": 0.6, "axes.axisbelow": True,
    "legend.frameon": False, "legend.fontsize": 8, "lines.linewidth": 1.2,
}


# Of the plane: a configuration's row, the beta it was trained with or told, and what it has there. All of one length.
Points = collections.namedtuple("Points", "row beta rate distortion")
# What has pictures: a configuration's row, their place in its group ("" or "by_beta/b0/"), the beta it was trained with or told, a sample's shape.
View = collections.namedtuple("View", "row place beta shape")


class Study:
    """The tables of study.h5 in memory; bulk results are read from the file when they are asked for."""

    def __init__(self, file):
        self.file = file
        self.curves = None      # of curve.h5
        self.alignment = None   # of align.h5
        self.name = str(plain(file.attrs.get("study", "study")))
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

    def metric(self, name, tables="metrics"):
        """(configurations), or of metrics_by_beta (configurations, grid): of the test split, of the training split where there is no test value."""
        if f"{tables}/{name}" not in self.file:
            return np.full(self.count, np.nan)
        both = self.file[f"{tables}/{name}"][...]
        train, test = both[..., 0], both[..., -1]
        return np.where(np.isfinite(test), test, train)

    def points(self):
        """What the plane shows: a point for every configuration, of a model that was told beta one for every value of the grid."""
        found = [(np.arange(self.count), self.beta, self.metric("rate"), self.metric("distortion"))]
        if "beta_grid" in self.file and "metrics_by_beta/rate" in self.file:
            grid = self.file["beta_grid"][...]
            by_beta = [self.metric(name, "metrics_by_beta").ravel() for name in ("rate", "distortion")]
            found.append((np.repeat(np.arange(self.count), len(grid)), np.tile(grid, self.count), *by_beta))
        row, beta, rate, distortion = (np.concatenate(parts) for parts in zip(*found))
        good = np.isfinite(rate) & np.isfinite(distortion)
        return Points(row[good], beta[good], rate[good], distortion[good])

    def swept_numbers(self):
        """Of the swept keys those that are numbers, with their values."""
        return [(name, self.numbers(name)) for name in self.swept if self.sweep[name].dtype.kind in "if"]

    def history(self, name):
        """(configurations, epochs), or None."""
        path = f"history/{name}"
        table = self.file[path][...] if path in self.file else np.empty((0, 0))
        return table if table.size and np.isfinite(table).any() else None

    def views(self):
        """Everything that has pictures."""
        found = []
        for i in range(self.count):
            group = configuration(self.file, self.ids[i])
            if group is None or "reconstructions" not in group:
                continue
            beta = self.beta[i] if np.isfinite(self.beta[i]) or "latents" not in group else group["latents"].attrs.get("beta", np.nan)
            shape = group["reconstructions"].shape[1:]
            found.append(View(i, "", float(beta), shape))
            found += [View(i, f"by_beta/{name}/", float(at.attrs["beta"]), shape)
                      for name, at in group.get("by_beta", {}).items() if "reconstructions" in at]
        return found

    def bulk(self, view, name):
        """One array of what has pictures; what does not depend on beta is stored once. None when it is not there."""
        group = configuration(self.file, self.ids[view.row])
        return next((group[path][...] for path in (view.place + name, name) if path in group), None)

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
        self.split = plain(file.attrs["split"])
        self.distortion = plain(file.attrs["distortion"])
        self.labels = [plain(label) for label in file["curves/label"]]
        self.points = {name: column[...] for name, column in file["points"].items()}

    def of(self, curve):
        """The columns of one curve's points."""
        return {name: column[self.points["curve"] == curve] for name, column in self.points.items()}


class Alignment:
    """The tables of align.h5 in memory."""

    def __init__(self, file):
        self.split = plain(file.attrs["split"])
        self.labels = [plain(label) for label in file["families/label"]]
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
        with open_file(path) as file:
            return kind(file)
    except FileNotFoundError:
        return None
    except (OSError, KeyError, Unreadable) as error:
        print(f"report.py: without {path}: {error}", file=sys.stderr)
        return None


def as_value(value):
    """A cell of a table, or a part of a label; nothing where a key does not apply."""
    return plain(value) if isinstance(value, bytes) else "" if np.isnan(value) else f"{value:g}"


def as_beta(beta):
    """Nothing of a model that has none, such as one held at a capacity."""
    return f"β {beta:.3g}, " if np.isfinite(beta) else ""


def short(column):
    return column.removeprefix("model_").removeprefix("objective_").replace("_", " ")


def scale_of(values):
    """A norm for colours over the finite values: logarithmic when they span decades."""
    good = values[np.isfinite(values)]
    low, high = (good.min(), good.max()) if good.size else (0.0, 1.0)
    if low == high:
        return Normalize(low - 0.5, high + 0.5)
    return LogNorm(low, high) if low > 0 and high / low > 30 else Normalize(low, high)


def telling(candidates):
    """Of (label, numbers) the first whose numbers tell more than one thing apart; the first of all when none does."""
    return next((c for c in candidates if len(np.unique(c[1][np.isfinite(c[1])])) > 1), candidates[0])


def label_powers(axis, low, high):
    """A logarithmic axis from low to high gets numbers enough to be read, however short it is."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1e3 else (1,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def colour_bar(figure, axes, norm, label):
    bar = figure.colorbar(plt.cm.ScalarMappable(norm, SHADES), ax=axes, label=label, fraction=0.05, pad=0.02)
    bar.ax.yaxis.set_major_formatter("{x:g}")
    if isinstance(norm, LogNorm):
        label_powers(bar.ax.yaxis, norm.vmin, norm.vmax)
    bar.outline.set_visible(False)


def curve_colours(n):
    return SHADES(np.linspace(0.05, 0.95, n)) if n > 1 else [SHADES(0.4)]


def nothing(axes, sentence):
    axes.set_axis_off()
    axes.text(0.5, 0.5, sentence, ha="center", va="center", color="0.4", transform=axes.transAxes)


# --- rate and distortion ------------------------------------------------------------------------------------------------

def draw_rd(study):
    points = study.points()
    figure, axes = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
    axes.set_title(study.caption())
    if not points.row.size:
        nothing(axes, "no configuration has a rate and a distortion yet")
        return figure
    if study.curves and len(study.curves.labels) <= MAX_CURVES and len(np.unique(study.curves.points["beta"])) > 1:
        draw_measured_curves(axes, study.curves)
        return figure
    families = {label: np.flatnonzero(np.isin(points.row, members)) for label, members in study.families().items()}
    families = {label: members for label, members in families.items() if members.size}
    if len(families) <= MAX_CURVES:
        draw_curves(axes, families, points)
    else:
        label, colour = telling([("latent dimensions", study.latent[points.row]), ("β", points.beta),
                                 *((short(name), values[points.row]) for name, values in study.swept_numbers())])
        norm = scale_of(colour)
        axes.scatter(points.rate, points.distortion, c=colour, norm=norm, cmap=SHADES, s=14, linewidths=0, plotnonfinite=True)
        colour_bar(figure, axes, norm, label)
    draw_best(axes, points.rate, points.distortion)
    axes.set_xlabel("rate  KL(q(z|x) ‖ p(z))  [nat per sample]")
    axes.set_ylabel("distortion  −E log p(x|z)  [nat per sample]")
    return figure


def label_betas(axes, points):
    """A number beside each (beta, rate, distortion, colour); of points that lie on each other the first one's."""
    axes.margins(0.08)
    axes.autoscale_view()
    taken = []
    for beta, x, y, colour in points:
        at = axes.transLimits.transform((x, y))
        if any((np.abs(at - other) < (0.03, 0.025)).all() for other in taken):
            continue
        taken.append(at)
        axes.annotate(f"{beta:.3g}", (x, y), xytext=(5, 4), textcoords="offset points", fontsize=6.5, color=colour)


def draw_curves(axes, families, points):
    markers = "osD^vP*Xdh"
    labelled = points.row.size <= MAX_LABELS and len(np.unique(points.beta)) > 1
    labels = []
    for (label, members), colour, marker in zip(families.items(), curve_colours(len(families)), markers):
        members = members[np.argsort(points.beta[members], kind="stable")]
        # Replicates (seeds) of one beta are points of one cloud, not a path.
        line = "-" if len(np.unique(points.beta[members])) == len(members) else "none"
        axes.plot(points.rate[members], points.distortion[members], linestyle=line, marker=marker, markersize=5, color=colour, label=label)
        labels += [(points.beta[i], points.rate[i], points.distortion[i], colour) for i in members if np.isfinite(points.beta[i])]
    if labelled:
        label_betas(axes, labels)
        axes.plot([], [], " ", label="labels: β")
    if len(families) > 1 or labelled:
        axes.legend(loc="upper right")


def draw_measured_curves(axes, curves):
    """The curves of curve.h5: points with the errors of their means, the hull as a line, theory dashed."""
    labelled = len(curves.points["beta"]) <= MAX_LABELS
    handles, labels = [], []
    replicated = np.isfinite(curves.points["rate_se"]).any()
    def errors(of):
        return {"xerr": np.nan_to_num(of["rate_se"]), "yerr": np.nan_to_num(of["distortion_se"])} if replicated else {}
    for curve, (label, colour, marker) in enumerate(zip(curves.labels, curve_colours(len(curves.labels)), "osD^vP*Xdh")):
        of = curves.of(curve)
        hull = of["on_hull"] == 1
        handles.append(axes.errorbar(of["rate"], of["distortion"], **errors(of), linestyle="none", marker=marker, markersize=5, elinewidth=0.8,
                                     color=colour, label=label or "all configurations"))
        axes.plot(of["rate"][hull], of["distortion"][hull], color=colour)
        order = np.argsort(of["theory_rate"])
        axes.plot(of["theory_rate"][order], of["theory_distortion"][order], linestyle=(0, (4, 3)), linewidth=0.8, color=colour)
        labels += [(*at, colour) for at in zip(of["beta"], of["rate"], of["distortion"])]
    axes.margins(0.08)
    if replicated:
        handles += axes.plot([], [], " ", label="bars: standard errors over seeds")
    handles += axes.plot([], [], "-", color="0.4", label="convex hull")
    if np.isfinite(curves.points["theory_rate"]).any():
        handles += axes.plot([], [], linestyle=(0, (4, 3)), color="0.4", label="theory")
    if labelled:
        label_betas(axes, labels)
        handles += axes.plot([], [], " ", label="labels: β")
    axes.legend(handles=handles, loc="upper right")
    axes.set_xlabel(f"rate  KL(q(z|x) ‖ p(z))  [nat per sample, {curves.split} part]")
    axes.set_ylabel(f"{curves.distortion}  −E log p(x|z)  [nat per sample, {curves.split} part]")


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
    families = list(enumerate(alignment.labels))[:MAX_CURVES]
    columns = max(1, 150 // (8 + max((len(label) for _, label in families), default=0)))         # of the legend, which stands below both
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8 + 0.18 * math.ceil((2 + len(families)) / columns)), layout="constrained")
    figure.suptitle(f"{study.name}: latent dimensions from one β to the next, {alignment.split} part", x=0.01, ha="left", fontsize=10)
    for (family, label), colour, marker in zip(families, curve_colours(len(families)), "osD^vP*Xdh"):
        of = alignment.of(family)
        middle = np.sqrt(of["beta_from"] * np.where(of["beta_to"] > 0, of["beta_to"], of["beta_from"] / 10))     # 0 has no place among powers
        left.plot(middle, of["alignment_diagonal"], color=colour, marker=marker, markersize=5, label=label or None)
        left.plot(middle, of["alignment_permuted"], color=colour, linestyle=(0, (4, 3)), linewidth=0.8)
        right.plot(middle, of["marginal_shift"], color=colour, marker=marker, markersize=5)
    left.plot([], [], "-", color="0.4", label="in its place")
    left.plot([], [], linestyle=(0, (4, 3)), color="0.4", label="best match")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=columns)
    left.set_ylim(-0.03, 1.05)
    left.set_ylabel("mean |correlation| of posterior means")
    right.set_ylim(bottom=0)
    right.set_ylabel("Wasserstein-1 distance of the draws")
    for axes in (left, right):
        axes.set_xscale("log")
        label_powers(axes.xaxis, *axes.get_xlim())
        axes.set_xlabel("β, geometric mean of the two")
    return figure


# --- histories ----------------------------------------------------------------------------------------------------------

def draw_history(study):
    tables = {name: study.history(name) for name in ("loss", "rate", "distortion")}
    figure, all_axes = plt.subplots(1, 3, figsize=(10.5, 3.6), layout="constrained")
    figure.suptitle(study.caption(), x=0.01, ha="left", fontsize=10)
    label, colour = telling([("β", study.beta), ("latent dimensions", study.latent), *((short(name), values) for name, values in study.swept_numbers())])
    norm = scale_of(colour)
    opacity = max(0.25, min(0.9, 12 / max(study.count, 1)))
    well = ~np.isin(study.status, (DIVERGED, FAILED))
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
                axes.plot(epochs, row, color=SHADES(norm(value)) if np.isfinite(value) else "0.5", alpha=opacity, marker=marker, markersize=3)
        limit_height(axes, table[well] if np.isfinite(table[well]).any() else table)
    all_axes[0].set_ylabel("nat per sample, mean of the epoch")
    if study.count > 1 and np.isfinite(colour).any():
        colour_bar(figure, all_axes, norm, label)
    return figure


def limit_height(axes, table):
    """Keeps the first epoch's fall, or a run on its way to diverging, from flattening everything else. table: of those that went well."""
    values = table[np.isfinite(table)]
    low, high, usual = values.min(), values.max(), np.quantile(values, 0.97)
    top = usual + 0.1 * (usual - low) if high - low > 2.5 * (usual - low) > 0 else high
    if top > low:
        axes.set_ylim(low - 0.05 * (top - low), top + 0.05 * (top - low))


# --- samples ------------------------------------------------------------------------------------------------------------

def choose(study):
    """Up to three views: least, middle and greatest beta among the configurations with the most latents that have pictures; of one shape."""
    views = study.views()
    most = max((study.latent[view.row] for view in views), default=None)
    chosen = sorted((view for view in views if not study.latent[view.row] < most), key=lambda view: (math.isnan(view.beta), view.beta))
    chosen = [view for view in chosen if view.shape == chosen[0].shape]
    return list(dict.fromkeys((chosen[0], chosen[len(chosen) // 2], chosen[-1]))) if chosen else []


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
    first = chosen[0]
    parts = [(title, name) for title, name in (("data", "inputs"), ("reconstructed", "reconstructions"), ("from the prior", "samples"))
             if study.bulk(first, name) is not None and len(study.bulk(first, name))]
    draw = draw_pictures if as_pictures(study.bulk(first, "reconstructions")) is not None else draw_rows
    return draw(study, chosen, parts)


def heading(study, view):
    points = study.points()
    here = np.flatnonzero((points.row == view.row) & np.isclose(points.beta, view.beta, rtol=1e-6, atol=0, equal_nan=True))
    found = [f"rate {points.rate[k]:.4g}, distortion {points.distortion[k]:.4g} nat" for k in here[:1]]
    return "   ".join([f"c{study.ids[view.row]:04d}", f"{as_beta(view.beta)}{study.latent[view.row]:.0f} latent dimensions", *found])


def draw_pictures(study, chosen, parts):
    """One band per view, one row per part, SHEET_COLUMNS pictures a row."""
    height = 0.72 * len(parts) + 0.36      # inches of a band, the heading's included
    figure = plt.figure(figsize=(9.6, height * len(chosen)))
    bands = np.atleast_1d(figure.subfigures(len(chosen), 1))
    for band, view in zip(bands, chosen):
        band.suptitle(heading(study, view), x=0.015, y=1 - 0.08 / height, ha="left", va="top", fontsize=9)
        data = study.bulk(view, parts[0][1])
        low, high = float(np.nanmin(data)), float(np.nanmax(data))
        grid = band.subplots(len(parts), SHEET_COLUMNS, squeeze=False,
                             gridspec_kw={"left": 0.115, "right": 0.99, "top": 1 - 0.3 / height, "bottom": 0.02, "wspace": 0.06, "hspace": 0.06})
        for row, (title, name) in zip(grid, parts):
            pictures = as_pictures(study.bulk(view, name))
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
    for band, view in zip(grid, chosen):
        arrays = [study.bulk(view, name) for _, name in parts]
        arrays = [array.reshape(len(array), -1) for array in arrays]
        reach = max(float(np.nanquantile(np.abs(arrays[0]), 0.99)), 1e-30)
        for axes, (title, _), array in zip(band, parts, arrays):
            image = axes.imshow(array, aspect="auto", cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
            axes.set_title(f"c{study.ids[view.row]:04d}  {as_beta(view.beta)}{title}", fontsize=8)
            axes.grid(False)
        band[0].set_ylabel("sample")
        figure.colorbar(image, ax=band, fraction=0.04, pad=0.02, label="value").outline.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("entry")
    return figure


# --- one file -----------------------------------------------------------------------------------------------------------

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px sans-serif; margin: 2em auto; max-width: 80em; color: #222 }}
img {{ max-width: 100%; display: block; margin: 1em 0 }}
table {{ border-collapse: collapse; font-size: 12px }}
th, td {{ padding: 2px 10px; text-align: right; border-bottom: 1px solid #eee; white-space: nowrap }}
th {{ position: sticky; top: 0; background: #fff }}
td.text {{ text-align: left; white-space: normal }}
</style></head><body>
<h1>{title}</h1><p>{caption}</p>
{pictures}
<table><tr>{heads}</tr>
{rows}
</table></body></html>
"""


def table_of(study):
    """Headings, and a row of texts for every configuration: what was varied, how it ended, and the first metrics there are."""
    varied = ["objective_beta"] * (len(np.unique(study.beta)) > 1) + study.swept + ["seed"] * (len(np.unique(study.numbers("seed"))) > 1)
    metrics = {name: study.metric(name) for name in TABLE}
    metrics = {name: values for name, values in metrics.items() if np.isfinite(values).any()}
    def row(i):
        error = as_value(study.sweep["error"][i]) if "error" in study.sweep else ""
        return [f"c{study.ids[i]:04d}", *(as_value(study.sweep[name][i]) for name in varied), STATUS[study.status[i]],
                *(as_value(values[i]) for values in metrics.values()), error]
    return ["", *map(short, varied), "status", *map(short, metrics), ""], [row(i) for i in range(study.count)]


def page_of(study, pictures):
    """The report as one HTML file that needs no other. pictures: their paths."""
    heads, rows = table_of(study)
    def cells(texts):
        marked = [("", text) for text in texts[:-1]] + [(' class="text"', texts[-1])]
        return "".join(f"<td{mark}>{html.escape(text)}</td>" for mark, text in marked)
    images = (f'<img alt="{path.stem}" src="data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}">' for path in pictures)
    return PAGE.format(title=html.escape(study.name), caption=html.escape(study.caption()), pictures="\n".join(images),
                       heads="".join(f"<th>{html.escape(head)}</th>" for head in heads), rows="\n".join(f"<tr>{cells(row)}</tr>" for row in rows))


# --- the program --------------------------------------------------------------------------------------------------------

class Unwritable(Exception):
    """Where a picture should go, and why it cannot."""


def publish(path, write):
    """A reader of a running study never meets half a file."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(f"cannot write {path}: {error}") from None
    print(path)


def make_report(study, report):
    pictures = [("rd", draw_rd), ("history", draw_history), ("samples", draw_samples)]
    if study.alignment:
        pictures.append(("alignment", draw_alignment))
    for name, draw in pictures:
        figure = draw(study)
        publish(report / f"{name}.png", figure.savefig)
        plt.close(figure)
    if not study.alignment:
        (report / "alignment.png").unlink(missing_ok=True)      # of a state that is no more
    page = page_of(study, [report / f"{name}.png" for name, _ in pictures])
    publish(report / "report.html", lambda path: path.write_text(page, encoding="utf-8"))


def fail(code, sentence):
    print(f"report.py: {sentence}", file=sys.stderr)
    return code


def study_of(file):
    try:
        return Study(file)
    except LookupError as error:
        raise Unreadable(f"{file.filename} is no study: {error.args[0]}") from None


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="report.py", description=__doc__.split("\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Writes DIR/report/rd.png, history.png, samples.png, where there is an align.h5\n"
                                            "alignment.png, and report.html, which holds them all and needs no other file.\n"
                                            "Exit codes: 0 drawn, 2 DIR holds no readable study, 74 DIR/report cannot be written.")
    parser.add_argument("dir", metavar="DIR", type=Path, help="a study's folder, outputs/<study>; it may still be running")
    directory = parser.parse_args(arguments).dir
    try:
        with open_file(directory / "study.h5") as file, plt.rc_context(STYLE):
            study = study_of(file)
            study.curves = read_beside(directory, "curve.h5", Curves)
            study.alignment = read_beside(directory, "align.h5", Alignment)
            make_report(study, directory / "report")
    except Unwritable as error:
        return fail(74, error)
    except (Unreadable, OSError) as error:
        return fail(2, error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
