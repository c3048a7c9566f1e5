"""A portrait in the public domain, where it is at hand, and what can be made of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from prognosis.portraits.faces.aligner import Aligner
from prognosis.portraits.faces.options import AlignOptions
from prognosis.portraits.faces.photo import Photo

ASTRONAUT = Path(__file__).resolve().parents[3] / "shared/data/faces/astronaut.png"


@pytest.fixture(scope="session")
def portrait():
    """An astronaut, 512 x 512: her face in the upper half, folds of her suit that look like one in the lower."""
    if not ASTRONAUT.is_file():
        pytest.skip("shared/data/faces/astronaut.png is not there")
    with Image.open(ASTRONAUT) as picture:
        return picture.convert("RGB")


@pytest.fixture(scope="session")
def aligner():
    pytest.importorskip("dlib")
    return Aligner(AlignOptions(size=128))


@pytest.fixture(scope="session")
def align_one(aligner):
    """Align the only face of a picture."""

    def align(picture):
        aligned = aligner.align(Photo(np.asarray(picture.convert("RGB"))))
        assert len(aligned.faces) == 1
        return aligned.faces[0]

    return align
