"""Random networks as GenForce stores them, their images and judgements computed slowly in 64 bits.

Written from the paper's TensorFlow program, whose weights GenForce keeps: channels last, every kernel cross-correlated,
also on an image with zeros between its pixels; a style is what its bias says plus one.
"""

import numpy as np
import torch

CHANNELS = (16, 16, 16, 16, 16)
Z, W, LAYERS = 8, 14, 2
TAPS = np.array([1, 3, 3, 1]) / 8


def random_network(seed=0, *, outputs_last=False):
    """Tensors of `generator_smooth` by name; kernels are (out, in, k, k), or (k, k, in, out) as TensorFlow's."""
    rng = np.random.default_rng(seed)

    def draw(*shape, by=1.0):
        return torch.from_numpy(np.asarray(rng.normal(0, by, shape), dtype=np.float32))

    def kernel(out, inputs, size):
        drawn = draw(out, inputs, size, size)
        return drawn.permute(2, 3, 1, 0) if outputs_last else drawn

    tensors = {"truncation.w_avg": draw(W), "synthesis.early_layer.const": draw(1, CHANNELS[0], 4, 4)}
    for index in range(LAYERS):
        tensors[f"mapping.dense{index}.weight"] = draw(W, W if index else Z, by=100)
        tensors[f"mapping.dense{index}.bias"] = draw(W, by=30)
    blur = torch.from_numpy(4 * np.outer(TAPS, TAPS)).float()[None, None]
    for index in range(2 * len(CHANNELS) - 1):
        name, side = f"synthesis.layer{index}", 4 << (index + 1) // 2
        inputs, out = CHANNELS[index // 2], CHANNELS[(index + 1) // 2]
        tensors[f"{name}.weight"] = kernel(out, inputs, 3)
        tensors[f"{name}.bias"] = draw(out, by=0.3)
        tensors[f"{name}.style.weight"] = draw(inputs, W)
        tensors[f"{name}.style.bias"] = draw(inputs, by=0.2)
        tensors[f"{name}.noise_strength"] = draw(by=0.5)
        tensors[f"{name}.noise"] = draw(1, 1, side, side)
        if index % 2:
            tensors[f"{name}.filter.kernel"] = blur
    for index, inputs in enumerate(CHANNELS):
        name = f"synthesis.output{index}"
        tensors[f"{name}.weight"] = kernel(3, inputs, 1)
        tensors[f"{name}.bias"] = draw(3, by=0.3)
        tensors[f"{name}.style.weight"] = draw(inputs, W)
        tensors[f"{name}.style.bias"] = draw(inputs, by=0.2)
    return tensors


def random_discriminator(seed=0):
    """Tensors of `discriminator` by name."""
    rng = np.random.default_rng([seed, 3])

    def draw(*shape, by=1.0):
        return torch.from_numpy(np.asarray(rng.normal(0, by, shape), dtype=np.float32))

    blur = torch.from_numpy(np.outer(TAPS, TAPS)).float()[None, None]
    widths = CHANNELS[::-1]
    tensors = {"input0.weight": draw(widths[0], 3, 1, 1), "input0.bias": draw(widths[0], by=0.3)}
    for index in range(len(widths) - 1):
        inputs, out = widths[index], widths[index + 1]
        for layer, after in ((2 * index, inputs), (2 * index + 1, out)):
            tensors[f"layer{layer}.weight"] = draw(after, inputs, 3, 3)
            tensors[f"layer{layer}.bias"] = draw(after, by=0.3)
        tensors[f"layer{2 * index + 1}.filter.kernel"] = blur
        tensors[f"skip_layer{index}.weight"] = draw(out, inputs, 1, 1)
        tensors[f"skip_layer{index}.filter.kernel"] = blur
    for layer, shape in ((8, (16, 17, 3, 3)), (9, (16, 256)), (10, (1, 16))):
        tensors[f"layer{layer}.weight"], tensors[f"layer{layer}.bias"] = draw(*shape), draw(shape[0], by=0.3)
    return tensors


def judged(tensors, images):
    """(n,) logits of (n, 3, 64, 64), n a multiple of 4; channels last as the paper's program has them."""
    net = _numbers(tensors)
    batch = [_leaky(_weighted(net, "input0", one.transpose(1, 2, 0))) for one in images]
    for index in range(len(CHANNELS) - 1):
        batch = [_past_and_through(net, index, x) for x in batch]
    groups = len(batch) // 4
    logits = []
    for at, x in enumerate(batch):
        group = np.stack([other for place, other in enumerate(batch) if place % groups == at % groups])
        spread = np.mean(np.sqrt(np.mean(group**2, axis=0) - np.mean(group, axis=0) ** 2 + 1e-8))
        x = _leaky(_weighted(net, "layer8", np.pad(x, ((0, 0), (0, 0), (0, 1)), constant_values=spread)))
        x = x.transpose(2, 0, 1).reshape(-1)
        x = _leaky(net["layer9.weight"] @ x * len(x) ** -0.5 + net["layer9.bias"])
        logits.append(float((net["layer10.weight"] @ x * len(x) ** -0.5 + net["layer10.bias"])[0]))
    return np.array(logits)


def _past_and_through(net, index, x):
    past = _weighted(net, f"skip_layer{index}", _smoothed(x, 1)[::2, ::2])
    x = _smoothed(_leaky(_weighted(net, f"layer{2 * index}", x)), 2)
    x = _leaky(_weighted(net, f"layer{2 * index + 1}", x, crop=False)[::2, ::2])
    return (x + past) / 2**0.5


def _weighted(net, name, x, *, crop=True):
    """A convolution and its bias where it has one; not cropped, only places inside the image are kept."""
    kernel = net[f"{name}.weight"].transpose(2, 3, 1, 0)
    kernel = kernel * kernel[..., 0].size ** -0.5
    bias = net.get(f"{name}.bias", 0)
    if len(kernel) == 1:
        return x @ kernel[0, 0] + bias
    return (_correlated(x, kernel, crop=True) if crop else _correlated(x, kernel)[2:-2, 2:-2]) + bias


def _smoothed(x, rim):
    """Filtered along rows and columns, zeros beyond the border."""
    x = np.pad(x, ((rim, rim), (rim, rim), (0, 0)))
    for axis in (0, 1):
        length = x.shape[axis] - 3
        x = sum(tap * np.take(x, np.arange(at, at + length), axis) for at, tap in enumerate(TAPS))
    return x


def mapped(tensors, z):
    """(W,) of one z (Z,)."""
    net = _numbers(tensors)
    x = z * (np.mean(z * z) + 1e-8) ** -0.5
    for index in range(LAYERS):
        weight, bias = net[f"mapping.dense{index}.weight"], net[f"mapping.dense{index}.bias"]
        x = _leaky((weight * (0.01 * len(x) ** -0.5)) @ x + 0.01 * bias)
    return x


def image(tensors, wp):
    """(3, 64, 64) of one (layers, W); kernels of the network are (out, in, k, k)."""
    net = _numbers(tensors)
    x, rgb = net["synthesis.early_layer.const"][0].transpose(1, 2, 0), None
    for index in range(2 * len(CHANNELS) - 1):
        x = _layer(net, f"synthesis.layer{index}", x, wp[index], doubles=index % 2 == 1)
        if index % 2 == 0:
            name = f"synthesis.output{index // 2}"
            kernel = net[f"{name}.weight"].transpose(2, 3, 1, 0)[0, 0] / np.sqrt(x.shape[2])
            colours = (x * _style(net, name, wp[index + 1])) @ kernel + net[f"{name}.bias"]
            rgb = colours if rgb is None else _blurred(_with_zeros(rgb), 2) + colours
    return rgb.transpose(2, 0, 1)


def _layer(net, name, x, w, *, doubles):
    kernel = net[f"{name}.weight"].transpose(2, 3, 1, 0)
    kernel = kernel / np.sqrt(kernel[..., 0].size) * _style(net, name, w)[:, None]
    norm = np.sqrt((kernel**2).sum(axis=(0, 1, 2)) + 1e-8)
    y = _blurred(_correlated(_with_zeros(x), kernel), 1) if doubles else _correlated(x, kernel, crop=True)
    y = y / norm + net[f"{name}.noise_strength"] * net[f"{name}.noise"][0, 0, :, :, None]
    return _leaky(y + net[f"{name}.bias"])


def _correlated(x, kernel, *, crop=False):
    """Outputs at every place where kernel and image meet, one pixel more on each side unless cropped."""
    rim = 1 if crop else 2
    padded = np.pad(x, ((rim, rim), (rim, rim), (0, 0)))
    high, wide = padded.shape[0] - 2, padded.shape[1] - 2
    return sum(padded[a : a + high, b : b + wide] @ kernel[a, b] for a in range(3) for b in range(3))


def _with_zeros(x):
    """Zeros after each pixel."""
    return np.kron(x, np.array([[1, 0], [0, 0]])[:, :, None])


def _blurred(x, before):
    """Filtered with a gain of 4 along rows and columns; the zero after the last pixel stands for one of the padding."""
    pad = (before, before - 1)
    x = np.pad(x, (pad, pad, (0, 0)))
    for axis in (0, 1):
        length = x.shape[axis] - 3
        x = sum(2 * tap * np.take(x, np.arange(at, at + length), axis) for at, tap in enumerate(TAPS))
    return x


def _style(net, name, w):
    return net[f"{name}.style.weight"] @ w * len(w) ** -0.5 + net[f"{name}.style.bias"] + 1


def _leaky(x):
    return np.sqrt(2) * (np.maximum(x, 0) + 0.2 * np.minimum(x, 0))


def _numbers(tensors):
    return {name: tensor.double().numpy() for name, tensor in tensors.items()}
