"""Signs of age and illness do to a face what their names say, and nothing to clothes and background."""

import numpy as np
import pytest
from making_faces import (
    BACKGROUND,
    BELOW_EYES,
    CHEEKS,
    CLOTHES,
    CROWN,
    FOREHEAD,
    MOUTH,
    SIDE,
    drawn,
    of,
    plain_faces,
    saturation,
)

from prognosis.phantoms.portraits.drawing import draw_faces

SIGNS = ("wrinkles", "grey_hair", "bald", "eye_bags", "pallor", "hollow_cheeks", "drooping", "smile", "glasses")


@pytest.fixture(scope="module")
def without():
    return drawn()


def mouth_bend(pictures):
    """How much lower the corners of the mouth's dark line are than its middle, in pixels; one number a face."""
    dark = 1 - pictures[MOUTH].mean(axis=3)
    lines = dark.argmax(axis=1)
    middle = lines.shape[1] // 2
    reach = round(0.14 / 2 * SIDE)
    corners = np.stack([lines[:, middle - reach], lines[:, middle + reach]]).mean(axis=0)
    return corners - lines[:, middle - 2 : middle + 3].mean(axis=1)


def test_pallor_takes_the_colour_from_a_face(without):
    pale = drawn(pallor=1)
    for where in ((FOREHEAD,), CHEEKS):
        assert (saturation(of(pale, *where)) < 0.75 * saturation(of(without, *where))).all()


def test_hollow_cheeks_are_dark(without):
    hollow = drawn(hollow_cheeks=1)
    assert (of(hollow, *CHEEKS).mean(axis=1) < 0.9 * of(without, *CHEEKS).mean(axis=1)).all()
    np.testing.assert_allclose(of(hollow, FOREHEAD), of(without, FOREHEAD), atol=0.01)


def test_drooping_lowers_the_corners_of_the_mouth_and_a_smile_lifts_them(without):
    level = mouth_bend(without)
    assert (mouth_bend(drawn(drooping=1)) > level + 1).all()
    assert (mouth_bend(drawn(smile=1)) < level - 1).all()


def test_grey_hair_has_no_colour(without):
    grey = of(drawn(grey_hair=1), CROWN)
    assert (saturation(grey) < 0.08).all()
    assert (saturation(of(without, CROWN)) > saturation(grey) + 0.05).all()


def test_bags_below_the_eyes_are_dark(without):
    assert (of(drawn(eye_bags=1), *BELOW_EYES).mean(axis=1) < 0.95 * of(without, *BELOW_EYES).mean(axis=1)).all()


def test_wrinkles_are_lines_across_the_forehead(without):
    def lines(pictures):
        rows = pictures[FOREHEAD].mean(axis=(2, 3))
        return np.abs(np.diff(rows, axis=1)).sum(axis=1)

    assert (lines(drawn(wrinkles=1)) > 1.5 * lines(without)).all()


def test_a_bald_head_shows_its_skin(without):
    skin = of(without, FOREHEAD)
    bald, hair = (np.abs(of(pictures, CROWN) - skin).sum(axis=1) for pictures in (drawn(bald=1), without))
    assert (bald < hair).mean() >= 5 / 6


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_changes_the_face_and_leaves_clothes_and_background_as_they_are(without, sign):
    signed = drawn(**{sign: 1})
    for outside in (*BACKGROUND, *CLOTHES):
        assert np.array_equal(signed[outside], without[outside])
    assert (np.abs(signed - without).max(axis=(1, 2, 3)) > 0.05).all()


@pytest.mark.parametrize("sign", ["pallor", "hollow_cheeks", "drooping", "wrinkles", "eye_bags"])
def test_a_sign_of_the_face_shows_more_the_stronger_it_is(without, sign):
    weak, strong = (np.abs(drawn(**{sign: value}) - without).mean(axis=(1, 2, 3)) for value in (0.3, 1))
    assert (strong > 1.5 * weak).all()


@pytest.mark.parametrize("trait", ["background", "clothes"])
def test_colours_around_a_face_do_not_touch_it(trait):
    one = plain_faces()
    other = plain_faces()
    getattr(other, trait)[:] = 1 - getattr(one, trait)
    pictures = [draw_faces(traits, SIDE, seed=2) / 255.0 for traits in (one, other)]
    for inside in (FOREHEAD, MOUTH, CROWN, *CHEEKS):
        assert np.array_equal(pictures[0][inside], pictures[1][inside])
    around = BACKGROUND if trait == "background" else CLOTHES
    assert (np.abs(of(pictures[0], *around) - of(pictures[1], *around)).max(axis=1) > 0.03).all()


def test_a_mask_covers_mouth_and_nose_but_not_eyes(without):
    masked = drawn(mask=1)
    colours = plain_faces().cover_colours
    covered = of(masked, MOUTH)
    assert (
        np.abs(covered / covered.sum(axis=1, keepdims=True) - colours / colours.sum(axis=1, keepdims=True)) < 0.03
    ).all()
    for sign in ({"drooping": 1}, {"smile": 1}):
        signed = drawn(mask=1, **sign)
        assert np.abs(signed[MOUTH] - masked[MOUTH]).max() < 0.02
    np.testing.assert_array_equal(masked[FOREHEAD], without[FOREHEAD])


def test_a_cap_covers_the_hair_but_not_the_face(without):
    capped = drawn(cap=1)
    assert np.abs(drawn(cap=1, grey_hair=1)[CROWN] - capped[CROWN]).max() < 0.02
    assert (np.abs(capped[CROWN] - without[CROWN]).mean(axis=(1, 2, 3)) > 0.05).all()
    for inside in (MOUTH, *CHEEKS):
        np.testing.assert_array_equal(capped[inside], without[inside])
