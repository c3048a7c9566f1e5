"""How far one set of images is from another as a whole, by a network's features: Fréchet and kernel distance."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from prognosis.errors import InputError
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.comparing.kernel_distance import kernel_distance
from prognosis.survival.estimate import Estimate

FEWEST_IMAGES = 10
"""Below this, distances between sets say nothing."""

_AT_ONCE = 32


@dataclass(frozen=True)
class ImageFeatures:
    """What a network says of each image of a set.

    Args:
        network: Its name.
        validated: Whether others have shown that its features follow what people see.
        values: (n, d) features of the deepest layer, means over places.
        people: (n,) whose image each is, in numbers; images of a person are drawn together.
    """

    network: str
    validated: bool
    values: NDArray[np.float64]
    people: NDArray[np.int64]


@dataclass(frozen=True)
class SetDistance:
    """How far a set of images is from a reference.

    Numbers compare only where network, reference and counts are the same.

    Args:
        network: By whose features.
        validated: Whether others have shown that these follow what people see.
        reference_images: Of the reference.
        images: Of the other set.
        features: How many there are of an image.
        frechet: 0 for the same; biased upwards, the more so the fewer images there are.
        kernel: 0 on average for sets of the same origin, then below 0 about as often as above; its interval by
            bootstrap of people leaves out the variance of training.
        resampled: The resampled kernel distances, for paired comparisons with the same reference and seed.
        notes: What a reader must know, in words.
    """

    network: str
    validated: bool
    reference_images: int
    images: int
    features: int
    frechet: float
    kernel: Estimate
    resampled: NDArray[np.float64]
    notes: tuple[str, ...]


def image_features(
    images: Iterable[Tensor], network: FeatureNetwork, *, people: ArrayLike | None = None
) -> ImageFeatures:
    """Pool the deepest features of images that come in parts, so that all need not be held at once.

    Args:
        images: Parts (n, 3, R, R) in [-1, 1], each with any number of images.
        network: Looks at them.
        people: Whose image each is, one number or name an image over all parts; None where each shows another person.

    Raises:
        InputError: They show fewer than 10 people, or features are no numbers.
        ValueError: `people` and images differ in number.
    """
    parts = [_pooled(some, network) for part in images for some in part.split(_AT_ONCE)]
    values = np.concatenate(parts) if parts else np.zeros((0, 1))
    numbers = np.arange(len(values)) if people is None else np.unique(np.asarray(people), return_inverse=True)[1]
    if len(numbers) != len(values):
        msg = f"{len(values)} images cannot show {len(numbers)} people, one each"
        raise ValueError(msg)
    _require_enough(values, numbers)
    return ImageFeatures(network.name, network.validated, values, numbers)


def set_distance(
    reference: ImageFeatures, others: ImageFeatures, *, bootstraps: int = 1000, seed: int = 0
) -> SetDistance:
    """Fréchet and kernel distance between two sets, in features scaled by one number.

    That number makes the reference's mean square 1, as a network's features may have any size and the kernel is not
    free of it.

    Args:
        reference: Such as features of photos.
        others: Such as those of generated images, by the same network.
        bootstraps: Resamples of people for the kernel distance's interval.
        seed: Of the resamples.

    Raises:
        ValueError: Features are of different networks.
    """
    if (reference.network, reference.values.shape[1]) != (others.network, others.values.shape[1]):
        msg = f"features of '{reference.network}' and '{others.network}' cannot be compared"
        raise ValueError(msg)
    scale = 1 / max(float(np.sqrt(np.square(reference.values).mean())), np.finfo(float).tiny)
    ones, two = reference.values * scale, others.values * scale
    kernel, resampled = kernel_distance(
        ones, two, people=(reference.people, others.people), bootstraps=bootstraps, seed=seed
    )
    return SetDistance(
        network=reference.network,
        validated=reference.validated,
        reference_images=len(ones),
        images=len(two),
        features=ones.shape[1],
        frechet=frechet_distance(ones, two),
        kernel=kernel,
        resampled=resampled,
        notes=_notes(reference, others),
    )


def frechet_distance(ones: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Distance of two sets of features taken for normal distributions (Heusel et al. 2017, equation 6).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The last trace is that of (C1^(1/2) C2 C1^(1/2))^(1/2), a symmetric
    matrix, whose eigenvalues are real and not negative also where covariances are singular.

    Args:
        ones: (n, d).
        others: (m, d).
    """
    apart = np.square(ones.mean(axis=0) - others.mean(axis=0)).sum()
    first, second = np.atleast_2d(np.cov(ones, rowvar=False)), np.atleast_2d(np.cov(others, rowvar=False))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    return max(0.0, float(apart + np.trace(first) + np.trace(second) - 2 * shared))


@torch.no_grad()
def _pooled(images: Tensor, network: FeatureNetwork) -> NDArray[np.float64]:
    return network.layers(images)[-1].double().mean(dim=(2, 3)).cpu().numpy()


def _require_enough(values: NDArray[np.float64], people: NDArray[np.int64]) -> None:
    count = len(np.unique(people))
    if count < FEWEST_IMAGES:
        raise InputError(
            f"{len(values)} images of {count} people are too few to compare with others as a set.",
            remedy=f"Give images of {FEWEST_IMAGES} people or more; hundreds are better.",
        )
    if not np.isfinite(values).all():
        raise InputError(
            "Features of some images are no numbers: the images or the network hold values that are none.",
            remedy="Go back to an earlier state of the training.",
        )


def _notes(reference: ImageFeatures, others: ImageFeatures) -> tuple[str, ...]:
    notes = []
    fewest, features = min(len(reference.values), len(others.values)), reference.values.shape[1]
    if fewest <= features:
        notes.append(
            f"The Fréchet distance comes out too large: {fewest} images cannot tell how {features} features vary "
            "together. Compare it only between sets of the same size; the kernel distance has no such error."
        )
    if not reference.validated:
        notes.append(
            f"Features of '{reference.network}' are not validated: nobody has shown that they follow what people see."
        )
    return tuple(notes)
