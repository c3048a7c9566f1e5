"""Random residual networks as torchvision stores them, and their results computed slowly in 64 bits."""

import torch
from torch.nn import functional

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
WIDTHS = (64, 128, 256, 512)


def random_network(depth: int, classes: int | None = 1000) -> dict[str, torch.Tensor]:
    """State dict by torchvision's names; no last layer where `classes` is None."""
    generator = torch.Generator().manual_seed(depth)
    tensors: dict[str, torch.Tensor] = {}

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    def convolution(name: str, before: int, after: int, size: int) -> None:
        tensors[f"{name}.weight"] = draw(after, before, size, size) * (2 / (before * size**2)) ** 0.5

    def normalisation(name: str, channels: int) -> None:
        tensors[f"{name}.weight"] = 1 + 0.2 * draw(channels)
        tensors[f"{name}.bias"] = 0.2 * draw(channels)
        tensors[f"{name}.running_mean"] = 0.3 * draw(channels)
        tensors[f"{name}.running_var"] = 1 + 0.5 * draw(channels).abs()
        tensors[f"{name}.num_batches_tracked"] = torch.tensor(7)

    convolution("conv1", 3, 64, 7)
    normalisation("bn1", 64)
    before = 64
    for stage, (count, width) in enumerate(zip(BLOCKS[depth], WIDTHS, strict=True), start=1):
        after = 4 * width if depth == 50 else width
        for block in range(count):
            name = f"layer{stage}.{block}"
            sizes = ((before, width, 1), (width, width, 3), (width, after, 1))
            for at, shape in enumerate(sizes if depth == 50 else ((before, width, 3), (width, width, 3)), start=1):
                convolution(f"{name}.conv{at}", *shape)
                normalisation(f"{name}.bn{at}", shape[1])
            if block == 0 and (stage > 1 or depth == 50):
                convolution(f"{name}.downsample.0", before, after, 1)
                normalisation(f"{name}.downsample.1", after)
            before = after
    if classes is not None:
        tensors["fc.weight"], tensors["fc.bias"] = 0.05 * draw(classes, before), draw(classes)
    return tensors


def stages(tensors: dict[str, torch.Tensor], images: torch.Tensor) -> list[torch.Tensor]:
    """The four stages' results of images (n, 3, h, w) in [0, 1]."""
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (images.double() - mean.double().view(3, 1, 1)) / sd.double().view(3, 1, 1)
    x = _normalised(tensors, "bn1", _convolved(tensors["conv1.weight"], x, 2)).clamp(min=0)
    x = functional.pad(x, (1, 1, 1, 1)).unfold(2, 3, 2).unfold(3, 3, 2).amax(dim=(4, 5))
    results = []
    for stage in range(1, 5):
        block = 0
        while f"layer{stage}.{block}.conv1.weight" in tensors:
            x = _added(tensors, f"layer{stage}.{block}", x, 2 if stage > 1 and block == 0 else 1)
            block += 1
        results.append(x)
    return results


def logits(tensors: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """(n, classes)."""
    pooled = stages(tensors, images)[-1].flatten(2).mean(dim=2)
    return pooled @ tensors["fc.weight"].double().T + tensors["fc.bias"].double()


def _added(tensors: dict[str, torch.Tensor], name: str, x: torch.Tensor, stride: int) -> torch.Tensor:
    """The 3x3 convolution that halves is the first of two, or that between those of single pixels."""
    y, count = x, 3 if f"{name}.conv3.weight" in tensors else 2
    for at in range(1, count + 1):
        y = _convolved(tensors[f"{name}.conv{at}.weight"], y, stride if at == count - 1 else 1)
        y = _normalised(tensors, f"{name}.bn{at}", y)
        y = y.clamp(min=0) if at < count else y
    if f"{name}.downsample.0.weight" in tensors:
        past = _convolved(tensors[f"{name}.downsample.0.weight"], x, stride)
        x = _normalised(tensors, f"{name}.downsample.1", past)
    return (x + y).clamp(min=0)


def _convolved(weight: torch.Tensor, x: torch.Tensor, stride: int) -> torch.Tensor:
    size = weight.shape[2]
    patches = functional.unfold(x, size, padding=size // 2, stride=stride)
    side = (x.shape[2] + 2 * (size // 2) - size) // stride + 1
    return (weight.double().flatten(1) @ patches).unflatten(2, (side, -1))


def _normalised(tensors: dict[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    parts = ("weight", "bias", "running_mean", "running_var")
    weight, bias, mean, variance = (tensors[f"{name}.{part}"].double().view(-1, 1, 1) for part in parts)
    return (x - mean) / (variance + 1e-5).sqrt() * weight + bias
