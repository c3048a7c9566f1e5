"""One photo to its aligned face or faces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.portraits.faces.aligning import cut_out, face_quad
from prognosis.portraits.faces.detecting import Face, FoundFaces, find_faces
from prognosis.portraits.faces.landmark_files import SHIPPED
from prognosis.portraits.faces.landmarks import LandmarkModel, Layout, frame_of, load_landmark_model
from prognosis.portraits.faces.options import AlignOptions, FaceChoice
from prognosis.portraits.faces.photo import Photo
from prognosis.portraits.faces.quality import Quality, measure_quality


@dataclass(frozen=True)
class AlignedFace:
    """A face, upright and centred.

    Args:
        number: 1 for the largest of the photo.
        pixels: RGB, shape (size, size, 3).
        face: Where it was in the photo.
        quality: How well it can be seen.
    """

    number: int
    pixels: NDArray[np.uint8]
    face: Face
    quality: Quality


@dataclass(frozen=True)
class AlignedPhoto:
    """What came of a photo.

    Args:
        faces: Those asked for, at least one.
        found: How many faces there are.
        doubtful: How many places were not trusted to be one.
        layout: Which landmarks they were aligned by.
    """

    faces: tuple[AlignedFace, ...]
    found: int
    doubtful: int
    layout: Layout


class Aligner:
    """Aligns faces; loaded once for many photos.

    Args:
        options: How.

    Raises:
        ModelError: A landmark model cannot be used; see `load_landmark_model`.
        UsageError: dlib is not installed.
    """

    def __init__(self, options: AlignOptions | None = None) -> None:
        self._options = options or AlignOptions()
        self._five = load_landmark_model()
        self._wanted = (
            self._five if self._options.landmarks == SHIPPED else load_landmark_model(self._options.landmarks)
        )

    @property
    def landmarks(self) -> LandmarkModel:
        """By which faces are aligned."""
        return self._wanted

    def align(self, photo: Photo, called: str = "The photo") -> AlignedPhoto:
        """Find, align and measure the faces asked for.

        Args:
            photo: The photo.
            called: What messages call it.

        Raises:
            InputError: There is no face, or fewer than the one asked for.
        """
        found = find_faces(photo, self._five, self._wanted)
        chosen = _chosen(found, self._options.choice, called)
        faces = tuple(self._aligned(photo, number, found.faces[number - 1]) for number in chosen)
        return AlignedPhoto(faces, len(found.faces), found.doubtful, self._wanted.layout)

    def _aligned(self, photo: Photo, number: int, face: Face) -> AlignedFace:
        frame = frame_of(face.points)
        quad = face_quad(frame)
        size = self._options.size
        quality = measure_quality(photo.pixels, frame, quad, size=size, turned_deg=face.turned_deg)
        return AlignedFace(number, cut_out(photo.pixels, quad, size), face, quality)


def _chosen(found: FoundFaces, choice: FaceChoice, called: str) -> list[int]:
    count = len(found.faces)
    if not count:
        doubt = " What looked like one has no steady eyes and nose." if found.doubtful else ""
        raise InputError(
            f"{called} shows no face that can be found.{doubt}",
            remedy="Use a photo of the uncovered face from the front, sharp, well lit and not too small.",
        )
    if choice.number is None:
        return list(range(1, count + 1))
    if choice.number > count:
        faces = "one face" if count == 1 else f"{count} faces"
        raise InputError(f"{called} shows {faces}, not {choice.number}.", remedy="Use --face largest.")
    return [choice.number]
