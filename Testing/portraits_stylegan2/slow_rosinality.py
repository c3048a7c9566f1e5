"""Random networks as rosinality's `stylegan2-pytorch` stores them, their images and judgements computed slowly.

Written from the description of that program, in 64 bits: every weight has a gain; where the image is doubled a
transposed convolution spreads each pixel over 3 x 3 pixels, and a blur by FFT follows.
"""

from itertools import pairwise

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


def random_discriminator(seed=0, *, older=False):
    """Tensors of `d` by name; older versions kept biases as (1, channels, 1, 1)."""
    rng = np.random.default_rng([seed, 2])

    def draw(*shape, by=1.0):
        return torch.from_numpy(np.asarray(rng.normal(0, by, shape), dtype=np.float32))

    def bias(out):
        return draw(*((1, out, 1, 1) if older else (out,)), by=0.3)

    widths, kernel = CHANNELS[::-1], torch.from_numpy(BLUR / 4).float()
    tensors = {"convs.0.0.weight": draw(widths[0], 3, 1, 1), "convs.0.1.bias": bias(widths[0])}
    for index, (inputs, out) in enumerate(pairwise(widths), start=1):
        name = f"convs.{index}"
        tensors[f"{name}.conv1.0.weight"], tensors[f"{name}.conv1.1.bias"] = draw(inputs, inputs, 3, 3), bias(inputs)
        tensors[f"{name}.conv2.0.kernel"] = kernel
        tensors[f"{name}.conv2.1.weight"], tensors[f"{name}.conv2.2.bias"] = draw(out, inputs, 3, 3), bias(out)
        tensors[f"{name}.skip.0.kernel"], tensors[f"{name}.skip.1.weight"] = kernel, draw(out, inputs, 1, 1)
    out = CHANNELS[0]
    tensors["final_conv.0.weight"], tensors["final_conv.1.bias"] = draw(out, out + 1, 3, 3), bias(out)
    tensors["final_linear.0.weight"], tensors["final_linear.0.bias"] = draw(out, 16 * out), draw(out, by=0.3)
    tensors["final_linear.1.weight"], tensors["final_linear.1.bias"] = draw(1, out), draw(1)
    return tensors


def judged(tensors, images):
    """(n,) logits of (n, 3, 64, 64), n a multiple of 4."""
    net = {
        name: array.reshape(array.shape[1:2]) if array.shape[0] == 1 and array.shape[2:] == (1, 1) else array
        for name, array in _numbers(tensors).items()
    }
    x = np.stack([_convolved(net, "convs.0", 0, one) for one in images])
    for index in range(1, len(CHANNELS)):
        x = np.stack([_residual(net, f"convs.{index}", one) for one in x])
    groups = x.reshape(4, -1, *x.shape[1:])
    spread = np.sqrt(((groups - groups.mean(axis=0)) ** 2).mean(axis=0) + 1e-8).mean(axis=(1, 2, 3))
    spread = np.broadcast_to(np.tile(spread, 4)[:, None, None, None], (len(x), 1, 4, 4))
    x = np.stack([_convolved(net, "final_conv", 0, one) for one in np.concatenate([x, spread], axis=1)])
    x = x.reshape(len(x), -1)
    x = _rectified(x @ net["final_linear.0.weight"].T / np.sqrt(x.shape[1]) + net["final_linear.0.bias"])
    return (x @ net["final_linear.1.weight"].T / np.sqrt(x.shape[1]) + net["final_linear.1.bias"])[:, 0]


def _residual(net, name, x):
    past = np.einsum("oi,iyx->oyx", net[f"{name}.skip.1.weight"][:, :, 0, 0], _blurred(x, 1)[:, ::2, ::2])
    y = _convolved(net, f"{name}.conv2", 1, _blurred(_convolved(net, f"{name}.conv1", 0, x), 2), halves=True)
    return (y + past / np.sqrt(len(x))) / np.sqrt(2)


def _convolved(net, name, at, x, *, halves=False):
    """A sequence of convolution and activation; where the image is halved, every second window is kept, unpadded."""
    weight = net[f"{name}.{at}.weight"]
    size, rim = weight.shape[2], 0 if halves else weight.shape[2] // 2
    windows = sliding_window_view(np.pad(x, ((0, 0), (rim, rim), (rim, rim))), (size, size), axis=(1, 2))
    windows = windows[:, ::2, ::2] if halves else windows
    y = np.einsum("iyxab,oiab->oyx", windows, weight / np.sqrt(weight[0].size), optimize=True)
    return _rectified(y + net[f"{name}.{at + 1}.bias"][:, None, None])


def _blurred(x, rim):
    return fftconvolve(np.pad(x, ((0, 0), (rim, rim), (rim, rim))), BLUR[None] / 4, "valid", axes=(1, 2))


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
