"""Networks of official StyleGAN2 checkpoints as this program's: options and state dicts from tensors by name."""

from prognosis.portraits.stylegan2.foreign_ada import from_ada
from prognosis.portraits.stylegan2.foreign_discriminators import (
    discriminator_from_ada,
    discriminator_from_genforce,
    discriminator_from_rosinality,
)
from prognosis.portraits.stylegan2.foreign_genforce import from_genforce
from prognosis.portraits.stylegan2.foreign_rosinality import from_rosinality

__all__ = [
    "discriminator_from_ada",
    "discriminator_from_genforce",
    "discriminator_from_rosinality",
    "from_ada",
    "from_genforce",
    "from_rosinality",
]
