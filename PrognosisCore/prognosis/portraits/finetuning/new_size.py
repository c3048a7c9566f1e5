"""Size of a generator that is trained from nothing."""

from dataclasses import dataclass

from prognosis.portraits.stylegan2.options import GeneratorOptions


@dataclass(frozen=True)
class NewSize:
    """As `GeneratorOptions`; the defaults make faces of 64 pixels on two processor cores.

    Args:
        resolution, z_dim, w_dim, channel_base, channel_max, mapping_layers: See there.
    """

    resolution: int = 64
    z_dim: int = 64
    w_dim: int = 64
    channel_base: int = 2048
    channel_max: int = 64
    mapping_layers: int = 2

    def __post_init__(self) -> None:
        _ = self.options  # refuses what it cannot be

    @property
    def options(self) -> GeneratorOptions:
        return GeneratorOptions(
            resolution=self.resolution,
            z_dim=self.z_dim,
            w_dim=self.w_dim,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
            mapping_layers=self.mapping_layers,
        )
