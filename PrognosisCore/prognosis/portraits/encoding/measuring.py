"""How well an encoder guesses, on faces of its generator that it has not learnt from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.bundles.manifest import Metric
from prognosis.portraits.comparing.features import FeatureNetwork, as_told, perceptual_distance
from prognosis.portraits.encoding.network import Encoder
from prognosis.portraits.encoding.randomness import MEASURING, randomness_for
from prognosis.portraits.encoding.samples import draw_samples, face_of
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.progress import Progress, silent
from prognosis.survival.estimate import Estimate, draw_patients, estimate

_AT_ONCE = 32
_DRAWS = 1000
_HOW = "faces the generator made up, not learnt from; 95 % bootstrap interval over faces"

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """What was found on each of n faces.

    Args:
        cosine: (n,) of the guessed z with the true one.
        w_error: (n,) squared error of w.
        w_spread: (n,) squared distance of w from the generator's mean.
        by_z: (n,) distance of the face the guessed z makes from the face; empty where no network compares.
        by_w: (n,) that of the guessed w.
        by_mean: (n,) that of the mean face.
    """

    cosine: Numbers
    w_error: Numbers
    w_spread: Numbers
    by_z: Numbers
    by_w: Numbers
    by_mean: Numbers


@dataclass(frozen=True)
class Judged:
    """Measured numbers by name, and what the user should know of them."""

    metrics: dict[str, Metric]
    warnings: tuple[str, ...]


def judge(
    encoder: Encoder,
    generator: Generator,
    features: FeatureNetwork | None,
    *,
    count: int,
    seed: int,
    progress: Progress = silent,
) -> Judged:
    """Measure an encoder on held-out faces, with bootstrap intervals over them.

    Args:
        encoder: In evaluation mode, on the generator's device.
        generator: It makes the faces, none of them truncated, with noise inputs of their own.
        features: Compares faces; None leaves the distances out.
        count: How many faces.
        seed: Of the training; held-out faces are drawn apart from it.
        progress: Told after each batch.
    """
    found = guess_held_out(encoder, generator, features, count=count, seed=seed, progress=progress)
    draws = draw_patients(np.zeros(count), draws=_DRAWS, seed=seed)

    def over_faces(measure: Callable[[Numbers], float]) -> Estimate:
        return estimate(measure, draws)[0]

    figures = {
        "encoder_z_cosine": over_faces(partial(_mean, found.cosine)),
        "encoder_w_r2": over_faces(lambda weight: 1 - _mean(found.w_error, weight) / _mean(found.w_spread, weight)),
    }
    metrics = {name: _metric(figure, count, _HOW) for name, figure in figures.items()}
    warnings = []
    if figures["encoder_z_cosine"].low <= 0:
        warnings.append("The encoder was not shown to guess z better than chance.")
    if features is not None:
        how = f"{_HOW}; by {as_told(features.name, validated=features.validated)}"
        for name, each in (("by_z", found.by_z), ("by_w", found.by_w), ("by_mean_face", found.by_mean)):
            metrics[f"encoder_distance_{name}"] = _metric(over_faces(partial(_mean, each)), count, how)
        for latent, each in (("z", found.by_z), ("w", found.by_w)):
            if over_faces(partial(_mean, each - found.by_mean)).high >= 0:
                warnings.append(f"Faces made from guessed {latent} were not shown to be nearer than the mean face is.")
    return Judged(metrics, tuple(warnings))


@torch.no_grad()
def guess_held_out(
    encoder: Encoder,
    generator: Generator,
    features: FeatureNetwork | None,
    *,
    count: int,
    seed: int,
    progress: Progress = silent,
) -> HeldOut:
    """Draw faces apart from those of training and guess their latents; see `judge`."""
    mean_face = face_of(generator, generator.mean_w[None])
    of_mean = features(mean_face) if features is not None else []
    columns: list[tuple[Tensor, ...]] = []
    for first in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - first)
        drawn = draw_samples(generator, size, randomness_for(seed, MEASURING, first))
        guess = encoder(drawn.images)
        cosine = torch.cosine_similarity(guess.z, drawn.z, dim=1)
        w_error = (guess.w - drawn.w).square().sum(dim=1)
        w_spread = (drawn.w - encoder.w_mean).square().sum(dim=1)
        distances: tuple[Tensor, ...] = (torch.empty(0),) * 3
        if features is not None:
            seen = features(drawn.images)
            by_z = features(face_of(generator, generator.map(guess.z)[:, 0]))
            by_w = features(face_of(generator, guess.w))
            distances = tuple(perceptual_distance(seen, made) for made in (by_z, by_w, of_mean))
        columns.append((cosine, w_error, w_spread, *distances))
        progress("measuring the encoder", first + size, count)
    return HeldOut(*(torch.cat(column).cpu().double().numpy() for column in zip(*columns, strict=True)))


def _metric(figure: Estimate, count: int, how: str) -> Metric:
    return Metric(figure.value, figure.low, figure.high, count, how)


def _mean(values: Numbers, weight: Numbers) -> float:
    return float(values @ weight / weight.sum())
