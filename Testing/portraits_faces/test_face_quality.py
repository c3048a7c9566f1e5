"""What is measured of a face before it is used."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageFilter

from prognosis.portraits.faces.aligning import face_quad
from prognosis.portraits.faces.landmarks import FaceFrame, frame_of
from prognosis.portraits.faces.quality import Flag, Quality, measure_quality

GOOD = Quality(60, 2.0, 5, 4, 4.0, 150, 40, 0.0, 0.0, 0.0, 30, 0, 0.0, 0.0)


@pytest.fixture(scope="module")
def measured(portrait, align_one):
    """Measure a changed portrait with the landmarks of the unchanged one."""
    frame = frame_of(align_one(portrait).face.points)
    quad = face_quad(frame)

    def measure(picture, *, scale=1.0):
        enlarged = FaceFrame(*(point * scale for point in dataclasses.astuple(frame)))
        return measure_quality(np.asarray(picture), enlarged, quad * scale, size=512)

    return measure


def noisy(picture, sd):
    noise = np.random.default_rng(0).normal(0, sd, (512, 512, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def test_a_good_portrait_raises_no_flag(portrait, measured):
    quality = measured(portrait)
    assert quality.flags == ()
    assert quality.eye_distance_px == pytest.approx(43, abs=1)
    assert quality.roll_deg == pytest.approx(3, abs=1.5)
    assert abs(quality.yaw_deg) < 10


def test_sharpness_falls_with_blur_and_the_flag_with_a_blur_of_two(portrait, measured):
    blurs = (0, 0.5, 1, 1.5, 2, 3, 4)
    found = [measured(portrait.filter(ImageFilter.GaussianBlur(sd)) if sd else portrait) for sd in blurs]
    assert all(sharper.sharpness > softer.sharpness for sharper, softer in pairwise(found))
    assert [Flag.BLURRED in quality.flags for quality in found] == [False, False, False, False, True, True, True]


def test_noise_up_to_ten_grey_levels_hides_no_blur(portrait, measured):
    assert Flag.BLURRED not in measured(noisy(portrait, 10)).flags
    assert Flag.BLURRED in measured(noisy(portrait.filter(ImageFilter.GaussianBlur(2.5)), 10)).flags


def test_neither_contrast_nor_size_counts_for_sharpness(portrait, measured):
    as_it_is = measured(portrait).sharpness
    assert measured(portrait.point(lambda value: value // 2 + 60)).sharpness == pytest.approx(as_it_is, rel=0.02)
    large = portrait.resize((1024, 1024), Image.Resampling.LANCZOS)
    assert measured(large, scale=2).sharpness == pytest.approx(as_it_is, rel=0.15)


def test_a_black_and_white_photo_is_told(portrait, measured):
    assert measured(portrait.convert("L").convert("RGB")).flags == (Flag.GREY, Flag.COVER_UNKNOWN)


def test_darkness_and_overexposure_are_told(portrait, measured):
    assert Flag.DARK in measured(portrait.point(lambda value: value // 5)).flags
    assert {Flag.BRIGHT, Flag.CLIPPED} <= set(measured(portrait.point(lambda value: min(255, 2 * value))).flags)


def test_one_colour_has_no_sharpness():
    frame = FaceFrame(*(np.array(point, float) for point in ((80, 90), (120, 90), (100, 120), (100, 130))))
    quality = measure_quality(np.full((200, 200, 3), 90, np.uint8), frame, face_quad(frame), size=64)
    assert quality.sharpness == 0
    assert {Flag.BLURRED, Flag.FLAT, Flag.GREY} <= set(quality.flags)


@pytest.mark.parametrize(("degrees", "flagged"), [(0, False), (-15, False), (20, False), (30, True), (-35, True)])
def test_yaw_is_estimated_from_the_nose(degrees, flagged):
    half = 30 * np.cos(np.radians(degrees))
    off = 2 * 30 * 0.38 * np.sin(np.radians(degrees))
    points = ((200 - half, 200), (200 + half, 200), (200 + off, 246), (200, 262))
    frame = FaceFrame(*(np.array(point, float) for point in points))
    quality = measure_quality(np.full((400, 400, 3), 90, np.uint8), frame, face_quad(frame), size=64)
    assert quality.yaw_deg == pytest.approx(degrees, abs=0.1)
    assert (Flag.SIDEWAYS in quality.flags) is flagged


def test_a_face_at_the_edge_is_told(portrait, align_one):
    cut = align_one(portrait.crop((200, 40, 330, 230)))
    assert Flag.CUT in cut.quality.flags
    assert 0.05 < cut.quality.outside < 0.25
    assert cut.quality.made_up > cut.quality.outside


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({"yaw_deg": -26}, Flag.SIDEWAYS),
        ({"sharpness": 0.9}, Flag.BLURRED),
        ({"magnification": 3.1}, Flag.SMALL),
        ({"brightness": 40}, Flag.DARK),
        ({"brightness": 210}, Flag.BRIGHT),
        ({"contrast": 10}, Flag.FLAT),
        ({"clipped": 0.2}, Flag.CLIPPED),
        ({"outside": 0.1}, Flag.CUT),
        ({"made_up": 0.3}, Flag.MADE_UP),
        ({"colour": 1}, Flag.GREY),
        ({"turned_deg": 90}, Flag.TILTED),
        ({"covered_lower": 0.4}, Flag.LOWER_COVERED),
        ({"covered_eyes": 0.6}, Flag.EYES_COVERED),
        ({"covered_lower": None, "covered_eyes": None}, Flag.COVER_UNKNOWN),
    ],
    ids=lambda value: value.name if isinstance(value, Flag) else "",
)
def test_each_flag_is_raised_by_its_measure_alone(changed, flag):
    assert GOOD.flags == ()
    assert dataclasses.replace(GOOD, **changed).flags == (flag,)
