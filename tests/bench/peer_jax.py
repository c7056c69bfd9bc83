"""A case of the benchmark in JAX, as a careful user writes it.

usage: peer_jax.py CASE MODE DATA.h5       then "run SECONDS" lines on standard input, see meter.py

MODE: jit (one step per call), scan (an epoch per call), vmap (an epoch of CASE.configs configurations per call; the time of a step is
      divided by their number); with -rbg: XLA's own random bits instead of threefry. Image networks compute in NHWC.
"""
import os
import sys

# Read when jax is imported.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import h5py  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

import cases  # noqa: E402
import meter  # noqa: E402

LR, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
LOG_2PI = float(np.log(2 * np.pi))
CONV = ("NHWC", "HWIO", "NHWC")


def load(path, shape):
    """The training part as f32 in memory, images as (sample, height, width, channels)."""
    with h5py.File(path) as f:
        x = f["train/x"][:]
    x = x.astype(np.float32) / (255 if x.dtype == np.uint8 else 1)
    return jnp.asarray(x.reshape(len(x), *shape[1:], shape[0]) if len(shape) == 3 else x.reshape(len(x), *shape))


# --- parameters: one dictionary per layer; `u` (spectral normalisation) is state, not a parameter ---------------------------------


def _beside(layer):
    """What a layer has beside its weights."""
    if layer.norm:
        return {"scale": jnp.ones(layer.width), "shift": jnp.zeros(layer.width)}
    return {"b": jnp.zeros(layer.width)} if layer.bias and layer.kind != "image" else {}


def _weights(key, fan_in, shape, layer):
    return {"w": jax.random.normal(key, shape) / np.sqrt(fan_in), **_beside(layer)}


def _init_layer(key, layer, shape):
    if layer.kind == "image":
        return _beside(layer)
    if layer.kind == "dense":
        size = int(np.prod(shape))
        return _weights(key, size, (size, layer.width), layer)
    if layer.kind == "residual":
        first, second = jax.random.split(key)
        side = (3, 3, layer.width, layer.width)
        return {name: _weights(k, 9 * layer.width, side, layer) for name, k in (("first", first), ("second", second))}
    return _weights(key, shape[0] * layer.kernel ** 2, (layer.kernel, layer.kernel, shape[0], layer.width), layer)


def _all_layers(case):
    """Encoder, heads, decoder with the shapes they meet."""
    shape, chain = case.shape, []
    for layer in case.net.encoder + (cases.Layer("dense", 2 * case.latent),):
        chain.append((layer, shape))
        shape = cases.shape_after(layer, shape)
    shape = (case.latent,)
    for layer in case.net.decoder:
        chain.append((layer, shape))
        shape = cases.shape_after(layer, shape)
    return chain


def init(case, key, variance):
    chain = _all_layers(case)
    keys = jax.random.split(key, len(chain))
    params = {"layers": [_init_layer(k, layer, shape) for k, (layer, shape) in zip(keys, chain)], "log_variance": jnp.float32(np.log(variance))}
    power = [jnp.ones(layer.width) / np.sqrt(layer.width) if layer.spectral else None for layer, _ in chain]
    m, v = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))     # two, because both are donated
    return {"params": params, "power": power, "m": m, "v": v, "t": jnp.zeros(())}


# --- the loss ---------------------------------------------------------------------------------------------------------------------


def _normalised(w, u):
    """w over its spectral norm after one power step, and the new u."""
    flat = w.reshape(-1, w.shape[-1])
    fixed = lax.stop_gradient(flat)
    v = fixed @ u
    v /= jnp.linalg.norm(v) + 1e-12
    u = v @ fixed
    u /= jnp.linalg.norm(u) + 1e-12
    return w / (v @ flat @ u), u


def _batch_norm(p, y):
    axes = tuple(range(y.ndim - 1))
    y = y.astype(jnp.float32)
    mean = y.mean(axes)
    variance = jnp.square(y - mean).mean(axes)
    return (y - mean) * (lax.rsqrt(variance + 1e-5) * p["scale"]) + p["shift"]


def _conv(x, p, stride, pad, to):
    return _biased(lax.conv_general_dilated(x, p["w"].astype(to), (stride, stride), [(pad, pad)] * 2, dimension_numbers=CONV), p, to)


def _biased(y, p, to):
    return y + p["b"].astype(to) if "b" in p else y


def _apply(layer, p, u, x, to):
    """One layer on a batch in arithmetic `to`; the new u comes with it."""
    if layer.kind == "residual":
        return x + _conv(jax.nn.relu(_conv(x, p["first"], 1, 1, to)), p["second"], 1, 1, to), u
    if layer.spectral:
        w, u = _normalised(p["w"], u)
        p = p | {"w": w}
    if layer.kind == "image":
        y = x.reshape(len(x), layer.kernel, layer.kernel, layer.width)
    elif layer.kind == "dense":
        y = _biased(x.reshape(len(x), -1) @ p["w"].astype(to), p, to)
    elif layer.kind == "conv":
        y = _conv(x, p, layer.stride, layer.pad, to)
    else:
        low = layer.kernel - 1 - layer.pad
        y = lax.conv_transpose(x, p["w"].astype(to), (layer.stride,) * 2, [(low, low + layer.grow)] * 2, dimension_numbers=CONV)
        y = _biased(y, p, to)
    if layer.norm:
        y = _batch_norm(p, y).astype(to)
    if layer.act == "relu":
        y = jax.nn.relu(y)
    elif layer.act == "lrelu":
        y = jax.nn.leaky_relu(y, 0.2)
    return y, u


def loss(case, params, power, x, beta, key):
    to = jnp.bfloat16 if case.precision == "bf16" else jnp.float32
    chain, next_power = _all_layers(case), []
    heads = len(case.net.encoder)
    y = x.astype(to)
    for i, (layer, _) in enumerate(chain):
        y, u = _apply(layer, params["layers"][i], power[i], y, to)
        next_power.append(u)
        if i == heads:
            mean, logvar = jnp.split(y.astype(jnp.float32), 2, axis=1)
            logvar = jnp.clip(logvar, -20.0, 10.0)
            y = (mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, mean.shape)).astype(to)
    out = y.astype(jnp.float32)
    if case.net.sigmoid:
        out = jax.nn.sigmoid(out)
    error = jnp.square(x - out).reshape(len(x), -1).sum(1)
    half = 0.5 * x[0].size
    distortion = half * (LOG_2PI + params["log_variance"]) + 0.5 * error * jnp.exp(-params["log_variance"])
    rate = 0.5 * (jnp.square(mean) + jnp.exp(logvar) - logvar - 1.0).sum(1)
    return (distortion + beta * rate).mean(), next_power


# --- steps ------------------------------------------------------------------------------------------------------------------------


def step(case, state, x, beta, key):
    (value, power), grads = jax.value_and_grad(lambda p: loss(case, p, state["power"], x, beta, key), has_aux=True)(state["params"])
    t = state["t"] + 1
    rate, scale = LR / (1 - BETA1 ** t), 1 / (1 - BETA2 ** t)
    m = jax.tree.map(lambda a, g: BETA1 * a + (1 - BETA1) * g, state["m"], grads)
    v = jax.tree.map(lambda a, g: BETA2 * a + (1 - BETA2) * g * g, state["v"], grads)
    params = jax.tree.map(lambda p, a, b: p - rate * a / (jnp.sqrt(scale * b) + EPSILON), state["params"], m, v)
    return {"params": params, "power": power, "m": m, "v": v, "t": t}, value


def epoch(case, state, data, beta, key):
    """floor(rows / batch) steps over a fresh permutation."""
    steps = len(data) // case.batch
    order = jax.random.permutation(jax.random.fold_in(key, 0), len(data))[:steps * case.batch].reshape(steps, case.batch)
    keys = jax.random.split(jax.random.fold_in(key, 1), steps)
    state, values = lax.scan(lambda s, rk: step(case, s, data[rk[0]], beta, rk[1]), state, (order, keys))
    return state, values[-1]


def stepper(case, data, state, key):
    """advance(n): n calls of one jitted step; rows and noise come from the step's number."""
    run = jax.jit(lambda s, rows, k: step(case, s, data[rows], 1.0, k), donate_argnums=0)
    random, box = np.random.default_rng(7), [state, iter(()), 0]

    def advance(count):
        for _ in range(count):
            rows = next(box[1], None)
            if rows is None:
                steps = len(data) // case.batch
                box[1] = iter(random.permutation(len(data))[:steps * case.batch].reshape(steps, case.batch))
                rows = next(box[1])
            box[0], value = run(box[0], rows, jax.random.fold_in(key, box[2]))
            box[2] += 1
        value.block_until_ready()

    return advance


def epochs(case, data, state, key, configs):
    """advance(n): n calls of one jitted epoch, of one configuration or of many side by side."""
    one = lambda s, d, b, k: epoch(case, s, d, b, k)  # noqa: E731
    run = jax.jit(jax.vmap(one, in_axes=(0, None, 0, None)) if configs > 1 else one, donate_argnums=0)
    beta = jnp.logspace(-1, 1, configs) if configs > 1 else 1.0
    box = [state, 0]

    def advance(count):
        for _ in range(count):
            box[0], value = run(box[0], data, beta, jax.random.fold_in(key, box[1]))
            box[1] += 1
        value.block_until_ready()

    return advance


def main():
    name, mode, path = sys.argv[1:]
    case = cases.find(name)
    if mode.endswith("-rbg"):
        jax.config.update("jax_default_prng_impl", "rbg")
    mode_name, mode = mode, mode.removesuffix("-rbg")
    data = load(path, case.shape)
    variance = float(jnp.square(data - data.mean(0)).mean())
    key = jax.random.key(7)
    parameters = sum(p.size for p in jax.tree.leaves(jax.eval_shape(lambda: init(case, key, variance)["params"])))
    if mode == "jit":
        advance, unit, configs = stepper(case, data, init(case, key, variance), key), 1, 1
    else:
        configs = case.configs if mode == "vmap" else 1
        state = jax.vmap(lambda k: init(case, k, variance))(jax.random.split(key, configs)) if configs > 1 else init(case, key, variance)
        advance, unit = epochs(case, data, state, key, configs), len(data) // case.batch
    meter.serve(advance, unit=unit, share=configs, peer="jax", mode=mode_name, version=jax.__version__, parameters=parameters)


if __name__ == "__main__":
    main()
