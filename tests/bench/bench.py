"""The benchmark: measures cases, what conditioning costs, sweeps and scaling in one run, prints a table, writes JSON. Started by run.sh,
which explains it.

Everything has its share of the time that is left, and what fails or is late is a row that says so: the others keep their results, which
are in the JSON file as soon as they are known.
"""
import argparse
import fnmatch
import json
import math
import os
import time
import traceback
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

import cases
import report
from children import Betafield, Budget, Peer, Unavailable, cores, roof, sweep_peer

TORCH_MODES = ("eager", "compile", "autotune")
SWEEP_MODES = {"jax": ("scan", "vmap"), "torch": ("eager", "compile")}
KEEP_WITHIN = 1.10          # modes this close to their peer's best stay in the race after the first look
HOPELESS = 5                # on images, a peer whose first mode takes so many times the best of another one is not compiled in its other modes
ROOF_SECONDS = 0.05         # for each of the roof's products and passes, once a round
LOOKING = 0.7               # of a case's time may go by before all peers are compiled and looked at
PATIENCE = 0.75             # of what is left of that, for those that compile side by side


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--json", type=Path, default=Path("build/bench/bench.json"))
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--roof", type=Path, required=True)
    parser.add_argument("--peers", default="torch,jax")
    options = parser.parse_args()
    options.rounds, options.seconds, options.sweep_rounds = (1, 0.2, 1) if options.quick else (5, 1.5, 3)
    options.peers = [p for p in options.peers.split(",") if p]
    options.cores = cores()
    return options


def modes(options, peer, case):
    """The mode that is looked at first, then the others; where it is quick, the first alone."""
    images = len(case.shape) == 3
    if peer == "torch":
        names = TORCH_MODES + tuple(f"{m}-cl" for m in TORCH_MODES if images)
    else:
        names = (("jit", "scan") if images else ("scan", "jit")) + ("scan-rbg",) + (("vmap", "vmap-rbg") if case.configs > 1 else ())
    return names[:1] if options.quick else names


def floor_ms(machine, case):
    """Arithmetic over the GEMM roof plus the optimiser's bytes over Adam's bandwidth at the nearest size; None without a roof."""
    flops, parameters = cases.arithmetic(case)
    gflops = machine["bf16_gflops" if case.precision == "bf16" else "f32_gflops"]
    if not gflops:
        return None
    nearest = min(machine["adam"], key=lambda a: abs(math.log(a["parameters"] / parameters)))
    return flops / gflops * 1e-6 + 28 * parameters / nearest["gbytes_per_second"] * 1e-6


def summary(values):
    return {"median": median(values), "low": min(values), "high": max(values), "all": values}


def rounds(count, budget):
    """Numbers of rounds: one, and others as long as one more is likely to fit."""
    began = time.monotonic()
    for number in range(count):
        spent = time.monotonic() - began
        if number and budget.left() < 1.2 * spent / number:
            print(f"    {number} of {count} rounds: the time is over", flush=True)
            return
        yield number


def in_turns(count, budget, measures):
    """({name: what it gave in each round}, {name: why it ended early}): functions called in turns; one that fails is left out from then on."""
    found, absent = {name: [] for name in measures}, {}
    for _ in rounds(count, budget):
        for name in [n for n in measures if n not in absent]:
            try:
                found[name].append(measures[name]())
            except (Unavailable, OSError) as why:
                absent[name] = str(why)
                print(f"    {name} ended early: {why}", flush=True)
    return found, absent


def together(count, budget, *functions):
    """The numbers of functions called in turns, as many of each."""
    found, absent = in_turns(count, budget, dict(enumerate(functions)))
    whole = min(len(values) for values in found.values())
    if not whole:
        raise Unavailable("; ".join(absent.values()))
    return [found[f][:whole] for f in range(len(functions))]


# --- cases ------------------------------------------------------------------------------------------------------------------------


def look(options, case, data, wanted, stack, row, budget, looking):
    """{peer: milliseconds} of the (name, mode) pairs that work here: compiled side by side, one on each core, then looked at in turns."""
    found, core = {}, options.cores[-1]
    for first in range(0, len(wanted), len(options.cores)):
        started = []
        for (name, mode), place in zip(wanted[first:first + len(options.cores)], reversed(options.cores)):
            if not looking.left():
                note_absence(row, f"{name}/{mode}", "the time is over")
                continue
            started.append(Peer(name, case, mode, data, place))
            stack.callback(started[-1].close)
        waiting = looking.part(PATIENCE)
        for child in started:                       # all of them compiled, before one is measured
            try:
                child.ready(waiting)
                child.move(core)
            except Unavailable as why:
                note_absence(row, f"{child.name}/{child.mode}", why)
        for child in [c for c in started if c.facts and f"{c.name}/{c.mode}" not in row["looks"]]:
            try:
                found[child] = child.measure(options.seconds, budget)
                row["looks"][f"{child.name}/{child.mode}"] = {"ms": found[child], **child.facts}
                print(f"    {child.name} {child.mode}: {found[child]:.4g} ms a step, ready after {child.facts['warmup_seconds']:.1f} s", flush=True)
            except Unavailable as why:
                note_absence(row, f"{child.name}/{child.mode}", why)
    return found


def note_absence(row, name, why):
    row["looks"][name] = {"unavailable": str(why)}
    print(f"    {name.replace('/', ' ')}: not available: {why}", flush=True)


def start_peers(options, case, data, stack, row, budget):
    """Every mode of every peer, looked at once; those near their peer's best stay, the others end."""
    looking = budget.part(LOOKING)
    first = [(peer, modes(options, peer, case)[0]) for peer in options.peers]
    looks = look(options, case, data, first, stack, row, budget, looking)
    best = min(looks.values(), default=math.inf)
    others = []
    for peer in options.peers:
        mine = min((ms for child, ms in looks.items() if child.name == peer), default=0.0)
        if len(case.shape) == 3 and mine > HOPELESS * best:
            print(f"    {peer}: {mine / best:.0f} times the best, its other modes are left out", flush=True)
        else:
            others += [(peer, mode) for mode in modes(options, peer, case)[1:]]
    others.sort(key=lambda other: other[1].startswith("autotune"))         # the longest to compile last: what is late loses nobody else's time
    looks |= look(options, case, data, others, stack, row, budget, looking)
    waiting = {}
    for child, ms in looks.items():
        if ms <= KEEP_WITHIN * min(m for c, m in looks.items() if c.name == child.name):
            waiting[f"{child.name}/{child.mode}"] = child
        else:
            child.close()
    return waiting


def steps_for(betafield, case, seconds):
    """How many steps of betafield take about `seconds`."""
    ms, _ = betafield.step(case, 4)
    ms, _ = betafield.step(case, max(4, min(2000, round(200 * seconds / ms))))
    return max(4, round(1e3 * seconds / ms))


def measure_case(options, betafield, machine, case, row, budget):
    """One row of the table: betafield and the peers in turns."""
    flops, parameters = cases.arithmetic(case)
    row |= {"flops": flops, "parameters": parameters, "floor_ms": floor_ms(machine, case)}
    if case.precision == "bf16" and not machine["bf16_gflops"] and case.name not in options.only:
        raise Unavailable("this processor does not multiply bf16 numbers; everybody would emulate it")
    data = betafield.data(case.source)
    steps = None
    try:
        steps = steps_for(betafield, case, options.seconds)
    except Unavailable as why:
        row["unavailable"] = str(why)
        print(f"    betafield: not available: {why}", flush=True)
    with ExitStack() as stack:
        measures = {name: lambda p=peer: p.measure(options.seconds, budget) for name, peer in start_peers(options, case, data, stack, row, budget).items()}
        if steps:
            measures = {"betafield": lambda: step_and_floor(options, betafield, case, steps), **measures}
        found, row["absent"] = in_turns(options.rounds, budget, measures)
    own = found.pop("betafield", [])
    row["peers"] = {name: summary(values) for name, values in found.items() if values}
    if own:
        row["betafield"] = summary([ms for _, ms, _ in own])
        if own[0][0]:
            row |= {"floor_ms": median(floor for floor, _, _ in own), "share": median(floor / ms for floor, ms, _ in own)}
        row["split"] = {part: median(split[part] for _, _, split in own) for part in own[0][2]}
        for name in row["peers"]:
            row["peers"][name]["ratio"] = median(theirs / ours for theirs, (_, ours, _) in zip(found[name], own))
        try:
            row["layers"] = layers(options, betafield, case, max(4, steps // 2))
        except Unavailable as why:              # the last thing that a case's time is for
            print(f"    layers: not available: {why}", flush=True)


def layers(options, betafield, case, steps):
    """Where the step's time goes, products beside the roof as it is now."""
    now = roof(options.roof, options.cores[-1], ROOF_SECONDS)["bf16_gflops" if case.precision == "bf16" else "f32_gflops"]
    found = betafield.layers(case, steps)
    return {**found, "of_roof": found["gflops"] / (now or math.nan)}


def step_and_floor(options, betafield, case, steps):
    """(floor, milliseconds, their parts). The machine's own pace changes from minute to minute: a step is held against the roof of its round."""
    floor = floor_ms(roof(options.roof, options.cores[-1], ROOF_SECONDS), case)
    return floor, *betafield.step(case, steps)


def measure_conditioned(options, betafield, case, row, budget):
    """A step of the case's network and one of the same network that is told beta, in turns."""
    told = {"model": {"condition": "beta", "modulation": "gate"}, "objective": {"beta": {"range": [0.1, 4]}, "grid": [1.0]}}
    parts = lambda: {name: dict(keys) for name, keys in told.items()}  # noqa: E731
    steps = steps_for(betafield, case, options.seconds)
    plain, conditioned = together(2 * options.rounds - 1, budget, lambda: betafield.step(case, steps)[0],
                                  lambda: betafield.step(case, steps, same=False, **parts())[0])
    row |= {"plain": summary(plain), "conditioned": summary(conditioned), "ratio": median(b / a for a, b in zip(plain, conditioned))}


# --- whole programs ---------------------------------------------------------------------------------------------------------------


def sweep_study(betafield, sweep, epochs, precision="f32"):
    case = replace(sweep.case, precision=precision)
    return betafield.study(f"{sweep.name}-{precision}", case, train={"epochs": epochs},
                           sweep={"objective.beta": list(sweep.betas), "model.latent": list(sweep.latents)})


def sweep_runs(options, betafield, machine, sweep, epochs):
    """{name: a function that gives the seconds of a whole run, within a budget}."""
    data = betafield.data(sweep.case.source)

    def own(precision, budget):
        betafield.budget = budget
        return betafield.run(sweep_study(betafield, sweep, epochs, precision), ranks=2)[0]

    precisions = ("f32", "bf16") if machine["bf16_gflops"] else ("f32",)
    found = {"betafield" if p == "f32" else f"betafield-{p}": lambda b, p=p: own(p, b) for p in precisions}
    for peer in [p for p in SWEEP_MODES if p in options.peers]:
        for mode in SWEEP_MODES[peer][:1 if options.quick else None]:
            found[f"{peer}/{mode}"] = lambda b, p=peer, m=mode: sweep_peer(p, sweep, m, data, epochs, 2, b)
    return found


def measure_sweep(options, betafield, machine, sweep, row, budget):
    """Whole runs on two ranks and in pools of two, in turns: as many steps on the same data for everybody."""
    epochs = sweep.quick_epochs if options.quick else sweep.epochs
    runs = sweep_runs(options, betafield, machine, sweep, epochs)
    row |= {"epochs": epochs, "absent": {}}
    seconds = {name: [] for name in runs}
    for _ in rounds(options.sweep_rounds, budget):
        left = [n for n in runs if n not in row["absent"]]
        for name in left:
            try:                # nobody takes more than half of what is left to those behind
                seconds[name].append(runs[name](budget if name == left[-1] else budget.part(0.5)))
                print(f"    {name}: {seconds[name][-1]:.2f} s", flush=True)
            except Unavailable as why:
                row["absent"][name] = str(why)
                print(f"    {name}: not available: {why}", flush=True)
    row["seconds"] = {name: summary(values) for name, values in seconds.items() if values}


def measure_scaling(options, betafield, count, budget, row, study, measure):
    """measure(ranks) on one rank and on two; and on one beside a stranger who does the same on the other core: what the machine leaves of two."""
    def beside():
        with betafield.beside(study, options.cores[0]):
            return measure(1)

    one, two, crowded = together(count, budget, lambda: measure(1), lambda: measure(2), beside)
    row |= {"one": summary(one), "two": summary(two), "efficiency": median(a / (2 * b) for a, b in zip(one, two)),
            "machine": median(a / c for a, c in zip(one, crowded))}


def measure_farm(options, betafield, row, budget):
    """The first sweep on one rank and on two."""
    sweep = cases.SWEEPS[0]
    study = sweep_study(betafield, sweep, sweep.quick_epochs if options.quick else sweep.epochs // 2)
    row["unit"] = "s"
    measure_scaling(options, betafield, options.sweep_rounds, budget, row, study, lambda ranks: betafield.run(study, ranks, pinned=ranks == 1)[0])


def measure_team(options, betafield, row, budget):
    """N1 on one rank, whole batches, and on a team of two."""
    case = cases.find("n1")
    steps = max(8, round(1e3 * options.seconds / betafield.step(case, 4)[0]))
    parts = {1: {}, 2: {"lanes": 2}}

    def step(ranks):
        return betafield.step(case, steps, ranks=ranks, train=dict(parts[ranks]), parallel={"ranks_per_config": ranks})[0]

    study = betafield.study("stranger", case, train={"steps": 2 * steps})
    row["unit"] = "ms"
    measure_scaling(options, betafield, options.rounds, budget, row, study, step)


# --- all of it --------------------------------------------------------------------------------------------------------------------


def work(options, betafield, machine):
    """(list of the result, weight in time, row, line of the table, what measures it) of everything there is, in order."""
    for case in cases.CASES:
        row = {"name": case.name, "title": f"{case.title} {case.precision}", "looks": {}, "peers": {},
               "wanted": {"share": case.share, "best": case.best, "torch": case.torch}}
        yield "cases", 2.2 if len(case.shape) == 3 else 1.6, row, report.case_line, lambda r, b, c=case: measure_case(options, betafield, machine, c, r, b)
    for name, case in cases.CONDITIONED:
        row = {"name": name, "title": f"conditioned {case.title}", "wanted": 1.15}
        yield "conditioned", 0.8, row, report.conditioned_line, lambda r, b, c=case: measure_conditioned(options, betafield, c, r, b)
    for sweep in cases.SWEEPS:
        row = {"name": sweep.name, "title": sweep.title, "wanted": {"best": sweep.best, "torch": sweep.torch}, "seconds": {}}
        yield "sweeps", sweep.weight, row, report.sweep_line, lambda r, b, s=sweep: measure_sweep(options, betafield, machine, s, r, b)
    row = {"name": "farm", "title": f"farm of 2, {cases.SWEEPS[0].title}", "wanted": 0.97}
    yield "scaling", 3, row, report.scaling_line, lambda r, b: measure_farm(options, betafield, r, b)
    row = {"name": "team", "title": f"team of 2, {cases.find('n1').title}", "wanted": 0.85}
    yield "scaling", 1.5, row, report.scaling_line, lambda r, b: measure_team(options, betafield, r, b)


def save(options, result):
    """Whole or not at all, whenever this program ends."""
    options.json.parent.mkdir(parents=True, exist_ok=True)
    part = options.json.with_suffix(".part")
    part.write_text(json.dumps(result, indent=1) + "\n")
    part.replace(options.json)


def measure_all(options, betafield, result, everything):
    """Rows into the result, one after the other; each has its share of the time that is left."""
    total = Budget(60 * options.minutes)
    for i, (where, weight, row, line, measure) in enumerate(everything):
        budget = total.part(weight / sum(w for _, w, *_ in everything[i:]))
        betafield.budget = budget
        began = time.monotonic()
        print(f"{row['title']} ({row['name']}, at most {budget.seconds:.0f} s)", flush=True)
        try:
            measure(row, budget)
        except Unavailable as why:
            row["unavailable"] = str(why)
        except Exception as why:                # a mistake in one of them is no reason to lose the others
            row["unavailable"] = f"{type(why).__name__}: {why}"
            traceback.print_exc()
        row["took"] = time.monotonic() - began
        result[where].append(row)
        save(options, result)
        print(line(row), flush=True)


def main():
    options = arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    betafield = Betafield(options.program.resolve(), options.folder.resolve(), options.cores[-1], options.settings)
    result = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "load": os.getloadavg(), "quick": options.quick,
              "betafield": betafield.version(), "roof": roof(options.roof, options.cores[-1], 0.1 if options.quick else 1.0),
              "cases": [], "conditioned": [], "sweeps": [], "scaling": []}
    print(report.roof_lines(result), flush=True)
    everything = [w for w in work(options, betafield, result["roof"])
                  if not options.only or any(fnmatch.fnmatch(w[2]["name"], pattern) for pattern in options.only)]
    if not everything:
        raise SystemExit("--only: there is nothing of that name")
    measure_all(options, betafield, result, everything)
    print(report.table(result), flush=True)
    print(f"written: {options.json}")


if __name__ == "__main__":
    main()
