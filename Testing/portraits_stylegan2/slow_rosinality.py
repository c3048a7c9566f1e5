"""A random network as rosinality's `stylegan2-pytorch` stores it, and its images computed slowly in 64 bits.

Written from the description of that program: every weight has a gain; where the image is doubled a transposed
convolution spreads each pixel over 3 x 3 pixels, and a blur by FFT follows.
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import fftconvolve

CHANNELS = (16, 16, 16, 16, 8)
Z, LAYERS = 12, 4
BLUR = 4 * np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def random_network(seed=0, *, older=False):
    """Tensors of `g_ema` by name with `latent_avg` beside; older versions kept biases as (1, channels, 1, 1)."""
    rng = np.random.default_rng(seed)

    def draw(*shape, around=0.0, by=1.0):
        return torch.from_numpy(np.asarray(rng.normal(around, by, shape), dtype=np.float32))

    tensors = {"latent_avg": draw(Z), "input.input": draw(1, CHANNELS[0], 4, 4)}
    for index in range(1, LAYERS + 1):
        tensors[f"style.{index}.weight"] = draw(Z, Z, by=100)
        tensors[f"style.{index}.bias"] = draw(Z, by=30)
    for index in range(2 * len(CHANNELS) - 1):
        name = f"convs.{index - 1}" if index else "conv1"
        inputs, out = CHANNELS[index // 2], CHANNELS[(index + 1) // 2]
        tensors[f"{name}.conv.weight"] = draw(1, out, inputs, 3, 3)
        tensors[f"{name}.conv.modulation.weight"] = draw(inputs, Z)
        tensors[f"{name}.conv.modulation.bias"] = draw(inputs, around=1, by=0.2)
        tensors[f"{name}.noise.weight"] = draw(1, by=0.5)
        tensors[f"{name}.activate.bias"] = draw(*((1, out, 1, 1) if older else (out,)), by=0.3)
        if index % 2:
            tensors[f"{name}.conv.blur.kernel"] = torch.from_numpy(BLUR).float()
        side = 4 << (index + 1) // 2
        tensors[f"noises.noise_{index}"] = draw(1, 1, side, side)
    for index, inputs in enumerate(CHANNELS):
        name = f"to_rgbs.{index - 1}" if index else "to_rgb1"
        tensors[f"{name}.conv.weight"] = draw(1, 3, inputs, 1, 1)
        tensors[f"{name}.conv.modulation.weight"] = draw(inputs, Z)
        tensors[f"{name}.conv.modulation.bias"] = draw(inputs, around=1, by=0.2)
        tensors[f"{name}.bias"] = draw(1, 3, 1, 1, by=0.3)
        if index:
            tensors[f"{name}.upsample.kernel"] = torch.from_numpy(BLUR).float()
    return tensors


def mapped(tensors, z):
    """(Z,) of one z (Z,)."""
    net = _numbers(tensors)
    x = z / np.sqrt(np.mean(z**2) + 1e-8)
    for index in range(1, LAYERS + 1):
        scale = 0.01 / np.sqrt(len(x))
        x = _rectified(x @ (net[f"style.{index}.weight"] * scale).T + net[f"style.{index}.bias"] * 0.01)
    return x


def image(tensors, latent):
    """(3, 64, 64) of one latent (2 sizes, Z)."""
    net = _numbers(tensors)
    x = _styled(net, "conv1", net["input.input"][0], latent[0], net["noises.noise_0"][0])
    skip = _to_rgb(net, "to_rgb1", x, latent[1])
    for step in range(len(CHANNELS) - 1):
        doubling, same = 2 * step, 2 * step + 1
        for index in (doubling, same):
            noise = net[f"noises.noise_{index + 1}"][0]
            x = _styled(net, f"convs.{index}", x, latent[index + 1], noise)
        skip = _upsampled(skip) + _to_rgb(net, f"to_rgbs.{step}", x, latent[same + 2])
    return skip


def _styled(net, name, x, latent, noise):
    weight = net[f"{name}.conv.weight"][0]
    weight = weight / np.sqrt(weight[0].size) * _modulation(net, name, latent)[:, None, None]
    weight = weight * (np.einsum("oiab,oiab->o", weight, weight) + 1e-8)[:, None, None, None] ** -0.5
    y = _transposed(x, weight) if f"{name}.conv.blur.kernel" in net else _plain(x, weight)
    return _rectified(y + net[f"{name}.noise.weight"] * noise + net[f"{name}.activate.bias"].reshape(-1, 1, 1))


def _plain(x, weight):
    windows = sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))
    return np.einsum("iyxab,oiab->oyx", windows, weight, optimize=True)


def _transposed(x, weight):
    side = x.shape[1]
    spread = np.zeros((len(weight), 2 * side + 1, 2 * side + 1))
    for a in range(3):
        for b in range(3):
            spread[:, a : a + 2 * side : 2, b : b + 2 * side : 2] += np.tensordot(weight[:, :, a, b], x, 1)
    return fftconvolve(np.pad(spread, ((0, 0), (1, 1), (1, 1))), BLUR[None], "valid", axes=(1, 2))


def _upsampled(x):
    wide = np.zeros((3, 2 * x.shape[1] + 3, 2 * x.shape[2] + 3))
    wide[:, 2:-1:2, 2:-1:2] = x
    return fftconvolve(wide, BLUR[None], "valid", axes=(1, 2))


def _to_rgb(net, name, x, latent):
    weight = net[f"{name}.conv.weight"][0, :, :, 0, 0] / np.sqrt(len(x)) * _modulation(net, name, latent)
    return np.einsum("ci,iyx->cyx", weight, x) + net[f"{name}.bias"][0]


def _modulation(net, name, latent):
    weight = net[f"{name}.conv.modulation.weight"]
    return weight @ latent / np.sqrt(len(latent)) + net[f"{name}.conv.modulation.bias"]


def _rectified(x):
    return np.maximum(x, 0.2 * x) * 2**0.5


def _numbers(tensors):
    return {name: tensor.double().numpy() for name, tensor in tensors.items()}
