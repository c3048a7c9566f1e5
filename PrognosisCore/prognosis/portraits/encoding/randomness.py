"""Random numbers of steps, so that a resumed training draws what the uninterrupted one does."""

import numpy as np
import torch

LEARNING, MEASURING, MOMENTS = range(3)
"""What numbers are for: the streams never meet."""


def randomness_for(seed: int, purpose: int, number: int = 0) -> torch.Generator:
    """The stream of a step or batch, on the CPU."""
    state = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
