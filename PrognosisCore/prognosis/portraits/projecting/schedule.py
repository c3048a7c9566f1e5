"""How fast a latent moves and how much noise it gets, from step to step (Karras et al. 2020, appendix D)."""

import math

from prognosis.portraits.projecting.options import ProjectionOptions


def learning_rate(options: ProjectionOptions, step: int) -> float:
    """Adam's rate at a step: it rises evenly, stays, and falls along half a cosine.

    Args:
        step: From 0 to options.steps - 1.
    """
    done = step / options.steps
    falling = min(1.0, (1.0 - done) / options.fall) if options.fall else 1.0
    rising = min(1.0, done / options.rise) if options.rise else 1.0
    return options.learning_rate * (0.5 - 0.5 * math.cos(falling * math.pi)) * rising


def noise_strength(options: ProjectionOptions, step: int) -> float:
    """SD of the noise added to latents at a step, over their spread; none at the last.

    Args:
        step: From 0 to options.steps - 1.
    """
    if not options.noise_until or step == options.steps - 1:
        return 0.0
    left = max(0.0, 1.0 - step / options.steps / options.noise_until)
    return options.latent_noise * left**2


def first_quiet_step(options: ProjectionOptions) -> int:
    """The first step from which on latents get no noise."""
    return next(step for step in range(options.steps) if not noise_strength(options, step))
