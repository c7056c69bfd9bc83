"""What a peer's program does around its steps: warm up, find a length, then measure whenever it is told to.

A line "run SECONDS" on standard input is answered by one JSON line {"ms": .., "steps": ..}; the end of the input ends the program. So
many peers, each compiled once, can wait while the others are measured, and pairs can alternate.
"""
import json
import sys
import time


def serve(advance, unit, share=1, warmup_seconds=2.0, **facts):
    """advance(n) computes n units of `unit` steps and returns when they are done; a step counts for `share` configurations."""
    started = time.perf_counter()
    advance(1)                                          # compiles
    compiled = time.perf_counter()
    pace, calls = 0.0, 0
    while calls < 1 or time.perf_counter() - compiled < warmup_seconds:
        pace = _time(advance, 1)
        calls += 1
    print(json.dumps({"ready": True, "warmup_seconds": compiled - started, **facts}), flush=True)
    for line in sys.stdin:
        seconds = float(line.split()[1])
        units = max(1, round(seconds / pace))
        spent = _time(advance, units)
        pace = spent / units
        print(json.dumps({"ms": 1e3 * spent / (units * unit * share), "steps": units * unit}), flush=True)


def _time(advance, units):
    start = time.perf_counter()
    advance(units)
    return time.perf_counter() - start
