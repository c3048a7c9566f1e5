"""Which voxels of a region a feature looks at."""

from dataclasses import dataclass

from torch import nn

from prognosis.biomarkers.feature_names import Feature
from prognosis.biomarkers.images.region import REGION_SIZE
from prognosis.biomarkers.networks.unet import SegmentingUNet


@dataclass(frozen=True)
class ReceptiveField:
    """A cube of voxels; it may reach beyond the region.

    Args:
        centre: (k, j, i), in voxels.
        size: Of its side, in voxels.
    """

    centre: tuple[float, float, float]
    size: int

    @property
    def voxel(self) -> tuple[int, int, int]:
        """The voxel (k, j, i) of the region nearest to its centre."""
        k, j, i = (min(max(round(at), 0), size - 1) for at, size in zip(self.centre, REGION_SIZE[::-1], strict=True))
        return k, j, i


def receptive_field(network: SegmentingUNet, feature: Feature) -> ReceptiveField:
    """The voxels that a feature is computed from by convolutions and pooling.

    Max pooling halves a lattice in the middle between voxels, a strided convolution on every other voxel: so the same
    position of the bottleneck lies elsewhere in the two architectures.
    """
    size, jump, first = 1, 1, 0.0
    for layer in network.encoder.modules():
        if isinstance(layer, nn.Conv3d | nn.MaxPool3d):
            kernel, stride, padding = (_of_cube(value) for value in (layer.kernel_size, layer.stride, layer.padding))
            size += (kernel - 1) * jump
            first += ((kernel - 1) / 2 - padding) * jump
            jump *= stride
    k, j, i = (first + jump * at for at in feature.position)
    return ReceptiveField((k, j, i), size)


def _of_cube(value: int | str | tuple[int, ...]) -> int:
    if isinstance(value, str):
        msg = f"a layer has the padding '{value}', whose voxels are not known"
        raise TypeError(msg)
    return value if isinstance(value, int) else value[0]
