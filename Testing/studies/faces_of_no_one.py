"""What studies of portraits share: drawn faces, their projections, and how near these come."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.phantoms.portraits import PortraitPhantomOptions, portrait_traits, portraits
from prognosis.portraits.comparing.dlib_identity import dlib_identity
from prognosis.portraits.comparing.grids import marked_png, sample_grid
from prognosis.portraits.comparing.identity import IdentityMeasure
from prognosis.portraits.projecting.photo_reading import as_images
from prognosis.portraits.projecting.results import Projection
from prognosis.survival.estimate import Estimate, with_interval

_SHARED = Path(__file__).resolve().parents[3] / "shared/data/faces/dlib_face_recognition_resnet_model_v1.dat"
DLIB_FILE = Path(os.environ.get("PROGNOSIS_DLIB_IDENTITY", _SHARED))
SIDE = 64


def drawn(count: int, seed: int, covered: float = 0.0) -> NDArray[np.uint8]:
    """(count, 64, 64, 3) faces of no one."""
    options = PortraitPhantomOptions(count, seed, SIDE, covered)
    return np.stack(list(portraits(options, portrait_traits(options))))


def photos(count: int, seed: int, covered: float = 0.0) -> Tensor:
    """The same as (count, 3, 64, 64) in [-1, 1]."""
    return as_images(drawn(count, seed, covered))


@dataclass(frozen=True)
class Nearness:
    """How near projections come to their photos.

    Args:
        perceptual, pixel, identity: Medians over photos.
        own: Share of photos that are nearest, as persons, to their own projection among all.
    """

    perceptual: float
    pixel: float
    identity: float
    own: float

    def __str__(self) -> str:
        return (
            f"perceptual {self.perceptual:.4f}, pixels {self.pixel:.4f}, identity {self.identity:.4f}, "
            f"nearest to its own {self.own:.1%}"
        )


def nearness(found: Sequence[Projection], wanted: Tensor, identity: IdentityMeasure) -> Nearness:
    """Medians of what projections report, and how many are recognised."""
    images = torch.stack([one.image for one in found]).clamp(-1, 1)
    alike = identity.embed(wanted) @ identity.embed(images).T
    own = (alike.argmax(dim=1) == torch.arange(len(wanted))).float().mean()
    values = [(one.distances.perceptual, one.distances.pixel, one.distances.identity) for one in found]
    return Nearness(*np.median(np.array(values, float), axis=0).tolist(), float(own))


def mean_gain(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Estimate:
    """Mean of before - after over photos, with the interval of 2,000 resamples of them."""
    gains = np.asarray(before) - np.asarray(after)
    draws = np.random.default_rng(seed).integers(0, len(gains), (2000, len(gains)))
    return with_interval(float(gains.mean()), gains[draws].mean(axis=1))


def write_rows(file: Path, rows: Sequence[tuple[str, Tensor]], columns: int) -> None:
    """A picture of images, a captioned row each."""
    images = torch.cat([images[:columns] for _, images in rows])
    file.write_bytes(
        marked_png(sample_grid(images, columns=columns, beside=[name for name, _ in rows], zoom=2), "Faces of no one")
    )


def person_measure(otherwise: IdentityMeasure) -> IdentityMeasure:
    """dlib's face recognition where its file is there, else what the models have."""
    return dlib_identity(DLIB_FILE) if DLIB_FILE.exists() else otherwise
