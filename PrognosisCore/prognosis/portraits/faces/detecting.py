"""Finding faces, and telling them from what only looks like one to the detector."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prognosis.portraits.faces.landmark_files import load_dlib
from prognosis.portraits.faces.landmarks import LandmarkModel
from prognosis.portraits.faces.photo import Photo
from prognosis.portraits.faces.working_copy import WorkingCopy, working_copy

LARGEST_SPREAD = 0.05
"""Landmarks of a face come out alike from wherever they start, those of anything else do not. Measured as the spread
over seven starting boxes in eye distances: below 0.01 on a portrait that was shrunk eightfold, blurred, made noisy or
turned by up to 20 degrees; 0.13 to 0.34 on what the detector took for a face in the folds of its clothes. Of 96 faces
of no one, drawn at 64 pixels by a small network, 87 % lie below; of the others many were profiles or distorted."""

LEAST_SCORE = 0.0
LEAST_SCORE_TURNED = 0.2
"""The detector's own threshold, and a stricter one where a photo was turned: eleven more looks see more that is no
face."""

_SIDES = (1024, 2048)
_FINEST = 4096
_TURNED_SIDE = 640
_MOST_ENLARGED = 4
_TURNS = (90, -90, 180, 30, -30, 60, -60, 120, -120, 150, -150)
_CLOSE_UP = 300
_STARTS = ((0, 0, 1), (-0.1, 0, 1), (0.1, 0, 1), (0, -0.1, 1), (0, 0.1, 1), (0, 0, 0.88), (0, 0, 1.12))
"""Starting boxes: shifted right and down by parts of the box, and made smaller and larger."""


@dataclass(frozen=True)
class Face:
    """A face in a photo, in its pixels; pixel centres are whole numbers.

    Args:
        centre: Of the detector's box, (x, y).
        side: Of the box, which is a square.
        score: The detector's confidence; 0 is its threshold, a clear face has about 1.
        spread: How far landmarks depend on where they start, in eye distances.
        turned_deg: How far the photo had to be turned, clockwise, for the face to be found.
        points: Landmarks (x, y), shape (5, 2) or (68, 2).
    """

    centre: tuple[float, float]
    side: float
    score: float
    spread: float
    turned_deg: int
    points: NDArray[np.float64]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height in whole pixels."""
        x, y = self.centre
        return round(x - self.side / 2), round(y - self.side / 2), round(self.side), round(self.side)


@dataclass(frozen=True)
class FoundFaces:
    """What was found in a photo.

    Args:
        faces: Those that can be trusted, the largest first.
        doubtful: How many places were taken for a face by the detector but have no steady landmarks.
    """

    faces: tuple[Face, ...]
    doubtful: int


def find_faces(photo: Photo, five: LandmarkModel, wanted: LandmarkModel) -> FoundFaces:
    """Find the upright or tilted faces of a photo by dlib's frontal detector.

    The photo is looked at with its longer side at 1024 pixels, which finds faces of a thirteenth of it (the detector's
    window is 80 pixels wide); then, where no face was found, at 2048 and, if it is that large, at up to 4096; then at
    640, which finds faces of an eighth of it, turned by right angles and by multiples of 30 degrees. It is enlarged at
    most fourfold, and a dark one is brightened. The first look that finds a face ends the search, so that in a group
    photo faces much smaller or otherwise turned than others may be missed.

    Args:
        photo: The photo.
        five: The shipped landmark model, by which a face is trusted.
        wanted: The model that places the landmarks returned.

    Raises:
        UsageError: dlib is not installed.
    """
    detector = load_dlib().get_frontal_face_detector()
    doubtful = 0
    for copy in _looks(photo):
        candidates = [_examined(copy, box, score, five, wanted) for box, score in _detected(detector, copy)]
        trusted = [face for face in candidates if face.spread <= LARGEST_SPREAD]
        doubtful = max(doubtful, len(candidates) - len(trusted))
        if trusted:
            return FoundFaces(tuple(sorted(trusted, key=lambda face: -face.side)), doubtful)
    return FoundFaces((), doubtful)


def _looks(photo: Photo) -> Iterator[WorkingCopy]:
    given = max(photo.width, photo.height)
    sides = sorted({min(side, given * _MOST_ENLARGED) for side in _SIDES})
    finest = [min(given, _FINEST)] if given > _SIDES[-1] else []
    for side in (*sides, *finest):
        yield working_copy(photo, side)
    for turn in _TURNS:
        yield working_copy(photo, min(_TURNED_SIDE, sides[0]), turned_deg=turn)


def _detected(detector: Any, copy: WorkingCopy) -> Iterator[tuple[tuple[float, float, float, float], float]]:
    """Boxes (left, top, right, bottom) and scores."""
    least = LEAST_SCORE_TURNED if copy.turned_deg else LEAST_SCORE
    boxes, scores, _ = detector.run(copy.pixels, 0, least)
    for box, score in zip(boxes, scores, strict=True):
        yield (box.left(), box.top(), box.right(), box.bottom()), float(score)


def _examined(
    copy: WorkingCopy,
    box: tuple[float, float, float, float],
    score: float,
    five: LandmarkModel,
    wanted: LandmarkModel,
) -> Face:
    """Place landmarks from several starting boxes on a close-up, where whole pixels are fine enough; take medians."""
    left, top, right, bottom = box
    side = right - left + 1
    margin = round(side / 2)
    corner = np.array([left - margin, top - margin], dtype=np.float64)
    window = copy.picture.crop(
        (round(left - margin), round(top - margin), round(right + margin), round(bottom + margin))
    )
    zoom = _CLOSE_UP / side
    size = (round(window.width * zoom), round(window.height * zoom))
    close_up = np.asarray(window.resize(size, Image.Resampling.BICUBIC))
    per_pixel = np.array(window.size) / size
    middle = ((np.array([left + right + 1, top + bottom + 1]) / 2) - corner) / per_pixel
    starts = [_start(middle, side / per_pixel[0], *start) for start in _STARTS]
    steady = np.stack([five.place(close_up, start) for start in starts])
    points = steady if wanted is five else np.stack([wanted.place(close_up, start) for start in starts])
    on_copy = (np.median(points, axis=0) + 0.5) * per_pixel + corner - 0.5
    centre = copy.to_photo(np.array([[(left + right) / 2, (top + bottom) / 2]]))[0]
    return Face(
        centre=(float(centre[0]), float(centre[1])),
        side=side * copy.photo_pixels_per_pixel,
        score=score,
        spread=_spread(steady),
        turned_deg=copy.turned_deg,
        points=copy.to_photo(on_copy),
    )


def _start(
    middle: NDArray[np.float64], side: float, right: float, down: float, size: float
) -> tuple[float, float, float, float]:
    x, y = middle + np.array([right, down]) * side
    half = side * size / 2
    return x - half, y - half, x + half - 1, y + half - 1


def _spread(placed: NDArray[np.float64]) -> float:
    """Root mean square distance of landmarks from their median over starts, shape (starts, 5, 2), in eye distances."""
    median = np.median(placed, axis=0)
    left, right = median[2:4].mean(axis=0), median[0:2].mean(axis=0)
    distance = float(np.hypot(*(right - left)))
    return float(np.sqrt(((placed - median) ** 2).sum(axis=-1).mean())) / distance if distance else float("inf")
