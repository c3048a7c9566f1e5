"""Where the square lies that is cut out, by either layout of landmarks, and what is cut."""

import math

import numpy as np
import pytest

from prognosis.errors import InputError
from prognosis.portraits.faces.aligning import cut_out, face_quad
from prognosis.portraits.faces.landmarks import FaceFrame, frame_of

# A mean adult face, mm: right, down, and towards the camera from the eyes' plane.
EYE_OUTER, EYE_INNER = (45, 0, -2), (17, 0, 2)
EYE_LIDS = ((24, -4, 3), (38, -4, 2), (24, 4, 3), (38, 4, 2))
NOSE, MOUTH = (0, 49, 24), (25, 66, 9)


def landmarks(count, *, yaw_deg=0.0, roll_deg=0.0, scale=2.0, centre=(300.0, 200.0)):
    """The mean face as a far camera sees it, in dlib's order."""
    points = np.zeros((count, 3))
    mirrored = np.array([-1, 1, 1])
    if count == 5:
        points[:] = [EYE_OUTER, EYE_INNER, mirrored * EYE_OUTER, mirrored * EYE_INNER, NOSE]
    else:
        points[33] = NOSE
        points[[36, 39]] = mirrored * EYE_OUTER, mirrored * EYE_INNER
        points[[42, 45]] = EYE_INNER, EYE_OUTER
        points[[43, 44, 47, 46]] = EYE_LIDS
        points[[38, 37, 40, 41]] = mirrored * np.array(EYE_LIDS)
        points[[48, 54]] = mirrored * MOUTH, MOUTH
    yaw, roll = math.radians(yaw_deg), math.radians(roll_deg)
    x = points[:, 0] * math.cos(yaw) + points[:, 2] * math.sin(yaw)
    y = points[:, 1]
    turned = np.stack([x * math.cos(roll) - y * math.sin(roll), x * math.sin(roll) + y * math.cos(roll)], axis=1)
    return scale * turned + np.array(centre)


def test_the_square_of_a_face_worked_out_by_hand():
    frame = FaceFrame(*(np.array(point, float) for point in ((100, 100), (160, 100), (130, 140), (130, 160))))
    # e = (60, 0), m = (0, 60): half side max(120, 108); centre (130, 100) + 0.1 (0, 60).
    assert face_quad(frame) == pytest.approx(np.array([(10, -14), (10, 226), (250, 226), (250, -14)]))


def test_a_long_face_is_cut_out_by_its_mouth():
    frame = FaceFrame(*(np.array(point, float) for point in ((100, 100), (160, 100), (130, 150), (130, 200))))
    quad = face_quad(frame)
    assert np.hypot(*(quad[3] - quad[0])) == pytest.approx(2 * 1.8 * 100)


def test_the_square_goes_with_the_face():
    still, turned = (face_quad(frame_of(landmarks(68, roll_deg=roll))) for roll in (0, 35))
    angle = math.atan2(*(turned[3] - turned[0])[::-1])
    assert math.degrees(angle) == pytest.approx(35)
    assert np.hypot(*(turned[3] - turned[0])) == pytest.approx(np.hypot(*(still[3] - still[0])))


@pytest.mark.parametrize(("yaw", "most"), [(0, 4), (10, 6), (-10, 6), (20, 10), (-20, 10)])
@pytest.mark.parametrize("roll", [0, 25, -40, 180])
def test_five_points_cut_out_what_68_do(yaw, roll, most):
    five, many = (face_quad(frame_of(landmarks(count, yaw_deg=yaw, roll_deg=roll))) for count in (5, 68))
    pixels = 512 / np.hypot(*(many[3] - many[0]))
    assert np.abs(five - many).max() * pixels < most


def test_points_that_fall_together_are_refused():
    with pytest.raises(ValueError, match="both eyes"):
        frame_of(np.ones((5, 2)))
    with pytest.raises(InputError, match="fall together"):
        face_quad(frame_of(np.ones((68, 2))))


def test_other_numbers_of_points_are_refused():
    with pytest.raises(ValueError, match="7"):
        frame_of(np.zeros((7, 2)))


@pytest.fixture
def ramps():
    """A photo whose red tells x and whose green tells y."""
    y, x = np.mgrid[:256, :256]
    return np.stack([x, y, np.full_like(x, 77)], axis=-1).astype(np.uint8)


def square(left, top, side):
    return np.array([(left, top), (left, top + side), (left + side, top + side), (left + side, top)], float)


@pytest.mark.parametrize(("side", "size"), [(128, 128), (128, 256), (128, 64), (200, 64)])
def test_every_pixel_comes_from_its_place(ramps, side, size):
    quad = square(27.5, 20.5, side)
    cut = cut_out(ramps, quad, size).astype(float)
    expected = (np.arange(size) + 0.5) * side / size
    assert np.abs(cut[..., 0] - (27.5 + expected)[None]).max() < 1.3
    assert np.abs(cut[..., 1] - (20.5 + expected)[:, None]).max() < 1.3
    assert (cut[..., 2] == 77).all()


def test_a_face_upside_down_is_put_upright(ramps):
    upright = cut_out(ramps, square(60.5, 60.5, 100), 100)
    turned = cut_out(ramps[::-1, ::-1], square(94.5, 94.5, 100)[[2, 3, 0, 1]], 100)
    assert np.abs(upright.astype(int) - turned).max() <= 1


def test_a_large_photo_is_shrunk_smoothly():
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    cut = cut_out(stripes, square(12, 12, 1000), 100)
    assert np.abs(cut.astype(int) - 127).max() <= 3


def test_beyond_the_edge_the_photo_goes_on_as_its_mirror_image_and_fades(ramps):
    cut = cut_out(ramps, square(-100.5, 40.5, 200), 200).astype(int)
    beside, mirrored = cut[:, 110, 0], cut[:, 90, 0]
    assert beside == pytest.approx(9, abs=2)
    assert mirrored == pytest.approx(9, abs=8)
    assert np.ptp(cut[60:140, 0, 1]) < np.ptp(cut[60:140, 150, 1])
    assert not (cut == 0).all(axis=-1).any()


@pytest.mark.parametrize("size", [0, 63, 1025])
def test_a_size_that_is_not_made_is_refused(ramps, size):
    with pytest.raises(ValueError, match="64 to 1024"):
        cut_out(ramps, square(20, 20, 100), size)


def test_a_square_far_larger_than_the_photo_is_refused(ramps):
    with pytest.raises(InputError, match="beyond the photo"):
        cut_out(ramps, square(-3000, -3000, 6000), 64)
