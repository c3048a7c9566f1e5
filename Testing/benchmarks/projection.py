"""Photos to latents: the published schedule beside the encoder's start, and many photos at once beside one by one."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prognosis.bundles.store import shipped_models_folder
from prognosis.phantoms.portraits import PortraitPhantomOptions, portrait_traits, portraits
from prognosis.portraits.projecting.latent_space import LatentSpace
from prognosis.portraits.projecting.models import ProjectingModels, find_generator, load_models
from prognosis.portraits.projecting.options import GuessedStart, ProjectionOptions, Space
from prognosis.portraits.projecting.photo_reading import as_images
from prognosis.portraits.projecting.projector import project

_MODEL = "portraits-demonstration"
_SEED = 9_003
_PHOTOS, _TOGETHER = 32, 64
_FEW_STEPS, _SHORT_STEPS = 90, 20
_MOST_WORSE = 1.0


def projection() -> list[dict[str, Any]]:
    """Portraits of no one the demonstration generator has never seen."""
    models = load_models(
        find_generator(shipped_models_folder() / _MODEL), None, None, with_encoder=True, device=torch.device("cpu")
    )
    space = models.space(Space.Z)
    photos = _portraits(_TOGETHER, models.generator.options.resolution)
    return [_from_a_guess(models, space, photos[:_PHOTOS]), _at_once(models, space, photos)]


def _portraits(count: int, side: int) -> Tensor:
    options = PortraitPhantomOptions(count, _SEED, side)
    return as_images(np.stack(list(portraits(options, portrait_traits(options)))))


def _from_a_guess(models: ProjectingModels, space: LatentSpace, photos: Tensor) -> dict[str, Any]:
    """Both searches end when their steps do, so that the time is that of the steps and nothing else."""
    few, many = GuessedStart(steps=_FEW_STEPS, patience=0), ProjectionOptions(patience=0)
    ours_s, ours = _timed(lambda: _losses(models, space, photos, few, guessed=True))
    peer_s, theirs = _timed(lambda: _losses(models, space, photos, many, guessed=False))
    if ours.mean() > _MOST_WORSE * theirs.mean():
        raise AssertionError(
            f"the loss from the guess is {ours.mean():.4f}, the published schedule's {theirs.mean():.4f}"
        )
    side = photos.shape[-1]
    return {
        "name": "projection",
        "work": f"{len(photos)} phantom portraits of {side} x {side} to z, encoder and {_FEW_STEPS} steps",
        "ours_s": ours_s,
        "peer": f"the published schedule, {many.steps} steps from the mean latent, in our code",
        "peer_s": peer_s,
        "ratio": peer_s / ours_s,
        "agreement": f"mean loss {ours.mean():.4f} against {theirs.mean():.4f}, lower for "
        f"{int((ours < theirs).sum())} of {len(photos)}",
        "extrapolated": False,
    }


def _at_once(models: ProjectingModels, space: LatentSpace, photos: Tensor) -> dict[str, Any]:
    """The same steps of all photos in one batch, and of each alone; a step costs the same at any place of a search."""
    options = GuessedStart(steps=_SHORT_STEPS, patience=0)
    sample = photos[:: len(photos) // 8]
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(3):
        ours.append(_timed(lambda: _losses(models, space, photos, options, guessed=True))[0])
        theirs.append(_timed(lambda: _one_by_one(models, space, sample, options))[0] * len(photos) / len(sample))
    together, alone = _losses(models, space, photos, options, guessed=True), _one_by_one(models, space, sample, options)
    apart = float((together[:: len(photos) // 8] / alone - 1).abs().max())
    ours_s, peer_s = statistics.median(ours), statistics.median(theirs)
    return {
        "name": "projection_at_once",
        "work": f"{len(photos)} phantom portraits, {_SHORT_STEPS} steps, all in one batch: "
        f"{len(photos) * _SHORT_STEPS / ours_s:.0f} steps of a photo a second",
        "ours_s": ours_s,
        "peer": f"one by one in our code: {len(photos) * _SHORT_STEPS / peer_s:.0f} steps of a photo a second",
        "peer_s": peer_s,
        "ratio": peer_s / ours_s,
        "agreement": f"losses at most {apart:.1e} of their size apart",
        "extrapolated": True,
    }


def _losses(
    models: ProjectingModels, space: LatentSpace, photos: Tensor, options: ProjectionOptions, *, guessed: bool
) -> Tensor:
    start = models.guess(photos, options.space) if guessed else None
    found = project(photos, models.generator, models.features, options, start=start, space=space)
    return torch.tensor([one.loss for one in found])


def _one_by_one(models: ProjectingModels, space: LatentSpace, photos: Tensor, options: ProjectionOptions) -> Tensor:
    return torch.cat([_losses(models, space, photo[None], options, guessed=True) for photo in photos])


def _timed(run: Callable[[], Tensor]) -> tuple[float, Tensor]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result
