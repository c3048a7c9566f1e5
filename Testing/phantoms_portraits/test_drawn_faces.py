"""Drawing is repeatable, and drawn faces are faces to the program that finds them."""

from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

from prognosis.phantoms.portraits import PortraitPhantomOptions, portrait_traits, portraits
from prognosis.phantoms.portraits.drawing import draw_faces, faces_in_parts
from prognosis.phantoms.portraits.traits import FaceTraits, sample_traits
from prognosis.portraits.faces.detecting import find_faces
from prognosis.portraits.faces.landmarks import frame_of, load_landmark_model
from prognosis.portraits.faces.photo import Photo

AGE, HEALTH = ("wrinkles", "grey_hair", "eye_bags"), ("pallor", "hollow_cheeks", "drooping")


def test_the_same_seed_draws_the_same_faces_and_another_others():
    drawn = [np.stack(list(portraits(o, portrait_traits(o)))) for o in map(options, (3, 3, 4))]
    assert np.array_equal(drawn[0], drawn[1])
    assert (np.abs(drawn[0].astype(int) - drawn[2]).mean(axis=(1, 2, 3)) > 5).all()


def options(seed):
    return PortraitPhantomOptions(patients=4, seed=seed)


def test_faces_in_parts_are_the_faces_drawn_at_once():
    """The grain is drawn in order, so that it does not hang on how many faces are drawn at a time."""
    traits = sample_traits(5, np.random.default_rng(0))
    parts = list(faces_in_parts(traits, 256, seed=5))
    assert len(parts) > 1
    assert np.array_equal(np.concatenate(parts), draw_faces(traits, 256, seed=5))


def test_a_face_does_not_depend_on_those_beside_it():
    traits = sample_traits(5, np.random.default_rng(0))
    alone, together = draw_faces(traits[2:3], 64), draw_faces(traits, 64)[2:3]
    assert np.abs(alone.astype(int) - together).mean() < 6  # the grain alone differs
    grain = np.abs(alone.astype(float).mean(axis=(1, 2)) - together.astype(float).mean(axis=(1, 2)))
    assert (grain < 0.3).all()


@pytest.mark.parametrize("side", [64, 256])
def test_a_face_is_the_same_at_any_size(side):
    traits = sample_traits(3, np.random.default_rng(1))
    small = np.stack(
        [np.asarray(Image.fromarray(face).resize((64, 64), Image.Resampling.BOX)) for face in draw_faces(traits, side)]
    )
    assert np.abs(small.astype(float) - draw_faces(traits, 64)).mean() < 6


def test_nobody_gives_no_pictures():
    assert draw_faces(sample_traits(0, np.random.default_rng(0)), 64).shape == (0, 64, 64, 3)


def test_signs_follow_their_causes_and_those_alone():
    random = np.random.default_rng(8)
    age, health = random.standard_normal((2, 4000))
    traits = sample_traits(4000, random, age_signs_sd=age, health_signs_sd=health)
    for names, cause, other in ((AGE, age, health), (HEALTH, health, age)):
        for name in names:
            sign = getattr(traits, name)
            assert ((sign > 0) & (sign < 1)).all()
            assert np.corrcoef(sign, cause)[0, 1] > 0.8
            assert abs(np.corrcoef(sign, other)[0, 1]) < 0.08
    for name in ("melanin", "gown", "light_sd", "exposure_sd", "smile", "glasses"):
        assert max(abs(np.corrcoef(getattr(traits, name), cause)[0, 1]) for cause in (age, health)) < 0.08
    for name in ("background", "clothes", "cover_colours"):
        assert max(abs(np.corrcoef(getattr(traits, name)[:, 0], cause)[0, 1]) for cause in (age, health)) < 0.08


@pytest.mark.parametrize("covered", [0.0, 0.3, 1.0])
def test_as_many_wear_masks_and_caps_as_asked_for(covered):
    traits = sample_traits(2000, np.random.default_rng(0), covered=covered)
    assert traits.mask.mean() == pytest.approx(covered, abs=0.04)
    assert traits.cap.mean() == pytest.approx(covered, abs=0.04)
    if 0 < covered < 1:
        assert abs(np.corrcoef(traits.mask, traits.cap)[0, 1]) < 0.08


def test_traits_that_describe_different_numbers_of_faces_are_refused():
    traits = sample_traits(3, np.random.default_rng(0))
    values = {field.name: getattr(traits, field.name) for field in fields(FaceTraits)}
    with pytest.raises(ValueError, match="differ in how many faces"):
        FaceTraits(**(values | {"smile": values["smile"][:2]}))


def expected_eyes(traits, number):
    """Where the drawing puts the eyes' middles: left and right (x, y), from -1 to 1."""
    apart = 0.25 + 0.012 * traits.eye_distance_sd[number]
    across = 0.045 * traits.yaw_sd[number]
    down = -0.055 + 0.02 * traits.pitch_sd[number]
    angle = 0.035 * traits.roll_sd[number]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [turn @ (across + side * apart, down) for side in (-1, 1)]


def test_faces_of_no_one_are_found_with_their_eyes_where_they_were_drawn():
    """Of forty, 34 were found upright, with eyes 0.013 away in the median and 0.063 at most."""
    pytest.importorskip("dlib")
    five = load_landmark_model()
    asked = PortraitPhantomOptions(patients=6, seed=7, side=256)
    traits = portrait_traits(asked)
    away, found = [], 0
    for number, pixels in enumerate(portraits(asked, traits)):
        faces = find_faces(Photo(pixels), five, five).faces
        if not faces or faces[0].turned_deg:
            continue
        found += 1
        frame = frame_of(faces[0].points)
        for eye, expected in zip((frame.left_eye, frame.right_eye), expected_eyes(traits, number), strict=True):
            away.append(np.hypot(*((eye + 0.5) / 128 - 1 - expected)))
    assert found >= 4
    assert np.median(away) < 0.04
    assert np.max(away) < 0.09
