"""Generators of official StyleGAN2 checkpoints as this program's: options and a state dict from tensors by name."""

from prognosis.portraits.stylegan2.foreign_ada import from_ada
from prognosis.portraits.stylegan2.foreign_genforce import from_genforce
from prognosis.portraits.stylegan2.foreign_rosinality import from_rosinality

__all__ = ["from_ada", "from_genforce", "from_rosinality"]
