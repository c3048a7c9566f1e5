"""The whole augmentation of a batch, each image by changes of its own (Karras et al. 2020 ADA, appendix B)."""

from collections.abc import Callable

import torch
from torch import Tensor

from prognosis.portraits.augmentation.bands import amplified, draw_gains
from prognosis.portraits.augmentation.colour import draw_colours, recoloured
from prognosis.portraits.augmentation.corruption import cut_out, draw_cuts, draw_noise, noisy
from prognosis.portraits.augmentation.drawing import Drawing
from prognosis.portraits.augmentation.options import AugmentationOptions
from prognosis.portraits.augmentation.placing import copied, draw_moves, draw_warps, warped

_COLOURS = 3
_PRECISIONS = (torch.float32, torch.float64)


class Augmentation:
    """Random changes of what a discriminator sees, photos and generated images alike.

    Args:
        options: Groups of changes that are made.
    """

    def __init__(self, options: AugmentationOptions) -> None:
        self.options = options

    def augment(self, images: Tensor, p: float, generator: torch.Generator) -> Tensor:
        """Change each image with probability `p` by each change of the groups that are on.

        An image that draws no change of a group passes it bit for bit. The result can be differentiated twice, and
        more, with respect to the images. It does not depend on the device of the images, but for rounding;
        on CUDA gradients are summed in no fixed order.

        Args:
            images: (n, 3, side, side) in [-1, 1].
            p: 0 to 1.
            generator: Source of randomness; one on the CPU spares a CUDA device the waiting.

        Returns:
            (n, 3, side, side), in [-1, 1] but for changes of colour, detail and noise.

        Raises:
            ValueError: The images are no such, or p is no probability.
        """
        if images.ndim != 4 or images.shape[1] != _COLOURS or images.shape[2] != images.shape[3]:
            msg = f"images must be (n, 3, side, side), got {tuple(images.shape)}"
            raise ValueError(msg)
        if images.dtype not in _PRECISIONS:
            msg = f"images must be of float32 or float64, got {images.dtype}"
            raise ValueError(msg)
        drawing = Drawing(len(images), p, generator)
        for change in self._changes():
            images = change(images, drawing)
        return images

    def _changes(self) -> list[Callable[[Tensor, Drawing], Tensor]]:
        groups = [
            (self.options.copying or self.options.warping, self._placed),
            (self.options.colour, _recoloured),
            (self.options.bands, _amplified),
            (self.options.corruption, _corrupted),
        ]
        return [change for on, change in groups if on]

    def _placed(self, images: Tensor, drawing: Drawing) -> Tensor:
        """Copy pixels where that is enough; else one warp does all, so that an image is read but once."""
        side = images.shape[-1]
        matrices = torch.eye(3, dtype=torch.float64, device=drawing.generator.device).repeat(len(images), 1, 1)
        warps = matrices
        if self.options.copying:
            matrices = draw_moves(drawing, side).matrices()
        if self.options.warping:
            warps = draw_warps(drawing, side).matrices()
        is_warped = _not_identity(warps)
        images = _changed(images, _not_identity(matrices) & ~is_warped, copied, matrices)
        return _changed(images, is_warped, warped, warps @ matrices)


def _recoloured(images: Tensor, drawing: Drawing) -> Tensor:
    matrices = draw_colours(drawing).matrices()
    return _changed(images, _not_identity(matrices), recoloured, matrices)


def _amplified(images: Tensor, drawing: Drawing) -> Tensor:
    gains = draw_gains(drawing)
    return _changed(images, (gains != 1).any(dim=1), amplified, gains)


def _corrupted(images: Tensor, drawing: Drawing) -> Tensor:
    deviations = draw_noise(drawing)
    is_cut, centres = draw_cuts(drawing)
    images = _changed(images, deviations > 0, lambda some, of: noisy(some, of, drawing.generator), deviations)
    return _changed(images, is_cut, cut_out, centres)


def _changed(images: Tensor, which: Tensor, change: Callable[[Tensor, Tensor], Tensor], by: Tensor) -> Tensor:
    """Change those images that are to be changed, each by its row of `by`; the others pass bit for bit."""
    rows = which.nonzero()[:, 0]
    if not len(rows):
        return images
    by = by[rows].to(images)
    if len(rows) == len(images):
        return change(images, by)
    rows = rows.to(images.device)
    return images.index_copy(0, rows, change(images.index_select(0, rows), by))


def _not_identity(matrices: Tensor) -> Tensor:
    return (matrices != torch.eye(matrices.shape[-1]).to(matrices)).flatten(1).any(dim=1)
