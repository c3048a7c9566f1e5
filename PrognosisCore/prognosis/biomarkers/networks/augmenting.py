"""Random shift, flip and brightness of regions, so that a network learns tumours and not places."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes (Baek et al. do not give them).

    Every tumour lies at the centre of its region. Without shifts a network need not look at the image.

    Args:
        shift: Largest shift, in parts of each side: 12 voxels in-plane and 6 slices for 0.125.
        gain: Largest change of contrast, up or down.
        offset: Largest change of brightness, on the scale of 0 to 255.
        flip: Whether left and right are exchanged at random.
    """

    shift: float = 0.125
    gain: float = 0.1
    offset: float = 10.0
    flip: bool = True


DEFAULT_AUGMENTATION = Augmentation()


@dataclass(frozen=True)
class Changes:
    """What becomes of n regions: shifts (n, 3) in voxels [k, j, i], flips (n,), gains (n,) and offsets (n,)."""

    shift: Tensor
    flip: Tensor
    gain: Tensor
    offset: Tensor

    def __getitem__(self, rows: slice | Tensor) -> "Changes":
        return Changes(self.shift[rows], self.flip[rows], self.gain[rows], self.offset[rows])


def draw_changes(
    count: int, shape: tuple[int, int, int], augmentation: Augmentation, generator: torch.Generator
) -> Changes:
    """Draw the changes of `count` regions of a shape [k, j, i] from a generator on the CPU."""

    def uniform() -> Tensor:
        return torch.rand(count, generator=generator) * 2 - 1

    largest = [int(side * augmentation.shift) for side in shape]
    return Changes(
        shift=torch.stack([torch.randint(-most, most + 1, (count,), generator=generator) for most in largest], 1),
        flip=(uniform() > 0) & augmentation.flip,
        gain=1 + augmentation.gain * uniform(),
        offset=augmentation.offset * uniform(),
    )


def changed(images: Tensor, tumours: Tensor, changes: Changes) -> tuple[Tensor, Tensor]:
    """Apply changes on the device the regions are on.

    What a shift uncovers repeats the region's border, in image and contour alike.

    Args:
        images: (n, k, j, i) what a network reads, its mean removed.
        tumours: (n, k, j, i) booleans.
        changes: Of these n.

    Returns:
        Images and tumours (0 or 1), both (n, 1, k, j, i) float32.
    """
    pairs = [
        (_moved(image, shift, flip) * gain + offset, _moved(tumour, shift, flip))
        for image, tumour, shift, flip, gain, offset in zip(
            images,
            tumours,
            changes.shift.tolist(),
            changes.flip.tolist(),
            changes.gain.tolist(),
            changes.offset.tolist(),
            strict=True,
        )
    ]
    return torch.stack([image for image, _ in pairs])[:, None], torch.stack([tumour for _, tumour in pairs])[:, None]


def _moved(region: Tensor, shift: list[int], flip: bool) -> Tensor:
    """A region [k, j, i] moved by whole voxels towards higher indices, then flipped along i; as float32."""
    for axis, by in enumerate(shift):
        side = region.shape[axis]
        source = torch.arange(side, device=region.device) - by
        region = region.index_select(axis, source.clamp(0, side - 1))
    return (region.flip(-1) if flip else region).float()
