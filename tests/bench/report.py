"""What the benchmark prints: every number with its spread, ratios, shares of the floor, and whether that is what was wanted."""

NAMES = {"torch": "PyTorch", "jax": "JAX"}


def _number(v):
    return f"{v:.4f}" if v < 0.1 else f"{v:.3f}" if v < 10 else f"{v:.1f}"


def _spread(s):
    return f"{_number(s['median'])} [{_number(s['low'])}-{_number(s['high'])}]"


def _best(entries, peer=None):
    """(name, entry) of the smallest median among a peer's modes, or among everybody's."""
    mine = [(n, e) for n, e in entries.items() if peer is None or n.startswith(peer + "/")]
    return min(mine, key=lambda ne: ne[1]["median"], default=(None, None))


def _verdict(got, wanted):
    return "" if not wanted else f" (>= {wanted:g}: {'yes' if got >= wanted else 'NO'})"


def _peer_parts(row, own):
    """"PyTorch 9.6 [..] compile 2.7x" for each peer, wanted ratios behind the one they are about."""
    best, _ = _best(row["peers"])
    parts = []
    for peer, title in NAMES.items():
        name, entry = _best(row["peers"], peer)
        if name is None:
            continue
        text = f"{title} {_spread(entry)} {name.split('/')[1]}"
        if own:
            text += f" {entry['ratio']:.2f}x"
            text += _verdict(entry["ratio"], row["wanted"]["best"]) if name == best else ""
            text += _verdict(entry["ratio"], row["wanted"]["torch"]) if peer == "torch" else ""
        parts.append(text)
    return parts


def case_line(row):
    own = row.get("betafield")
    floor = row.get("floor_ms")
    parts = ["floor -" if floor is None else f"floor {_number(floor)}"]
    if own:
        parts.append(f"betafield {_spread(own)}")
        if floor is not None:
            parts.append(f"{100 * row['share']:.0f} % of floor{_verdict(row['share'], row['wanted']['share'])}")
    else:
        parts.append(f"betafield not available: {row.get('unavailable', '')}")
    return f"  {row['title']:<26} " + " | ".join(parts + _peer_parts(row, own))


def conditioned_line(row):
    if "unavailable" in row:
        return f"  {row['title']:<36} not available: {row['unavailable']}"
    return (f"  {row['title']:<36} plain {_spread(row['plain'])} ms | conditioned {_spread(row['conditioned'])} ms | {row['ratio']:.3f}x "
            f"(<= {row['wanted']:g}: {'yes' if row['ratio'] <= row['wanted'] else 'NO'})")


def split_line(row):
    return f"  {row['title']:<26} " + "  ".join(f"{part} {_number(ms)}" for part, ms in row["split"].items())


def layers_line(row):
    layers = row["layers"]
    return (f"  {row['title']:<26} products {_number(layers['products'])} at {layers['gflops']:.1f} GFLOP/s, {100 * layers['of_roof']:.0f} % of the roof  " +
            "  ".join(f"{part} {_number(layers[part])}" for part in ("others", "optimiser", "samples")))


def sweep_line(row):
    if "unavailable" in row:
        return f"  {row['title']:<26} not available: {row['unavailable']}"
    seconds, own = row["seconds"], row["seconds"].get("betafield")
    peers = {n: e for n, e in seconds.items() if "/" in n}
    best, fastest = _best(peers)
    parts = [f"betafield {_spread(own)}" if own else f"betafield not available: {row['absent'].get('betafield', '')}"]
    for peer, title in NAMES.items():
        name, entry = _best(peers, peer)
        if name is None:
            continue
        ratio = entry["median"] / own["median"] if own else 0.0
        wanted = _verdict(ratio, row["wanted"]["best"]) if name == best else ""
        wanted += _verdict(ratio, row["wanted"]["torch"]) if peer == "torch" else ""
        parts.append(f"{title} {_spread(entry)} {name.split('/')[1]}" + (f" {ratio:.2f}x{wanted}" if own else ""))
    narrow = seconds.get("betafield-bf16")
    if narrow:
        parts.append(f"betafield bf16 {_spread(narrow)}" + (f" {fastest['median'] / narrow['median']:.2f}x the best f32 peer" if fastest else ""))
    return f"  {row['title']:<26} " + " | ".join(parts)


def scaling_line(row):
    if "unavailable" in row:
        return f"  {row['title']:<36} not available: {row['unavailable']}"
    return (f"  {row['title']:<36} 1 rank {_spread(row['one'])} {row['unit']} | 2 ranks {_spread(row['two'])} {row['unit']} | "
            f"efficiency {row['efficiency']:.3f}{_verdict(row['efficiency'], row['wanted'])} | two strangers at once {row['machine']:.3f}")


def roof_lines(result):
    roof = result["roof"]
    rate = lambda v: f"{v:.1f} GFLOP/s" if v else "not available on this processor"  # noqa: E731
    adam = ", ".join(f"{a['ms']:.3f} ms per {a['parameters'] / 1e6:.1f} M ({a['gbytes_per_second']:.1f} GB/s)" for a in roof["adam"])
    return (f"roof, one thread: f32 OpenBLAS {rate(roof['openblas_f32_gflops'])}, oneDNN {rate(roof['onednn_f32_gflops'])}; "
            f"bf16 oneDNN {rate(roof['bf16_gflops'])}\nAdam, 28 bytes per parameter: {adam}\n"
            f"load of the machine at the start: {result['load'][0]:.2f}")


def table(result):
    lines = ["", roof_lines(result), ""]
    if result["cases"]:
        lines += ["milliseconds of a step, median [lowest-highest]; x: how many times betafield's"] + [case_line(r) for r in result["cases"]]
        split = [split_line(r) for r in result["cases"] if "split" in r]
        lines += ["", "betafield's step in parts, milliseconds"] + split if split else []
        layers = [layers_line(r) for r in result["cases"] if "layers" in r]
        lines += ["", "the same by layers (plan --layers), whose optimiser waits for the last of them"] + layers if layers else []
    if result["conditioned"]:
        lines += ["", "milliseconds of a step, without and with being told beta"] + [conditioned_line(r) for r in result["conditioned"]]
    if result["sweeps"]:
        lines += ["", "whole sweeps on 2 ranks, seconds, start and compilation counted"] + [sweep_line(r) for r in result["sweeps"]]
    if result["scaling"]:
        lines += ["", "scaling"] + [scaling_line(r) for r in result["scaling"]]
    return "\n".join(lines)
