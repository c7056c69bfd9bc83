"""The cases of the benchmark: the table that betafield's studies, both peers and the count of arithmetic are made from.

Every case is the same computation for everybody: a variational autoencoder with a diagonal Gaussian posterior, a standard normal prior
and a Gaussian likelihood of one learned variance (the loss is distortion + rate, in nats, mean over the batch); Adam at 1e-3; a fresh
permutation each epoch; noise drawn inside the step; f32 master weights.
"""
from dataclasses import dataclass, replace
from math import prod


@dataclass(frozen=True)
class Layer:
    kind: str               # dense; conv, deconv; residual: x + conv3(relu(conv3(x))); image: (channels * side * side) -> (channels, side, side)
    width: int              # units, channels
    kernel: int = 0         # of image: the side
    stride: int = 1
    pad: int = 0            # as in PyTorch; "SAME" of these networks is symmetric
    grow: int = 0           # output padding of a deconv
    act: str = "none"       # none, relu, lrelu (slope 0.2)
    norm: bool = False      # batch normalisation before the activation, instead of a bias
    bias: bool = True
    spectral: bool = False  # weights divided by their spectral norm, one power step


@dataclass(frozen=True)
class Net:
    encoder: tuple
    decoder: tuple          # the last layer gives the mean of x
    sigmoid: bool = False   # on that mean
    model: tuple = ()       # what a study says: ((key, value), ...) under `model`


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    net: Net
    shape: tuple            # of a sample: (values,) or (channels, height, width)
    latent: int
    batch: int
    source: str             # a data set of DATA
    precision: str = "f32"
    configs: int = 1        # trained side by side by the peer's `vmap` mode
    share: float = 0.0      # what it is to reach: share of the floor; times the best peer; times PyTorch
    best: float = 0.0
    torch: float = 0.0


def mlp(width, *hidden):
    encoder = tuple(Layer("dense", h, act="relu") for h in hidden)
    return Net(encoder, encoder[::-1] + (Layer("dense", width),), model=(("net", "mlp"), ("hidden", list(hidden))))


def infogan(channels, side):
    small = side // 4
    return Net(
        encoder=(Layer("conv", 64, 4, 2, 1, act="lrelu", spectral=True),
                 Layer("conv", 128, 4, 2, 1, act="lrelu", norm=True, spectral=True),
                 Layer("dense", 1024, act="lrelu", norm=True, spectral=True)),
        decoder=(Layer("dense", 1024, act="relu", norm=True),
                 Layer("dense", 128 * small * small, bias=False),
                 Layer("image", 128, small, act="relu", norm=True),
                 Layer("deconv", 64, 4, 2, 1, act="relu", norm=True),
                 Layer("deconv", channels, 4, 2, 1)),
        sigmoid=True, model=(("net", "infogan"), ("output", "sigmoid")))


def sigma(channels):
    return Net(
        encoder=(Layer("conv", 32, 3, 1, 1, act="relu"), Layer("conv", 64, 4, 2, 1, act="relu"), Layer("conv", 128, 5, 2, 2, act="relu")),
        decoder=(Layer("dense", 6272), Layer("image", 128, 7), Layer("deconv", 64, 6, 2, 2, act="relu"),
                 Layer("deconv", 32, 6, 2, 2, act="relu"), Layer("deconv", channels, 5, 1, 2)),
        sigmoid=True, model=(("net", "sigma"), ("output", "sigmoid")))


def mr_resnet(channels):
    return Net(
        encoder=(Layer("conv", 64, 4, 2, 1, act="relu"), Layer("conv", 128, 4, 2, 1, act="relu"), Layer("conv", 128, 3, 2, 1, act="relu"),
                 Layer("residual", 128), Layer("residual", 128)),
        decoder=(Layer("dense", 2048), Layer("image", 128, 4), Layer("deconv", 128, 3, 2, 1, act="relu"),
                 Layer("residual", 128), Layer("residual", 128),
                 Layer("deconv", 64, 3, 2, 1, 1, act="relu"), Layer("deconv", channels, 3, 2, 1, 1)),
        sigmoid=True, model=(("net", "mr-resnet"), ("output", "sigmoid")))


# name: (`data` of a study that makes it, or None for smooth random colour images, and the number of training samples)
DATA = {
    "digits": ({"source": "digits"}, 8192),
    "digits-small": ({"source": "digits"}, 512),        # an epoch of a convolutional network stays a second or two
    "colour": (None, 512),
    "patches": ({"source": "patches"}, 8192),
    "codes": ({"source": "gaussian", "gaussian": {"eigenvalues": [round(4 * 0.93 ** i, 4) for i in range(64)]}}, 8192),
}

_MLP = Case("mlp-b128", "784-512-256-20 B128", mlp(784, 512, 256), (784,), 20, 128, "digits", share=.88, best=1.2, torch=2.5)
_N1 = Case("n1", "N1 28x28x1 B64", infogan(1, 28), (1, 28, 28), 64, 64, "digits-small", share=.75, best=1.9)
_N1_COLOUR = Case("n1-colour", "N1 32x32x3 B64", infogan(3, 32), (3, 32, 32), 64, 64, "colour")



def _bf16(case, share=0.0, best=0.0):
    return replace(case, name=case.name + "-bf16", precision="bf16", share=share, best=best, torch=0.0)


CASES = (
    _MLP,
    replace(_MLP, name="mlp-b64", title="784-512-256-20 B64", batch=64, share=.80, best=1.3, torch=0.0),
    _bf16(_MLP, share=.70, best=1.5),
    Case("mlp-400", "784-400-20 B100", mlp(784, 400), (784,), 20, 100, "digits"),
    Case("second-stage", "64-3x1024-64 B100", mlp(64, 1024, 1024, 1024), (64,), 64, 100, "codes", share=.85, best=1.25),
    Case("small", "25-64-10 B100", mlp(25, 64), (25,), 10, 100, "patches", configs=24, best=2.0, torch=10.0),
    _N1,
    _bf16(_N1, share=.60, best=2.0),
    _N1_COLOUR,
    _bf16(_N1_COLOUR),
    Case("n5", "N5 28x28x1 B128", sigma(1), (1, 28, 28), 20, 128, "digits-small"),
    Case("n13", "N13 28x28x1 B128", mr_resnet(1), (1, 28, 28), 32, 128, "digits-small"),
)

CONDITIONED = (("conditioned-mlp", CASES[0]), ("conditioned-n13", CASES[-1]))       # networks that are trained with and without being told beta


@dataclass(frozen=True)
class Sweep:
    """24 configurations, 6 beta x 4 latent, of equal length: a whole run from the command to its end."""
    name: str
    title: str
    case: Case
    epochs: int
    quick_epochs: int
    weight: float           # of its time, where a case has 1
    best: float
    torch: float = 0.0
    betas: tuple = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
    latents: tuple = (4, 8, 12, 16)


SWEEPS = (
    Sweep("sweep-mlp", "24 x 784-512-256 B64", replace(_MLP, name="sweep-mlp", batch=64), 5, 1, weight=5, best=1.3, torch=2.5),
    Sweep("sweep-small", "24 x 25-64-10 B100", replace(CASES[5], name="sweep-small"), 120, 8, weight=3.5, best=2.0),
)


def find(name):
    for case in CASES:
        if case.name == name:
            return case
    raise SystemExit(f"{name}: no such case; there are {', '.join(c.name for c in CASES)}")


def find_sweep(name):
    for sweep in SWEEPS:
        if sweep.name == name:
            return sweep
    raise SystemExit(f"{name}: no such sweep; there are {', '.join(s.name for s in SWEEPS)}")


# --- shapes and arithmetic -------------------------------------------------------------------------------------------------------


def shape_after(layer, shape):
    """The shape of a sample behind a layer that meets it in `shape`."""
    if layer.kind == "dense":
        return (layer.width,)
    if layer.kind == "image":
        return (layer.width, layer.kernel, layer.kernel)
    if layer.kind == "residual":
        return shape
    if layer.kind == "conv":
        side = (shape[1] + 2 * layer.pad - layer.kernel) // layer.stride + 1
    else:
        side = (shape[1] - 1) * layer.stride - 2 * layer.pad + layer.kernel + layer.grow
    return (layer.width, side, side)


def _layer_cost(layer, shape):
    """(multiply-adds of one sample's forward pass, parameters) of a layer."""
    after = shape_after(layer, shape)
    beside = (2 if layer.norm else layer.bias) * layer.width        # scale and shift, or a bias
    if layer.kind == "dense":
        return prod(shape) * layer.width, prod(shape) * layer.width + beside
    if layer.kind == "residual":
        weights = 2 * 9 * shape[0] * shape[0]
        return weights * shape[1] * shape[2], weights + 2 * shape[0]
    if layer.kind == "image":
        return 0, 2 * layer.width * layer.norm
    weights = shape[0] * layer.width * layer.kernel ** 2
    where = after if layer.kind == "conv" else shape
    return weights * where[1] * where[2], weights + beside


def _chain(layers, shape):
    costs = []
    for layer in layers:
        costs.append(_layer_cost(layer, shape))
        shape = shape_after(layer, shape)
    return costs, shape


def arithmetic(case):
    """(flops of one step, parameters): forward, weight gradients, input gradients except those of the first layer."""
    encoder, features = _chain(case.net.encoder, case.shape)
    head = _layer_cost(Layer("dense", 2 * case.latent), features)
    decoder, out = _chain(case.net.decoder, (case.latent,))
    assert out == case.shape, (case.name, out)
    costs = encoder + [head] + decoder
    forward = sum(c[0] for c in costs)
    return 2 * case.batch * (3 * forward - costs[0][0]), sum(c[1] for c in costs) + 1
