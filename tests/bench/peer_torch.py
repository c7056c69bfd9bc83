"""A case of the benchmark in PyTorch, as a careful user writes it.

usage: peer_torch.py CASE MODE DATA.h5       then "run SECONDS" lines on standard input, see meter.py

MODE: eager (with Adam's fused kernel), compile (torch.compile of the loss and its gradient), autotune (the same, max-autotune);
      with -cl: channels-last, for convolutions.
"""
import os
import sys

import h5py
import numpy as np
import torch
from torch import nn

import cases
import meter

LR = 1e-3
LOG_2PI = float(np.log(2 * np.pi))
ACTIVATIONS = {"relu": nn.ReLU, "lrelu": lambda: nn.LeakyReLU(0.2)}


def one_thread():
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)


def load(path, shape):
    """The training part as f32 in memory, images as (sample, channels, height, width)."""
    with h5py.File(path) as f:
        x = f["train/x"][:]
    x = x.astype(np.float32) / (255 if x.dtype == np.uint8 else 1)
    if len(shape) == 3:
        x = x.reshape(len(x), *shape[1:], shape[0]).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(x.reshape(len(x), *shape)))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.way = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x):
        return x + self.way(x)


def _layer(layer, shape):
    """The modules of a layer that meets samples of `shape`."""
    if layer.kind == "residual":
        return [Residual(layer.width)]
    bias, window = layer.bias and not layer.norm, (layer.kernel, layer.stride, layer.pad)
    modules = []
    if layer.kind == "image":
        modules.append(nn.Unflatten(1, cases.shape_after(layer, shape)))
    elif layer.kind == "dense":
        modules += [nn.Flatten()] if len(shape) == 3 else []
        modules.append(nn.Linear(int(np.prod(shape)), layer.width, bias))
    elif layer.kind == "conv":
        modules.append(nn.Conv2d(shape[0], layer.width, *window, bias=bias))
    else:
        modules.append(nn.ConvTranspose2d(shape[0], layer.width, *window, layer.grow, bias=bias))
    if layer.spectral:
        modules[-1] = nn.utils.parametrizations.spectral_norm(modules[-1])
    if layer.norm:
        modules.append((nn.BatchNorm1d if layer.kind == "dense" else nn.BatchNorm2d)(layer.width))
    if layer.act != "none":
        modules.append(ACTIVATIONS[layer.act]())
    return modules


def _stack(layers, shape):
    modules = []
    for layer in layers:
        modules += _layer(layer, shape)
        shape = cases.shape_after(layer, shape)
    return nn.Sequential(*modules), shape


class Vae(nn.Module):
    def __init__(self, case, variance):
        super().__init__()
        self.case = case
        self.encoder, features = _stack(case.net.encoder, case.shape)
        self.heads = nn.Sequential(*_layer(cases.Layer("dense", 2 * case.latent), features))
        self.decoder, _ = _stack(case.net.decoder, (case.latent,))
        self.log_variance = nn.Parameter(torch.tensor(float(np.log(variance))))

    def forward(self, x, beta):
        """The loss of a batch."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.case.precision == "bf16"):
            heads = self.heads(self.encoder(x)).float()
            mean, logvar = heads.chunk(2, dim=1)
            logvar = logvar.clamp(-20.0, 10.0)
            z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            out = self.decoder(z)
        out = torch.sigmoid(out.float()) if self.case.net.sigmoid else out.float()
        error = (x - out).square().flatten(1).sum(1)
        half = 0.5 * x[0].numel()
        distortion = half * (LOG_2PI + self.log_variance) + 0.5 * error * torch.exp(-self.log_variance)
        rate = 0.5 * (mean.square() + logvar.exp() - logvar - 1.0).sum(1)
        return (distortion + beta * rate).mean()


class Training:
    """One configuration: data in memory, a fresh permutation each epoch."""

    def __init__(self, case, mode, data, beta=1.0):
        self.batch, self.data, self.variance = case.batch, data, float((data - data.mean(0)).square().mean())
        model = Vae(case, self.variance)
        if mode.endswith("-cl"):
            model = model.to(memory_format=torch.channels_last)
            self.data = data.contiguous(memory_format=torch.channels_last)
        self.model = model
        self.loss = {"eager": lambda: model, "compile": lambda: torch.compile(model),
                     "autotune": lambda: torch.compile(model, mode="max-autotune")}[mode.removesuffix("-cl")]()
        self.steps_per_epoch = len(data) // case.batch
        self._begin(beta)

    def _begin(self, beta):
        self.beta, self.left = torch.tensor(beta), iter(())
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LR, fused=True)

    def restart(self, beta):
        """Another configuration with what is compiled: new weights, a new optimiser."""
        self.model.load_state_dict(Vae(self.model.case, self.variance).state_dict())
        self._begin(beta)

    def steps(self, count):
        for _ in range(count):
            rows = next(self.left, None)
            if rows is None:
                order = torch.randperm(len(self.data))
                self.left = iter(order[:self.steps_per_epoch * self.batch].split(self.batch))
                rows = next(self.left)
            loss = self.loss(self.data[rows], self.beta)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
        return loss.item()


def main():
    name, mode, path = sys.argv[1:]
    case = cases.find(name)
    one_thread()
    torch.manual_seed(7)
    training = Training(case, mode, load(path, case.shape))
    meter.serve(training.steps, unit=1, peer="torch", mode=mode, version=torch.__version__,
                parameters=sum(p.numel() for p in training.model.parameters()))


if __name__ == "__main__":
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    main()
