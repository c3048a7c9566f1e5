"""Points of a face: who places them, and where eyes, nose and mouth are by them."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import ModelError
from prognosis.portraits.faces.landmark_files import OTHER_FILE, SHIPPED, check_landmark_file, load_dlib

MOUTH_OVER_NOSE = 1.35
"""Distance eyes to mouth over eyes to base of the nose, both down the face. An assumption: by the 68-point model it was
1.18 of a broad smile, and 1.36 in the median of 83 faces of no one (1.10 to 1.63 for nine of ten)."""

MOUTH_SIDEWAYS = 0.4
"""How far a turned head moves the mouth's middle sideways, over the base of the nose, which stands out further: 9 mm
against 24 mm before the plane of the eyes. An assumption."""


class Layout(IntEnum):
    """Which points a model places: dlib's five, or the 68 of iBUG 300-W."""

    FIVE = 5
    SIXTY_EIGHT = 68


@dataclass(frozen=True)
class FaceFrame:
    """What alignment needs of a face: points (x, y) in pixels of the photo, pixel centres being whole numbers.

    Args:
        left_eye: Centre of the eye on the left of the picture.
        right_eye: Centre of the other.
        nose: Base of the nose.
        mouth: Middle between the corners of the mouth.
    """

    left_eye: NDArray[np.float64]
    right_eye: NDArray[np.float64]
    nose: NDArray[np.float64]
    mouth: NDArray[np.float64]

    @property
    def eye_distance(self) -> float:
        return float(np.hypot(*(self.right_eye - self.left_eye)))


def frame_of(points: NDArray[np.float64]) -> FaceFrame:
    """Find eyes, nose and mouth among landmarks.

    With 68 points an eye is the mean of its six points and the mouth the middle of its corners, as FFHQ has it. Five
    points hold no mouth: an eye is the middle of its corners, and the mouth is placed from eyes and nose by
    `MOUTH_OVER_NOSE` and `MOUTH_SIDEWAYS`.

    Args:
        points: Shape (5, 2) or (68, 2), in dlib's order.

    Raises:
        ValueError: There are other than 5 or 68 points, or both eyes are one.
    """
    match Layout(len(points)):
        case Layout.SIXTY_EIGHT:
            left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
            return FaceFrame(left, right, points[33], points[[48, 54]].mean(axis=0))
        case Layout.FIVE:
            left, right, nose = points[2:4].mean(axis=0), points[0:2].mean(axis=0), points[4]
            return FaceFrame(left, right, nose, _mouth(left, right, nose))


def _mouth(left: NDArray[np.float64], right: NDArray[np.float64], nose: NDArray[np.float64]) -> NDArray[np.float64]:
    distance = np.hypot(*(right - left))
    if distance == 0:
        raise ValueError("both eyes are one point")
    across = (right - left) / distance
    down = np.array([-across[1], across[0]])
    middle = (left + right) / 2
    to_nose = nose - middle
    return middle + MOUTH_OVER_NOSE * (to_nose @ down) * down + MOUTH_SIDEWAYS * (to_nose @ across) * across


@dataclass(frozen=True)
class LandmarkModel:
    """A loaded landmark model.

    Args:
        predictor: dlib's.
        layout: Which points it places.
        sha256: Of its file.
    """

    predictor: Any
    layout: Layout
    sha256: str

    def place(self, pixels: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.float64]:
        """Place the landmarks of a face.

        Args:
            pixels: RGB, shape (height, width, 3).
            box: Left, top, right and bottom of the face as dlib's detector draws it, pixels.

        Returns:
            Points (x, y), whole pixels, shape (5, 2) or (68, 2).
        """
        found = self.predictor(pixels, load_dlib().rectangle(*(round(edge) for edge in box)))
        return np.array([(point.x, point.y) for point in found.parts()], dtype=np.float64)


def load_landmark_model(file: Path = SHIPPED) -> LandmarkModel:
    """Load a landmark model in dlib's format.

    dlib itself checks the format; it was not written with hostile files in mind, so a file of one's own should come
    from somebody trusted. The shipped one is loaded only when its hash is the known one.

    Raises:
        ModelError: The file is missing, of an unlikely size, not in dlib's format, or places other than 5 or 68 points;
            or the shipped one was altered.
        UsageError: dlib is not installed.
    """
    sha256 = check_landmark_file(file)
    dlib = load_dlib()
    try:
        predictor = dlib.shape_predictor(str(file))
    except RuntimeError as error:
        raise ModelError(f"{file} is no landmark model of dlib, or is damaged.", remedy=OTHER_FILE) from error
    blank = np.zeros((100, 100, 3), np.uint8)
    points = predictor(blank, dlib.rectangle(20, 20, 79, 79)).num_parts
    if points not in set(Layout):
        raise ModelError(f"{file} places {points} points; 5 or 68 are needed.", remedy=OTHER_FILE)
    return LandmarkModel(predictor, Layout(points), sha256)
