"""Random networks as StyleGAN2-ADA for PyTorch stores them, their images and judgements computed slowly in 64 bits.

Written from the description of that program: images are doubled by zeros between pixels, filtered, and only then
convolved, one pair of channels at a time; kernels are turned where the image is doubled. Weights of convolutions have
no gain, for demodulation takes it out.
"""

from types import MappingProxyType

import numpy as np
import torch
from scipy.signal import convolve2d, correlate2d

SIDES = (4, 8, 16, 32, 64)
CHANNELS = MappingProxyType({4: 16, 8: 16, 16: 16, 32: 16, 64: 8})
Z, W, LAYERS = 12, 10, 3
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def random_network(seed=0):
    """Tensors of `G_ema` by name."""
    rng = np.random.default_rng(seed)

    def draw(*shape, around=0.0, by=1.0):
        return torch.from_numpy(np.asarray(rng.normal(around, by, shape), dtype=np.float32))

    tensors = {"mapping.w_avg": draw(W)}
    for index in range(LAYERS):
        tensors[f"mapping.fc{index}.weight"] = draw(W, W if index else Z, by=100)
        tensors[f"mapping.fc{index}.bias"] = draw(W, by=30)
    tensors["synthesis.b4.const"] = draw(CHANNELS[4], 4, 4)
    for side in SIDES:
        block, out = f"synthesis.b{side}", CHANNELS[side]
        tensors[f"{block}.resample_filter"] = torch.from_numpy(FILTER).float()
        for name, inputs in (("conv0", CHANNELS.get(side // 2)), ("conv1", out)):
            if inputs is None:
                continue
            layer = f"{block}.{name}"
            tensors[f"{layer}.weight"] = draw(out, inputs, 3, 3)
            tensors[f"{layer}.bias"] = draw(out, by=0.3)
            tensors[f"{layer}.affine.weight"] = draw(inputs, W)
            tensors[f"{layer}.affine.bias"] = draw(inputs, around=1, by=0.2)
            tensors[f"{layer}.noise_strength"] = draw(by=0.5)
            tensors[f"{layer}.noise_const"] = draw(side, side)
            tensors[f"{layer}.resample_filter"] = torch.from_numpy(FILTER).float()
        tensors[f"{block}.torgb.weight"] = draw(3, out, 1, 1)
        tensors[f"{block}.torgb.bias"] = draw(3, by=0.3)
        tensors[f"{block}.torgb.affine.weight"] = draw(out, W)
        tensors[f"{block}.torgb.affine.bias"] = draw(out, around=1, by=0.2)
    return tensors


def random_discriminator(seed=0):
    """Tensors of `D` by name."""
    rng = np.random.default_rng([seed, 1])

    def draw(*shape, by=1.0):
        return torch.from_numpy(np.asarray(rng.normal(0, by, shape), dtype=np.float32))

    tensors = {"b64.fromrgb.weight": draw(CHANNELS[64], 3, 1, 1), "b64.fromrgb.bias": draw(CHANNELS[64], by=0.3)}
    for side in SIDES[:0:-1]:
        inputs, out = CHANNELS[side], CHANNELS[side // 2]
        for name, after in (("conv0", inputs), ("conv1", out)):
            tensors[f"b{side}.{name}.weight"] = draw(after, inputs, 3, 3)
            tensors[f"b{side}.{name}.bias"] = draw(after, by=0.3)
        tensors[f"b{side}.skip.weight"] = draw(out, inputs, 1, 1)
    tensors["b4.conv.weight"], tensors["b4.conv.bias"] = draw(16, 17, 3, 3), draw(16, by=0.3)
    tensors["b4.fc.weight"], tensors["b4.fc.bias"] = draw(16, 256), draw(16, by=0.3)
    tensors["b4.out.weight"], tensors["b4.out.bias"] = draw(1, 16), draw(1)
    layers = {name.rsplit(".", 1)[0] for name in tensors if name.endswith(".weight")} - {"b4.fc", "b4.out"}
    layers |= {f"b{side}" for side in SIDES[1:]}
    return tensors | {f"{layer}.resample_filter": torch.from_numpy(FILTER).float() for layer in sorted(layers)}


def judged(tensors, images):
    """(n,) logits of (n, 3, 64, 64), looked at four at a time: every (n / 4)-th image is of one group."""
    net = _numbers(tensors)
    x = [_activated(_correlated(net, "b64.fromrgb", one)) for one in images]
    for side in SIDES[:0:-1]:
        x = [_halved(net, f"b{side}", one) for one in x]
    count = len(x) // 4
    spreads = [np.sqrt(np.var(x[first::count], axis=0) + 1e-8).mean() for first in range(count)]
    return np.array([_judged(net, one, spreads[at % count]) for at, one in enumerate(x)])


def _halved(net, block, x):
    past = np.stack([_filtered(one, 1)[::2, ::2] for one in x])
    past = _correlated(net, f"{block}.skip", past) * np.sqrt(0.5)
    x = np.stack([_filtered(one, 2) for one in _activated(_correlated(net, f"{block}.conv0", x))])
    x = _correlated(net, f"{block}.conv1", x, "valid")[:, ::2, ::2]
    return past + _activated(x) * np.sqrt(0.5)


def _judged(net, x, spread):
    x = _activated(_correlated(net, "b4.conv", np.concatenate([x, np.full((1, 4, 4), spread)])))
    x = _activated(net["b4.fc.weight"] @ x.ravel() / np.sqrt(x.size) + net["b4.fc.bias"])
    return (net["b4.out.weight"] @ x / np.sqrt(x.size) + net["b4.out.bias"])[0]


def _correlated(net, name, x, edge="same"):
    weight = net[f"{name}.weight"] / np.sqrt(net[f"{name}.weight"][0].size)
    y = [sum(correlate2d(one, k, edge) for one, k in zip(x, ks, strict=True)) for ks in weight]
    return np.stack(y) + net.get(f"{name}.bias", np.zeros(len(y)))[:, None, None]


def _filtered(channel, padding):
    return convolve2d(np.pad(channel, padding), FILTER, "valid")


def mapped(tensors, z, psi=1.0, cutoff=None):
    """(layers, W) of one z (Z,)."""
    net = _numbers(tensors)
    x = z / np.sqrt(np.mean(z**2) + 1e-8)
    for index in range(LAYERS):
        weight = net[f"mapping.fc{index}.weight"] * 0.01 / np.sqrt(len(x))
        x = _activated(weight @ x + 0.01 * net[f"mapping.fc{index}.bias"])
    ws = np.stack([x] * (2 * len(SIDES)))
    ws[:cutoff] = net["mapping.w_avg"] + psi * (ws[:cutoff] - net["mapping.w_avg"])
    return ws


def image(tensors, ws):
    """(3, 64, 64) of one (layers, W)."""
    net = _numbers(tensors)
    x, colours, index = net["synthesis.b4.const"], np.zeros((3, 2, 2)), 0
    for side in SIDES:
        block = f"synthesis.b{side}"
        for name in ("conv0", "conv1"):
            if f"{block}.{name}.weight" in net:
                x = _layer(net, f"{block}.{name}", x, ws[index], doubles=name == "conv0")
                index += 1
        colours = np.stack([_filtered_zeros_between(one, (2, 1)) for one in colours])
        colours = colours + _to_rgb(net, f"{block}.torgb", x, ws[index])
    return colours


def _layer(net, name, x, w, *, doubles):
    weight = net[f"{name}.weight"] * _style(net, name, w)[None, :, None, None]
    weight = weight / np.sqrt(np.square(weight).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
    if doubles:
        wide = [_filtered_zeros_between(one, (3, 2)) for one in x]
        y = [sum(convolve2d(one, k, "valid") for one, k in zip(wide, ks, strict=True)) for ks in weight]
    else:
        y = [sum(correlate2d(one, k, "same") for one, k in zip(x, ks, strict=True)) for ks in weight]
    y = np.stack(y) + net[f"{name}.noise_strength"] * net[f"{name}.noise_const"]
    return _activated(y + net[f"{name}.bias"][:, None, None])


def _filtered_zeros_between(channel, padding):
    wide = np.zeros([2 * length for length in channel.shape])
    wide[::2, ::2] = channel
    return convolve2d(np.pad(wide, padding), 4 * FILTER, "valid")


def _to_rgb(net, name, x, w):
    style = _style(net, name, w) / np.sqrt(len(x))
    weight = net[f"{name}.weight"][:, :, 0, 0] * style
    return np.tensordot(weight, x, 1) + net[f"{name}.bias"][:, None, None]


def _style(net, name, w):
    return net[f"{name}.affine.weight"] @ w / np.sqrt(len(w)) + net[f"{name}.affine.bias"]


def _activated(x):
    return np.where(x < 0, 0.2 * x, x) * np.sqrt(2)


def _numbers(tensors):
    return {name: tensor.double().numpy() for name, tensor in tensors.items()}
