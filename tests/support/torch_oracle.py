"""torch_oracle.py FILE [ENCODER LAYER]... / [DECODER LAYER]...

PyTorch's loss and gradients, in double, for what torch_dump wrote: layers as the study file names them. Ends with 1 and a line for every tensor
that is off by more than 1e-5 of its norm."""
import sys

import numpy as np
import torch
import torch.nn.functional as F

BETA, TOLERANCE = 0.7, 1e-5
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "lrelu": lambda v: F.leaky_relu(v, 0.01), "lrelu0.2": lambda v: F.leaky_relu(v, 0.2),
               "softplus": F.softplus, "elu": F.elu, "sigmoid": torch.sigmoid}


def read(path):
    text, numbers = open(path, "rb").read().split(b"\n\n", 1)
    tensors, at = {}, 0
    for line in text.decode().splitlines():
        name, *shape = line.split()
        shape = [int(n) for n in shape]
        count = int(np.prod(shape))
        tensors[name] = np.frombuffer(numbers, np.float32, count, at).reshape(shape).astype(np.float64)
        at += 4 * count
    assert at == len(numbers)
    return tensors


def window(words):
    """Kernel, stride, padding (None: TensorFlow's SAME), output padding of a convolution's words."""
    kernel, stride, pad, grow = 3, 1, None, 0
    for word in words:
        if "x" in word and word[0].isdigit():
            kernel = int(word.split("x")[0])
        elif word[0] == "/":
            stride = int(word[1:])
        elif word[:2] == "op":
            grow = int(word[2:])
        elif word[0] == "p" and word[1:].isdigit():
            pad = int(word[1:])
    return kernel, stride, pad, grow


def excess(out, kernel, stride, side):
    """What SAME pads a side with, before and after it."""
    total = max((out - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def conv(v, weight, bias, words):
    kernel, stride, pad, _ = window(words)
    if pad is not None:
        return F.conv2d(v, weight, bias, stride, pad)
    h, w = (excess(-(-side // stride), kernel, stride, side) for side in v.shape[2:])
    return F.conv2d(F.pad(v, (*w, *h)), weight, bias, stride)


def deconv(v, weight, bias, words):
    kernel, stride, pad, grow = window(words)
    if pad is not None:
        return F.conv_transpose2d(v, weight, bias, stride, pad, grow)
    (top, _), (left, _) = (excess(side, kernel, stride, side * stride) for side in v.shape[2:])
    height, width = (side * stride for side in v.shape[2:])
    full = F.conv_transpose2d(v, weight, None, stride, 0, max(stride - kernel, 0))
    full = full[:, :, top:top + height, left:left + width]
    return full if bias is None else full + bias[:, None, None]


class Model:
    def __init__(self, weights, sides):
        self.weights, self.sides = weights, sides

    def get(self, name):
        return self.weights.get(name)

    def spatial(self, word):
        """("H/4", "W/4", "128") of fc H/4xW/4x128."""
        parts = word.split("x")
        if len(parts) == 1:
            return None
        number = {"H": self.sides[0], "W": self.sides[1]}
        sides = [-(-number[p[0]] // int(p[2:])) if p[0] in number else int(p) for p in parts[:2]]
        return int(parts[2]), sides[0], sides[1]

    def layer(self, v, text, name):
        kind, *words = [w for w in text.split() if w != "output"]
        weight, bias = self.get(name + ".weight"), self.get(name + ".bias")
        if kind == "fc":
            v = F.linear(v.flatten(1), weight, bias)
            shape = self.spatial(words[0]) if words else None
            v = v.reshape(len(v), *shape) if shape else v
        else:
            v = (conv if kind == "conv" else deconv)(v, weight, bias, words)
        if "bn" in words:
            v = F.batch_norm(v, None, None, self.get(name + ".bn.weight"), self.get(name + ".bn.bias"), training=True, eps=1e-5)
        for word in words:
            v = ACTIVATIONS[word](v) if word in ACTIVATIONS else v
        return v

    def loss(self, x, noise, encoder, decoder):
        # A dense layer that meets the data meets their entries as the data have them: (height, width, channels).
        v = x.permute(0, 2, 3, 1) if encoder[0].startswith("fc") else x
        for i, text in enumerate(encoder):
            v = self.layer(v, text, f"encoder.{i}")
        v = v.flatten(1)
        mean, logvar = (F.linear(v, self.get(f"posterior.{head}.weight"), self.get(f"posterior.{head}.bias")) for head in ("mean", "logvar"))
        v = mean + torch.exp(0.5 * logvar) * noise
        for i, text in enumerate(decoder):
            v = self.layer(v, text, "decoder.output" if "output" in text else f"decoder.{i}")
        target = x.permute(0, 2, 3, 1) if decoder[-1] == "output fc" else x
        errors = ((target.flatten(1) - v.flatten(1)) ** 2).sum(1)
        log_variance = self.get("likelihood.log_variance")
        width = x[0].numel()
        nll = 0.5 * (errors / torch.exp(log_variance) + width * (log_variance + np.log(2 * np.pi)))
        rate = 0.5 * (mean ** 2 + torch.exp(logvar) - 1 - logvar).sum(1)
        return (nll + BETA * rate).mean()


def main():
    tensors = read(sys.argv[1])
    cut = sys.argv.index("/")
    weights = {name[7:]: torch.tensor(v, requires_grad=True) for name, v in tensors.items() if name.startswith("weight/")}
    x = torch.tensor(tensors["x"]).permute(0, 3, 1, 2)
    loss = Model(weights, tensors["x"].shape[1:3]).loss(x, torch.tensor(tensors["noise"]), sys.argv[2:cut], sys.argv[cut + 1:])
    loss.backward()
    wrong = []
    off = abs(tensors["loss"][0] - loss.item()) / abs(loss.item())
    if not off <= TOLERANCE:
        wrong.append(f"loss {tensors['loss'][0]}, PyTorch says {loss.item()}")
    seen = 0
    for name, weight in weights.items():
        if weight.grad is None:         # running averages
            continue
        want, got = weight.grad.numpy(), tensors["gradient/" + name]
        off = np.linalg.norm(got - want) / np.linalg.norm(want)
        seen += 1
        if not off <= TOLERANCE:
            wrong.append(f"gradient of {name} is off by {off:.2g} of its norm, {np.linalg.norm(want):.3g}")
    print(*wrong, sep="\n")
    print(f"{seen} gradients")
    return bool(wrong) or seen < 8


sys.exit(main())
