"""Drawn portraits as files: what aligned photos of a user's own patients look like, and the truth beside them."""

import io
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from prognosis.files import require_free_space, write_bytes, write_csv
from prognosis.phantoms.portraits.drawing import faces_in_parts
from prognosis.phantoms.portraits.options import PortraitPhantomOptions
from prognosis.phantoms.portraits.traits import FaceTraits, sample_traits
from prognosis.portraits.faces.photo import PHANTOM, PHANTOM_KEY

COHORT_HEADER = ("patient_id", "photo")
PHOTOS = "photos"
_BYTES_PER_PIXEL = 3


def write_cohort(
    options: PortraitPhantomOptions, output: Path, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Draw portraits and write `photos/`, `cohort.csv` and `truth.csv`, a row a patient.

    Args:
        options: Which.
        output: Folder to write into; made when it does not exist.
        progress: Told how many are done, and of how many.

    Returns:
        The path of `cohort.csv`.

    Raises:
        UsageError: The disk cannot hold them.
    """
    require_free_space(output, options.patients * options.side**2 * _BYTES_PER_PIXEL)
    (output / PHOTOS).mkdir(parents=True, exist_ok=True)
    traits = portrait_traits(options)
    names = [f"{PHOTOS}/portrait-{number:06d}.png" for number in range(1, options.patients + 1)]
    for number, pixels in enumerate(portraits(options, traits)):
        write_bytes(output / names[number], _png(pixels))
        if progress is not None:
            progress(number + 1, options.patients)
    ids = [f"P{number:06d}" for number in range(1, options.patients + 1)]
    told = [field.name for field in fields(FaceTraits) if getattr(traits, field.name).ndim == 1]
    columns = [getattr(traits, name).tolist() for name in told]
    write_csv(output / "truth.csv", ("patient_id", *told), list(zip(ids, *columns, strict=True)))
    write_csv(output / "cohort.csv", COHORT_HEADER, list(zip(ids, names, strict=True)))
    return output / "cohort.csv"


def portrait_traits(options: PortraitPhantomOptions) -> FaceTraits:
    """Traits of all patients; they depend on how many there are."""
    return sample_traits(options.patients, np.random.default_rng([options.seed]), covered=options.covered)


def portraits(options: PortraitPhantomOptions, traits: FaceTraits) -> Iterator[NDArray[np.uint8]]:
    """The portraits, RGB (side, side, 3), one after the other."""
    for part in faces_in_parts(traits, options.side, options.seed):
        yield from part


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture that says in its text, not in its pixels, that it shows no one."""
    words = PngInfo()
    words.add_text(PHANTOM_KEY, PHANTOM)
    words.add_text("Description", "Synthetic image: a drawn portrait of no one")
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", pnginfo=words)
    return stream.getvalue()
