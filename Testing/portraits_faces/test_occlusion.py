"""How much of a face is covered: told on drawn faces, and on a portrait covers are painted on."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageOps

from prognosis.phantoms.portraits.drawing import draw_faces
from prognosis.phantoms.portraits.traits import sample_traits
from prognosis.portraits.faces.occlusion import measure_cover
from prognosis.portraits.faces.quality import Flag, cover_flags

FACES = 120
SIDE = 96
TO_LINEAR = 2.2


@pytest.fixture(scope="module")
def traits():
    return sample_traits(FACES, np.random.default_rng(77), covered=0.5)


@pytest.fixture(scope="module")
def drawn(traits):
    return draw_faces(traits, SIDE, seed=77)


@pytest.fixture(scope="module")
def told(drawn):
    return [measure_cover(pixels) for pixels in drawn]


@pytest.fixture(scope="module")
def face(portrait, align_one):
    """The face of a real portrait, aligned, uncovered."""
    return align_one(portrait).pixels


def places(side):
    """(x, y) of pixels from -1 to 1."""
    steps = (np.arange(side) + 0.5) / side * 2 - 1
    return np.meshgrid(steps, steps)


def lit(pixels, factor):
    """The same under another light."""
    linear = (pixels / 255) ** TO_LINEAR * factor
    return np.rint(255 * np.clip(linear, 0, 1) ** (1 / TO_LINEAR)).astype(np.uint8)


def painted(pixels, where, colour, *, through=0.1):
    changed = pixels.astype(float)
    changed[where] = (1 - through) * np.array(colour) + through * changed[where]
    return np.rint(changed).astype(np.uint8)


def masked(pixels, colour):
    x, y = places(len(pixels))
    return painted(pixels, (y > 0.13 + 0.4 * np.abs(x)) & (y < 0.82) & (np.abs(x) < 0.5), colour)


def scarfed(pixels, colour):
    return painted(pixels, places(len(pixels))[1] > 0.36, colour)


def with_dark_glasses(pixels, colour=(30, 30, 33)):
    x, y = places(len(pixels))
    lenses = ((np.abs(x) - 0.25) / 0.19) ** 4 + ((y + 0.05) / 0.15) ** 4 < 1
    return painted(pixels, lenses | ((np.abs(y + 0.09) < 0.02) & (np.abs(x) < 0.1)), colour)


def flags_of(pixels):
    return cover_flags(measure_cover(pixels))


def thirds_by_skin(traits, chosen):
    """Which of the chosen faces are light, middle and dark."""
    light, dark = np.quantile(traits.melanin, (1 / 3, 2 / 3))
    tones = (traits.melanin <= light, (traits.melanin > light) & (traits.melanin < dark), traits.melanin >= dark)
    return [np.flatnonzero(chosen & tone) for tone in tones]


class TestDrawnFaces:
    def test_nearly_all_can_be_measured_dark_skin_as_well_as_light(self, traits, told):
        measured = np.array([cover.lower is not None for cover in told])
        for third in thirds_by_skin(traits, np.ones(FACES, bool)):
            assert measured[third].mean() > 0.85

    def test_masks_are_told_and_free_faces_are_not_on_every_skin(self, traits, told):
        flagged = np.array([Flag.LOWER_COVERED in cover_flags(cover) for cover in told])
        measured = np.array([cover.lower is not None for cover in told])
        for third in thirds_by_skin(traits, measured & (traits.mask == 1)):
            assert len(third) > 10
            assert flagged[third].mean() > 0.95
        for third in thirds_by_skin(traits, measured & (traits.mask == 0)):
            assert flagged[third].mean() < 0.05

    def test_neither_beards_nor_clear_glasses_are_covers(self, traits, told):
        bearded = np.flatnonzero((traits.mask == 0) & (traits.beard > 0))
        with_glasses = np.flatnonzero(traits.glasses == 1)
        assert min(len(bearded), len(with_glasses)) > 10
        assert sum(Flag.LOWER_COVERED in cover_flags(told[index]) for index in bearded) <= 1
        assert not any(Flag.EYES_COVERED in cover_flags(told[index]) for index in with_glasses)

    def test_dark_glasses_are_told_on_every_skin(self, traits, drawn):
        found = [flags_of(with_dark_glasses(pixels)) for pixels in drawn]
        measured = np.array([Flag.COVER_UNKNOWN not in flags for flags in found])
        covered = np.array([Flag.EYES_COVERED in flags for flags in found])
        for third in thirds_by_skin(traits, measured):
            assert covered[third].mean() > 0.95

    def test_the_share_is_that_of_the_part_covered(self, traits):
        plain = dataclasses.replace(traits[:1], mask=np.zeros(1), beard=np.zeros(1), pallor=np.zeros(1))
        (pixels,) = draw_faces(plain, SIDE)
        y = places(SIDE)[1]
        shares = [measure_cover(painted(pixels, y > top, (60, 110, 190))).lower for top in (0.2, 0.4, 0.6, 0.8)]
        assert shares[0] > 0.95
        assert shares == sorted(shares, reverse=True)
        assert 0.1 < shares[2] < 0.4
        assert shares[3] < 0.05


def test_a_real_portrait_raises_no_flag_at_any_size(portrait, align_one):
    aligned = align_one(portrait)
    assert aligned.quality.covered_lower == pytest.approx(0, abs=0.02)
    assert aligned.quality.covered_eyes == pytest.approx(0, abs=0.05)
    picture = Image.fromarray(aligned.pixels)
    for side in (64, 128, 512):
        assert flags_of(np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS))) == ()


@pytest.mark.parametrize("put_on", [masked, scarfed], ids=["mask", "scarf"])
@pytest.mark.parametrize(
    "colour",
    [(115, 173, 217), (236, 236, 236), (15, 15, 16), (128, 128, 128), (180, 30, 35)],
    ids=["blue", "white", "black", "grey", "red"],
)
def test_a_cover_on_a_real_portrait_is_told(face, put_on, colour):
    assert flags_of(put_on(face, colour)) == (Flag.LOWER_COVERED,)


def test_dark_glasses_on_a_real_portrait_are_told(face):
    assert flags_of(with_dark_glasses(face)) == (Flag.EYES_COVERED,)
    assert flags_of(with_dark_glasses(masked(face, (115, 173, 217)))) == (Flag.LOWER_COVERED, Flag.EYES_COVERED)


def test_clear_glasses_that_reflect_are_no_cover(face):
    x, y = places(len(face))
    lenses = ((np.abs(x) - 0.25) / 0.19) ** 4 + ((y + 0.05) / 0.15) ** 4 < 1
    assert flags_of(painted(face, lenses, (255, 255, 255), through=0.75)) == ()


@pytest.mark.parametrize(
    "light",
    [0.3, 1.5, (1.15, 1.0, 0.85), (0.88, 1.0, 1.12), "from one side", "of dark skin"],
    ids=str,
)
def test_light_changes_nothing(face, light):
    across = places(len(face))[0]
    named = {
        "from one side": (0.12 + 0.88 / (1 + np.exp(-across / 0.15)))[..., None],
        "of dark skin": np.array([0.11, 0.068, 0.052]),
    }
    factor = named[light] if isinstance(light, str) else np.array(light)
    assert flags_of(lit(face, factor)) == ()
    assert Flag.LOWER_COVERED in flags_of(lit(masked(face, (115, 173, 217)), factor))
    assert Flag.EYES_COVERED in flags_of(lit(with_dark_glasses(face), factor))


@pytest.mark.parametrize("toned", ["grey", "brown", "duotone"])
def test_without_colours_nothing_is_said(face, toned):
    grey = Image.fromarray(face).convert("L")
    brown = np.clip(np.asarray(grey)[..., None] * np.array([1.07, 0.87, 0.65]), 0, 255).astype(np.uint8)
    duotone = np.asarray(ImageOps.colorize(grey, (20, 10, 5), (255, 245, 225)))
    pixels = {"grey": np.asarray(grey.convert("RGB")), "brown": brown, "duotone": duotone}[toned]
    cover = measure_cover(pixels)
    assert (cover.lower, cover.eyes) == (None, None)
    assert cover_flags(cover) == (Flag.COVER_UNKNOWN,)


def test_a_face_wholly_covered_by_no_colour_of_skin_is_not_measured(face):
    y = places(len(face))[1]
    assert flags_of(painted(face, y > -2, (60, 110, 190))) == (Flag.COVER_UNKNOWN,)


def test_a_hand_stays_unseen(face):
    """What the measure cannot do, held fast so that nobody promises it."""
    x, y = places(len(face))
    skin = np.median(face[np.hypot(x, y - 0.15) < 0.05], axis=0)
    assert flags_of(painted(face, np.hypot(x / 0.4, (y - 0.6) / 0.3) < 1, skin)) == ()
