"""The benchmark: measures cases, sweeps and scaling in one run, prints a table, writes JSON. Started by run.sh, which explains it."""
import argparse
import fnmatch
import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import cases
import report
from children import Betafield, Peer, Unavailable, last_core, roof, sweep_peer

TORCH_MODES = ("eager", "compile", "autotune")
SWEEP_MODES = {"torch": ("eager", "compile"), "jax": ("scan", "vmap")}
KEEP_WITHIN = 1.10          # modes this close to their peer's best stay in the race after the first look
HOPELESS = 5                # a peer whose first mode takes so many times the best of another one is not compiled in its other modes


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--json", type=Path, default=Path("build/bench/bench.json"))
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--roof", type=Path, required=True)
    parser.add_argument("--peers", default="torch,jax")
    options = parser.parse_args()
    options.rounds, options.seconds, options.sweep_rounds = (3, 0.5, 1) if options.quick else (7, 2.0, 3)
    options.timeout = 300 if options.quick else 1200
    options.peers = [p for p in options.peers.split(",") if p]
    return options


def modes(peer, case):
    if peer == "torch":
        images = len(case.shape) == 3
        return TORCH_MODES + tuple(f"{m}-cl" for m in TORCH_MODES if images)
    many = ("vmap", "vmap-rbg") if case.configs > 1 else ()
    return ("jit", "scan", "scan-rbg") + many


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


def start_peers(options, case, data, core, row):
    """Every mode of every peer, looked at once; those near their peer's best stay, the others end."""
    waiting, best = {}, math.inf
    for peer in options.peers:
        looks = {}
        for mode in modes(peer, case):
            if len(case.shape) == 3 and looks and min(looks.values()) > HOPELESS * best:
                print(f"    {peer} {mode}: left out, {peer} is far behind", flush=True)
                continue
            try:
                child = Peer(f"peer_{peer}.py", case, mode, data, core, options.timeout)
                looks[child] = child.measure(options.seconds)
                row["looks"][f"{peer}/{mode}"] = {"ms": looks[child], **child.facts}
                print(f"    {peer} {mode}: {looks[child]:.4g} ms a step, ready after {child.facts['warmup_seconds']:.1f} s", flush=True)
            except Unavailable as why:
                row["looks"][f"{peer}/{mode}"] = {"unavailable": str(why)}
                print(f"    {peer} {mode}: not available: {why}", flush=True)
        for child, ms in looks.items():
            if ms <= KEEP_WITHIN * min(looks.values()):
                waiting[f"{peer}/{child.mode}"] = child
            else:
                child.close()
        best = min([best, *looks.values()])
    return waiting


def steps_for(betafield, case, seconds, row):
    """How many steps of betafield take about `seconds`; None when it refuses the case."""
    try:
        ms, _ = betafield.step(case, 4)
        ms, _ = betafield.step(case, max(4, min(2000, round(200 * seconds / ms))))
        return max(4, round(1e3 * seconds / ms))
    except Unavailable as why:
        row["unavailable"] = str(why)
        print(f"    betafield: not available: {why}", flush=True)
        return None


def measure_case(options, betafield, machine, case, core):
    """One row of the table: betafield and the peers in turns."""
    print(f"{case.title} {case.precision} ({case.name})", flush=True)
    flops, parameters = cases.arithmetic(case)
    row = {"name": case.name, "title": f"{case.title} {case.precision}", "flops": flops, "parameters": parameters,
           "floor_ms": floor_ms(machine, case), "looks": {}, "wanted": {"share": case.share, "best": case.best, "torch": case.torch}}
    steps = steps_for(betafield, case, options.seconds, row)
    peers = start_peers(options, case, betafield.data(case.source), core, row)
    own, splits, others = [], [], {name: [] for name in peers}
    for _ in range(options.rounds):
        if steps:
            ms, split = betafield.step(case, steps)
            own.append(ms)
            splits.append(split)
        for name, peer in peers.items():
            others[name].append(peer.measure(options.seconds))
    for peer in peers.values():
        peer.close()
    row["peers"] = {name: summary(values) for name, values in others.items()}
    if own:
        row["betafield"] = summary(own)
        row["split"] = {part: median(s[part] for s in splits) for part in splits[0]}
        for name, values in others.items():
            row["peers"][name]["ratio"] = median(theirs / ours for theirs, ours in zip(values, own))
    print(report.case_line(row), flush=True)
    return row


def sweep_study(betafield, sweep, epochs, precision="f32"):
    case = replace(sweep.case, precision=precision)
    return betafield.study(f"{sweep.name}-{precision}", case, train={"epochs": epochs},
                           sweep={"objective.beta": list(sweep.betas), "model.latent": list(sweep.latents)})


def measure_sweep(options, betafield, sweep):
    """Whole runs on two ranks and in pools of two, in turns."""
    print(f"{sweep.title}, 2 ranks ({sweep.name})", flush=True)
    epochs = sweep.quick_epochs if options.quick else sweep.epochs
    data = betafield.data(sweep.case.source)
    runs = {"betafield": lambda: betafield.run(sweep_study(betafield, sweep, epochs), ranks=2)[0],
            "betafield-bf16": lambda: betafield.run(sweep_study(betafield, sweep, epochs, "bf16"), ranks=2)[0]}
    for peer in options.peers:
        for mode in SWEEP_MODES[peer]:
            runs[f"{peer}/{mode}"] = lambda p=peer, m=mode: sweep_peer(f"sweep_{p}.py", sweep, m, data, epochs, 2)
    row = {"name": sweep.name, "title": sweep.title, "epochs": epochs, "wanted": {"best": sweep.best, "torch": sweep.torch}, "unavailable": {}}
    seconds = {name: [] for name in runs}
    for _ in range(options.sweep_rounds):
        for name in [n for n in runs if n not in row["unavailable"]]:
            try:
                seconds[name].append(runs[name]())
                print(f"    {name}: {seconds[name][-1]:.2f} s", flush=True)
            except Unavailable as why:
                row["unavailable"][name] = str(why)
                print(f"    {name}: not available: {why}", flush=True)
    row["seconds"] = {name: summary(values) for name, values in seconds.items() if values}
    return row


def measure_farm(options, betafield):
    """The first sweep on one rank and on two."""
    sweep = cases.SWEEPS[0]
    epochs = sweep.quick_epochs if options.quick else sweep.epochs
    study = sweep_study(betafield, sweep, epochs)
    one, two = [], []
    for _ in range(options.sweep_rounds):
        one.append(betafield.run(study, pinned=True)[0])
        two.append(betafield.run(study, ranks=2)[0])
    return {"name": "farm", "title": f"farm of 2, {sweep.title}", "unit": "s", "one": summary(one), "two": summary(two), "wanted": 0.97,
            "efficiency": median(a / (2 * b) for a, b in zip(one, two))}


def measure_team(options, betafield):
    """N1 on one rank, whole batches, and on a team of two."""
    case = cases.find("n1")
    parts = {"train": {"lanes": 2}, "parallel": {"ranks_per_config": 2}}
    steps = max(8, round(1e3 * options.seconds / betafield.step(case, 4)[0]))
    one, two = [], []
    for _ in range(options.rounds):
        one.append(betafield.step(case, steps)[0])
        two.append(betafield.step(case, steps, ranks=2, **{k: dict(v) for k, v in parts.items()})[0])
    return {"name": "team", "title": f"team of 2, {case.title}", "unit": "ms", "one": summary(one), "two": summary(two), "wanted": 0.85,
            "efficiency": median(a / (2 * b) for a, b in zip(one, two))}


def chosen(options, name):
    return not options.only or any(fnmatch.fnmatch(name, pattern) for pattern in options.only)


def main():
    options = arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    core = last_core()
    betafield = Betafield(options.program.resolve(), options.folder.resolve(), core, options.settings)
    result = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "load": os.getloadavg(), "betafield": betafield.version(),
              "roof": roof(options.roof, core, 0.3 if options.quick else 1.0), "cases": [], "sweeps": [], "scaling": []}
    print(report.roof_lines(result), flush=True)
    for case in cases.CASES:
        if chosen(options, case.name):
            result["cases"].append(measure_case(options, betafield, result["roof"], case, core))
    for sweep in cases.SWEEPS:
        if chosen(options, sweep.name):
            result["sweeps"].append(measure_sweep(options, betafield, sweep))
    for name, measure in (("farm", measure_farm), ("team", measure_team)):
        if chosen(options, name):
            try:
                result["scaling"].append(measure(options, betafield))
            except Unavailable as why:
                result["scaling"].append({"name": name, "unavailable": str(why)})
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    print(report.table(result), flush=True)
    print(f"written: {options.json}")


if __name__ == "__main__":
    main()
