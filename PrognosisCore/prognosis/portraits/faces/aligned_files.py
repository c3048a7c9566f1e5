"""The aligned faces of one photo on disk: a PNG each, without metadata, and what is known of them."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prognosis.errors import InputError
from prognosis.files import write_bytes, write_json
from prognosis.portraits.faces.aligner import AlignedFace, AlignedPhoto
from prognosis.portraits.faces.photo import Photo

DOCUMENT = "faces.json"
COVER_MEASURES = ("covered_lower", "covered_eyes")
MEASURES = (
    "eye_distance_px",
    "magnification",
    "roll_deg",
    "yaw_deg",
    "sharpness",
    "brightness",
    "contrast",
    "clipped",
    "outside",
    "made_up",
    "colour",
    *COVER_MEASURES,
)


@dataclass(frozen=True)
class FaceRecord:
    """What is known of an aligned face.

    Args:
        file: Its PNG in the folder.
        number: 1 for the largest of the photo.
        box: Left, top, width and height in the photo, pixels.
        score: The detector's confidence.
        spread: How far landmarks depended on where they started, in eye distances.
        turned_deg: How far the photo was turned for it to be found.
        measures: See `MEASURES` and `Quality`; None where one cannot be measured, and absent where a former version did
            not measure it.
        flags: What should be looked at, in words.
    """

    file: str
    number: int
    box: tuple[int, int, int, int]
    score: float
    spread: float
    turned_deg: int
    measures: Mapping[str, float | None]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class PhotoRecord:
    """What is known of a photo whose faces were aligned.

    Args:
        faces: The aligned ones.
        found: How many faces it shows.
        doubtful: How many places were not trusted to be one.
        points: How many landmarks they were aligned by.
        notes: What had to be done to read it.
    """

    faces: tuple[FaceRecord, ...]
    found: int
    doubtful: int
    points: int
    notes: tuple[str, ...]


def write_aligned(folder: Path, photo: Photo, aligned: AlignedPhoto) -> PhotoRecord:
    """Write the faces of a photo and what is known of them; return the latter."""
    record = PhotoRecord(
        tuple(_record(face) for face in aligned.faces),
        aligned.found,
        aligned.doubtful,
        int(aligned.layout),
        photo.notes,
    )
    for face, known in zip(aligned.faces, record.faces, strict=True):
        write_bytes(folder / known.file, png_of_pixels(face.pixels))
    write_json(folder / DOCUMENT, asdict(record))
    return record


def read_aligned(folder: Path) -> PhotoRecord:
    """Read what `write_aligned` wrote, without the pictures.

    Raises:
        InputError: It is missing or damaged.
    """
    try:
        content = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        faces = tuple(_face(**entry) for entry in content.pop("faces"))
        return PhotoRecord(faces=faces, **{**content, "notes": tuple(content["notes"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{folder / DOCUMENT} is missing or damaged.", remedy="Delete its folder and run the same command again."
        ) from error


def png_of_pixels(pixels: NDArray[np.uint8]) -> bytes:
    """A picture as a PNG that holds pixels and nothing else."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def _record(one: AlignedFace) -> FaceRecord:
    return FaceRecord(
        file=f"face-{one.number}.png",
        number=one.number,
        box=one.face.box,
        score=one.face.score,
        spread=one.face.spread,
        turned_deg=one.face.turned_deg,
        measures={name: getattr(one.quality, name) for name in MEASURES},
        flags=tuple(flag.value for flag in one.quality.flags),
    )


def _face(**entry: Any) -> FaceRecord:
    left, top, width, height = entry.pop("box")
    flags = tuple(entry.pop("flags"))
    return FaceRecord(box=(left, top, width, height), flags=flags, **entry)
