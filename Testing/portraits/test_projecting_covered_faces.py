"""What is covered of a face that came aligned is told with its latents."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from prognosis.files import write_json
from prognosis.phantoms.portraits.drawing import draw_faces
from prognosis.phantoms.portraits.traits import sample_traits
from prognosis.portraits.faces.quality import Flag
from prognosis.portraits.projecting.photo_reading import already_aligned


@pytest.fixture(scope="module")
def traits():
    faces = sample_traits(8, np.random.default_rng(3))
    return dataclasses.replace(faces, pallor=np.zeros(8, np.float32))


def read_first(traits, folder, *, side=64):
    (pixels,) = draw_faces(traits[:1], 128)
    Image.fromarray(pixels).save(folder / "face.png")
    return already_aligned(side)(folder / "face.png").known


@pytest.mark.parametrize(("worn", "flags"), [(0, ()), (1, (Flag.LOWER_COVERED.value,))], ids=["free", "masked"])
def test_a_mask_is_told(traits, tmp_path, worn, flags):
    known = read_first(dataclasses.replace(traits, mask=np.full(8, worn, np.float32)), tmp_path)
    assert known.flags == flags
    assert known.measures["covered_lower"] == pytest.approx(worn, abs=0.05)
    assert set(known.measures) == {"covered_lower", "covered_eyes"}


def test_a_face_without_colours_can_be_written_down(traits, tmp_path):
    (pixels,) = draw_faces(traits[:1], 128)
    Image.fromarray(pixels).convert("L").save(tmp_path / "grey.png")
    known = already_aligned(64)(tmp_path / "grey.png").known
    assert known.flags == (Flag.COVER_UNKNOWN.value,)
    assert known.measures == {"covered_lower": None, "covered_eyes": None}
    write_json(tmp_path / "known.json", dataclasses.asdict(known))


def test_of_too_few_pixels_nothing_is_said(traits, tmp_path):
    known = read_first(traits, tmp_path, side=32)
    assert (known.flags, known.measures) == ((), {})
