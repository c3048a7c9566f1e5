"""Which portraits are drawn."""

from dataclasses import dataclass

_LEAST_SIDE, _MOST_SIDE = 64, 1024


@dataclass(frozen=True)
class PortraitPhantomOptions:
    """A set of drawn portraits.

    Args:
        patients: How many, each with one portrait.
        seed: Of everything random.
        side: Pixels a side.
        covered: Share that wears a mask, and by chance of its own a cap.
    """

    patients: int = 20
    seed: int = 0
    side: int = 64
    covered: float = 0.0

    def __post_init__(self) -> None:
        if self.patients < 1 or self.seed < 0:
            raise ValueError("patients must be 1 or more, seed 0 or more")
        if not _LEAST_SIDE <= self.side <= _MOST_SIDE:
            raise ValueError(f"side must be {_LEAST_SIDE} to {_MOST_SIDE} pixels")
        if not 0 <= self.covered <= 1:
            raise ValueError("covered is a share from 0 to 1")
