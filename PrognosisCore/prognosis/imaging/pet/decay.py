"""Radioactive decay (formulae of Vácha et al., Comprehensive Manual for SUV Computation, 'Decay correction')."""

import math


def decay_constant(half_life_s: float) -> float:
    """ln 2 / half-life, per second."""
    return math.log(2.0) / half_life_s


def decay_in_frame(half_life_s: float, duration_s: float) -> float:
    """lambda T / (1 - exp(-lambda T)): the activity at the start of a frame over its mean during the frame."""
    exponent = decay_constant(half_life_s) * duration_s
    return exponent / -math.expm1(-exponent)


def average_count_time(half_life_s: float, duration_s: float) -> float:
    """Seconds from the start of a frame to the moment whose activity equals the mean of the frame."""
    return math.log(decay_in_frame(half_life_s, duration_s)) / decay_constant(half_life_s)


def remaining(half_life_s: float, seconds: float) -> float:
    """exp(-lambda t): the fraction left after some time."""
    return math.exp(-decay_constant(half_life_s) * seconds)
