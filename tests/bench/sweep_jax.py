"""A sweep of the benchmark in JAX, as a careful user writes it: a pool of processes, one thread and one core each, every worker with
the data in memory and a share of the latent dimensions, so that one compilation serves all of its beta.

usage: sweep_jax.py SWEEP MODE DATA.h5 EPOCHS WORKERS          MODE: scan (one after the other), vmap (the beta of a latent dimension side by side)
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
    import peer_jax             # before jax: it says how many threads there are to be
    import jax
    import jax.numpy as jnp

    sweep = cases.find_sweep(name)
    data = peer_jax.load(path, sweep.case.shape)
    variance, key = float(jnp.square(data - data.mean(0)).mean()), jax.random.key(7)
    for latent in sweep.latents[index::workers]:
        case = replace(sweep.case, latent=latent)
        one = lambda s, d, b, k: peer_jax.epoch(case, s, d, b, k)  # noqa: B023, E731
        run = jax.jit(jax.vmap(one, in_axes=(0, None, 0, None)) if mode == "vmap" else one, donate_argnums=0)
        for beta in [jnp.array(sweep.betas)] if mode == "vmap" else sweep.betas:
            state = peer_jax.init(case, key, variance)
            if mode == "vmap":
                state = jax.tree.map(lambda v: jnp.repeat(v[None], len(sweep.betas), 0), state)
            for number in range(epochs):
                state, loss = run(state, data, beta, jax.random.fold_in(key, number))
            print(f"beta {beta} latent {latent} loss {loss}", flush=True)


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
