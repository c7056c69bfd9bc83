#!/usr/bin/env python3
"""Holds a finished study against what it should have found.

Reads DIR/study.h5 with h5py and the study's expectations, and prints for every value where it stands, what was expected and found, the
tolerance, and whether it holds. Expectations are a text file beside the input, inputs/<study>.expected; `check.py --help` describes it.
"""
import argparse
import ast
import collections
import json
import math
import operator
import re
import sys
import textwrap
from pathlib import Path

try:
    from results import STATUS, Unreadable, configuration, open_file, plain
except ImportError as missing:
    sys.exit(f"check.py: {missing}; use build/venv/bin/python, which jobs/quickstart.sh makes from jobs/requirements.txt")

INPUTS = Path(__file__).resolve().parent.parent / "inputs"
SPLITS = ("train", "test")
FORMAT = """\
A line of the expectations has five columns, a # begins a comment:

  where | quantity | expected | tolerance | source

where      -, or keys of the study: objective.beta=0.2 0.7, likelihood.variance=fixed, model.latent>16; the line is about every
           configuration like that, and about every value of objective.grid where one was trained for a range of beta
quantity   train: or test:, then a column of /metrics or arithmetic with such columns and beta: train: distortion + beta * rate
           behind it may stand: over WHERE or minus WHERE, another configuration to compare with; KEY=same there means the same
           value as here
expected   a number; >= NUMBER or <= NUMBER; or a formula, worked out from the description of the data in study.h5:
%s
tolerance  0.01, or 3 %%; - behind >= and <=
source     where the number comes from, in words: theory, a publication by its name, or regression: what this study has found before

`when WHERE` on a line of its own: what follows is about configurations trained like that, and passed over without one; `when -` ends it.

Lines about configurations that have not begun (betafield run --only) are passed over. Exit codes: 0 everything else holds, 1 something
does not, or did not end well, 2 study or expectations cannot be read."""


class Mistake(Exception):
    """What is wrong with the study or the expectations, as a sentence."""


class Absent(Mistake):
    """There is no other configuration to compare one with."""


# A trained model at one beta: its configuration's id, its keys, and {split: {column: value}}.
Point = collections.namedtuple("Point", "id keys metrics")
Row = collections.namedtuple("Row", "place when where split expression relation reference expected tolerance source")
Result = collections.namedtuple("Result", "row point expected found holds")


# --- formulas -----------------------------------------------------------------------------------------------------------

def spectrum_of(point):
    """Eigenvalues of the data's covariance, falling."""
    if point.keys.get("data.source") != "gaussian":
        raise Mistake(f"c{point.id:04d} has data.source {point.keys.get('data.source')}; this formula is about gaussian data")
    return sorted(json.loads(point.keys["data.gaussian.eigenvalues"]), reverse=True)


def charged(sse, variance, width):
    """-log of a Gaussian density: a squared error summed over width entries, at one variance."""
    return 0.5 * sse / variance + 0.5 * width * math.log(2 * math.pi * variance)


def settled_variance(spectrum, latent, beta):
    """Where a learned variance comes to rest: what is not kept / (d - beta k), k the number of eigenvalues above beta times itself."""
    width = len(spectrum)
    for k in range(latent + 1):
        lost = sum(spectrum[k:])
        if lost <= 0 or width - beta * k <= 0:
            break
        variance = lost / (width - beta * k)
        if all(v > beta * variance for v in spectrum[:k]) and not any(v > beta * variance for v in spectrum[k:latent]):
            return variance
    raise Mistake(f"a learned variance has no minimum at beta {beta:g}: the latent dimensions can hold everything")


def linear_vae(point, found):
    """optimum of a linear beta-VAE on gaussian data (reverse water-filling): rate, distortion and its accountings, variance, mse,
    active_units, informative_units"""
    spectrum, beta, own = spectrum_of(point), found["beta"], as_number(str(point.keys.get("likelihood.value")))
    width, latent = len(spectrum), min(int(point.keys["model.latent"]), len(spectrum))
    if point.keys["likelihood.variance"] == "fixed":
        variance = 1.0 if own is None or math.isnan(own) else own
    else:
        variance = settled_variance(spectrum, latent, beta)
    level = beta * variance
    kept = [v for v in spectrum[:latent] if v > level]
    lost = sum(spectrum) - sum(kept)
    sse = len(kept) * level + lost
    return {
        "beta": beta, "variance": variance, "rate": sum(0.5 * math.log(v / level) for v in kept),
        "distortion": charged(sse, variance, width), "distortion_half": charged(sse, 0.5, width),
        "distortion_beta": charged(sse, level, width), "distortion_refit": charged(sse, sse / width, width),
        "mse": (sum(level * level / v for v in kept) + lost) / width,
        "active_units": sum(v > level / 0.99 for v in kept), "informative_units": sum(v > 2 * level for v in kept),
    }


def rd_line(point, found):
    """distortion_refit as a straight line over the rate that was found, of slope -d/k: gaussian data with k eigenvalues above 0, all kept"""
    spectrum = spectrum_of(point)
    logs = [math.log(v) for v in spectrum if v > 0]
    level = math.exp((sum(logs) - 2 * found["rate"]) / len(logs))
    sse = len(logs) * level
    return {"distortion_refit": charged(sse, sse / len(spectrum), len(spectrum))}


FORMULAS = {"linear-vae": linear_vae, "rd-line": rd_line}


# --- expectations -------------------------------------------------------------------------------------------------------

def as_number(text):
    try:
        return float(text)
    except ValueError:
        return None


def read_conditions(text):
    """[(key, relation, values)]; none for -."""
    conditions = []
    for part in text.split(",") if text.strip() != "-" else ():
        match = re.fullmatch(r"\s*([a-z][\w.]*)\s*(=|!=|<|>)\s*(\S.*?)\s*", part)
        if not match:
            raise Mistake(f"'{part.strip()}' is no condition such as objective.beta=0.2 or likelihood.variance=fixed learned")
        conditions.append((match[1], match[2], match[3].split()))
    return conditions


def read_expected(text, tolerance):
    if re.fullmatch(r"(>=|<=)\s*\S+", text) and as_number(text[2:]) is not None:
        if tolerance != "-":
            raise Mistake(f"'{text}' has no tolerance: write -")
    elif text not in FORMULAS and as_number(text) is None:
        raise Mistake(f"'{text}' is no number, no bound and no formula ({', '.join(FORMULAS)})")
    elif as_number(tolerance.removesuffix("%")) is None:
        raise Mistake(f"'{tolerance}' is no tolerance such as 0.01 or 3 %")
    return text


def read_row(place, when, text):
    cells = [cell.strip() for cell in text.split("|")]
    if len(cells) != 5:
        raise Mistake(f"{len(cells)} columns instead of where | quantity | expected | tolerance | source")
    where, quantity, expected, tolerance, source = cells
    match = re.fullmatch(r"(train|test):\s*(.+?)(?:\s+(over|minus)\s+(.+))?", quantity)
    if not match:
        raise Mistake(f"'{quantity}' does not begin with train: or test:")
    try:
        expression = ast.parse(match[2], mode="eval").body
    except SyntaxError:
        raise Mistake(f"'{match[2]}' is no column of /metrics and no arithmetic") from None
    reference = read_conditions(match[4]) if match[3] else []
    return Row(place, when, read_conditions(where), match[1], expression, match[3], reference, read_expected(expected, tolerance), tolerance, source)


def expectations_of(study):
    """Those that ship with betafield; a name comes from a file, and is a study's only without slashes."""
    path = INPUTS / f"{study}.expected"
    if "/" in study or not path.is_file():
        raise Mistake(f"there is no {path}; --expected FILE names the expectations of another study")
    return path


def read_expectations(path):
    rows, when = [], []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Mistake(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(lines, 1):
        text = line.split("#")[0].strip()
        try:
            if text.startswith("when "):
                when = read_conditions(text[5:])
            elif text:
                rows.append(read_row(f"{path}:{number}", when, text))
        except Mistake as mistake:
            raise Mistake(f"{path}:{number}: {mistake}") from None
    return rows


# --- the study ----------------------------------------------------------------------------------------------------------

def points_of(group, number):
    """One point, or one for every value of the grid of a model that was trained for a range of beta."""
    keys = {name: plain(value) for name, value in group.attrs.items()}
    betas = group["beta_grid"][...] if "beta_grid" in group else [keys.get("objective.beta", math.nan)]
    columns = {name: column[...].reshape(len(betas), len(SPLITS))
               for name, column in group["metrics_by_beta" if "beta_grid" in group else "metrics"].items()}
    for i, beta in enumerate(betas):
        metrics = {split: {"beta": float(beta), **{name: float(values[i, s]) for name, values in columns.items()}} for s, split in enumerate(SPLITS)}
        yield Point(number, {**keys, "objective.beta": float(beta)}, metrics)


def done_configuration(file, number):
    group = configuration(file, number)
    if group is None:
        raise Mistake(f"c{number:04d} is done, but its file is not there")
    return group


def read_study(path):
    """The study's name, the columns of /sweep, its points, what has begun and is not done, and how many have not begun."""
    with open_file(path) as file:
        points, undone, pending = [], [], 0
        for number, status in zip(file["config"][...], file["sweep/status"][...]):
            if STATUS[status] == "done":
                points.extend(points_of(done_configuration(file, number), int(number)))
            elif STATUS[status] == "pending":
                pending += 1
            else:
                undone.append(f"c{number:04d} {STATUS[status]}")
        return str(plain(file.attrs["study"])), set(file["sweep"]), points, undone, pending


# --- one against the other ----------------------------------------------------------------------------------------------

def meets(conditions, keys, here=None):
    """Whether keys are as conditions say; `same`: as in here."""
    def one(key, relation, values):
        have = keys.get(key)
        wanted = [here.get(key) if value == "same" and here else value for value in values]
        if relation in "<>":
            number, bound = as_number(str(have)), as_number(str(wanted[0]))
            return number is not None and bound is not None and (number < bound if relation == "<" else number > bound)
        return any(agree(have, value) for value in wanted) == (relation == "=")
    return all(one(*condition) for condition in conditions)


def agree(have, wanted):
    a, b = as_number(str(have)), as_number(str(wanted))
    return math.isclose(a, b, rel_tol=1e-9) if a is not None and b is not None else str(have) == str(wanted)


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def work_out(node, names):
    """Arithmetic with names."""
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](work_out(node.left, names), work_out(node.right, names))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -work_out(node.operand, names)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise Mistake(f"there is no {node.id} here, only {', '.join(sorted(names))}")
        return names[node.id]
    raise Mistake(f"'{ast.unparse(node)}' is more than + - * / of columns, beta and numbers")


def found_at(row, point, points):
    found = work_out(row.expression, point.metrics[row.split])
    if not row.relation:
        return found
    others = [p for p in points if meets(row.reference, p.keys, point.keys)]
    if len(others) != 1:
        sort = Mistake if others else Absent
        raise sort(f"{len(others)} configurations are as this line says of the one to compare c{point.id:04d} with; it must be one")
    other = work_out(row.expression, others[0].metrics[row.split])
    return found - other if row.relation == "minus" else found / other


def judge(row, point, points):
    found = found_at(row, point, points)
    if row.expected[:2] in (">=", "<="):
        bound = float(row.expected[2:])
        return Result(row, point, row.expected, found, found >= bound if row.expected[0] == ">" else found <= bound)
    if row.expected in FORMULAS:
        expected = work_out(row.expression, FORMULAS[row.expected](point, point.metrics[row.split]))
    else:
        expected = float(row.expected)
    allowed = float(row.tolerance.removesuffix("%"))
    allowed *= abs(expected) / 100 if row.tolerance.endswith("%") else 1
    return Result(row, point, f"{expected:.6g}", found, abs(found - expected) <= allowed)


def judge_all(rows, points, whole):
    """Of a study that is not whole, lines without a configuration, or without the one to compare with, are passed over."""
    results = []
    for row in rows:
        about = [p for p in points if meets(row.when, p.keys) and meets(row.where, p.keys)]
        if whole and not about and not row.when:
            raise Mistake(f"{row.place}: no finished configuration is like that")
        for point in about:
            try:
                results.append(judge(row, point, points))
            except (Mistake, ArithmeticError) as mistake:
                if whole or not isinstance(mistake, Absent):
                    raise Mistake(f"{row.place}: {mistake}") from None
    if whole and not results:
        raise Mistake("no expectation is about a study trained like this one")
    return results


# --- the program --------------------------------------------------------------------------------------------------------

def label_of(point, varied):
    return f"c{point.id:04d} " + ", ".join(f"{key.split('.')[-1]} {show(point.keys[key])}" for key in varied if key in point.keys)


def show(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def varied_keys(points, columns):
    """Swept keys, columns of /sweep, that tell the points apart; objective.beta first."""
    def is_swept(name):
        return name == "objective.beta" or (name.replace(".", "_") in columns and ("." in name or name in ("seed", "posterior", "prior")))
    names = {name for p in points for name in p.keys if is_swept(name)}
    names = sorted(names, key=lambda name: (name != "objective.beta", name))
    return [name for name in names if len({str(p.keys.get(name)) for p in points}) > 1]


def quantity_of(row):
    return f"{row.split} {ast.unparse(row.expression)}" + (f", {'ratio' if row.relation == 'over' else 'difference'}" if row.relation else "")


def print_table(results, varied):
    lines = [(label_of(r.point, varied), quantity_of(r.row), r.expected, f"{r.found:.6g}", r.row.tolerance, "ok" if r.holds else "NO") for r in results]
    heads = ("where", "quantity", "expected", "found", "tolerance", "ok")
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    source = None
    for line, result in zip([heads, *lines], [None, *results]):
        if result and result.row.source != source:
            source = result.row.source
            print(f"# {source}")
        aligned = (cell.rjust(width) if 2 <= i <= 4 else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths)))
        print("  ".join(aligned).rstrip())


def fail(sentence):
    print(f"check.py: {sentence}", file=sys.stderr)
    return 2


def main(arguments=None):
    formulas = "\n".join(textwrap.fill(f"{name}: {' '.join(formula.__doc__.split())}", 120, initial_indent=13 * " ", subsequent_indent=17 * " ")
                         for name, formula in FORMULAS.items())
    parser = argparse.ArgumentParser(prog="check.py", description=__doc__.split("\n")[0], epilog=FORMAT % formulas,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", metavar="DIR", type=Path, help="a study's folder, outputs/<study>")
    parser.add_argument("--expected", metavar="FILE", type=Path, help="expectations (default: <study>.expected among betafield's inputs)")
    asked = parser.parse_args(arguments)
    try:
        name, columns, points, undone, pending = read_study(asked.dir / "study.h5")
        rows = read_expectations(asked.expected or expectations_of(name))
        results = judge_all(rows, points, not (undone or pending))
    except LookupError as error:
        return fail(f"{asked.dir / 'study.h5'} is no study: {error.args[0]}")
    except (OSError, ValueError, Unreadable, Mistake) as error:
        return fail(error)
    print_table(results, varied_keys(points, columns))
    for sentence in undone:
        print(sentence)
    wrong = sum(not r.holds for r in results)
    missing = [f", {count} configurations {what}" for count, what in ((len(undone), "are not done"), (pending, "have not begun")) if count]
    print(f"{name}: {len(results) - wrong} of {len(results)} values are as expected" + "".join(missing))
    return 1 if wrong or undone else 0


if __name__ == "__main__":
    sys.exit(main())
