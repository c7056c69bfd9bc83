"""A sweep of the benchmark in PyTorch, as a careful user writes it: a pool of processes, one thread and one core each, every worker with
the data in memory and a share of the latent dimensions, so that what torch.compile makes of one is used for all of its beta.

usage: sweep_torch.py SWEEP MODE DATA.h5 EPOCHS WORKERS          MODE: eager, compile
The whole program is what is timed, by whoever starts it.
"""
import multiprocessing
import os
import sys
from dataclasses import replace

import cases


def work(index, name, mode, path, epochs, workers):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[index % len(cores)]})
    import torch

    import peer_torch
    peer_torch.one_thread()
    sweep = cases.find_sweep(name)
    data = peer_torch.load(path, sweep.case.shape)
    for latent in sweep.latents[index::workers]:
        training = peer_torch.Training(replace(sweep.case, latent=latent), mode, data)
        for beta in sweep.betas:
            torch.manual_seed(7)
            training.restart(beta)
            loss = training.steps(epochs * training.steps_per_epoch)
            print(f"beta {beta} latent {latent} loss {loss:.3f}", flush=True)


def main():
    name, mode, path, epochs, workers = sys.argv[1:]
    context = multiprocessing.get_context("spawn")
    pool = [context.Process(target=work, args=(i, name, mode, path, int(epochs), int(workers))) for i in range(int(workers))]
    for process in pool:
        process.start()
    for process in pool:
        process.join()
    sys.exit(max(process.exitcode for process in pool))


if __name__ == "__main__":
    main()
