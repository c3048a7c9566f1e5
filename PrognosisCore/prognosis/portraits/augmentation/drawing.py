"""Random numbers of n images that each get a change with the same probability."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Drawing:
    """Draws, as float64 where `generator` lives, for every image alike: how many does not depend on who gets a change.

    Args:
        count: Images n.
        p: Probability of every change, 0 to 1.
        generator: Source of randomness.
    """

    count: int
    p: float
    generator: torch.Generator

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            msg = f"p is a probability from 0 to 1, got {self.p}"
            raise ValueError(msg)

    def chosen(self, p: float | None = None) -> Tensor:
        """(n,) which images get a change, of probability `p` or that of all."""
        return self.uniform(0, 1) < (self.p if p is None else p)

    def uniform(self, low: float, high: float, *columns: int) -> Tensor:
        """(n, columns) numbers in [low, high)."""
        shape = (self.count, *columns)
        drawn = torch.rand(shape, generator=self.generator, dtype=torch.float64, device=self.generator.device)
        return low + (high - low) * drawn

    def normal(self, deviation: float, *columns: int) -> Tensor:
        """(n, columns) normal numbers of mean 0."""
        shape = (self.count, *columns)
        drawn = torch.randn(shape, generator=self.generator, dtype=torch.float64, device=self.generator.device)
        return deviation * drawn

    def factors(self, octaves: float, *columns: int) -> Tensor:
        """(n, columns) factors above 0 whose logarithm is normal, `octaves` being its deviation to the base of 2."""
        return self.normal(octaves * math.log(2), *columns).exp()

    def whole(self, count: int) -> Tensor:
        """(n,) whole numbers 0 to count - 1."""
        return self.uniform(0, count).floor()
