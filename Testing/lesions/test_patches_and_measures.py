import numpy as np
import pytest

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import PlacedMask, place_on
from prognosis.imaging.volume import Volume
from prognosis.lesions.measure import measure_diameters
from prognosis.lesions.patches import PatchOptions, cut_patch, find_square


def box(start, shape):
    return PlacedMask(start, np.ones(shape, bool), 0.0, False)


def test_the_square_is_twice_the_longest_side_on_the_largest_slice():
    geometry = Geometry((100, 100, 10), (0.5, 0.8, 3.0), (0.0, 0.0, 0.0))
    mask = np.zeros((3, 10, 12), bool)
    mask[0, 0, 0] = mask[1, 2:8, 1:12] = mask[2, 0, :] = True
    square = find_square(PlacedMask((40, 50, 5), mask, 0.0, False), geometry)
    assert square.slice_index == 6
    assert square.centre_mm == pytest.approx(((41 + 52) / 2 * 0.5, (52 + 58) / 2 * 0.8))
    assert square.half_side_mm == pytest.approx(max(11 * 0.5, 6 * 0.8))
    assert square.inside_fraction == 1.0
    assert square.invalid_because is None


def test_the_patch_shows_the_window_in_its_place():
    """A ramp along i: the patch must be that ramp, sampled at the centres of its own pixels."""
    geometry = Geometry((200, 200, 3), (0.7, 0.7, 3.0), (0.0, 0.0, 0.0))
    ramp = np.broadcast_to(np.arange(200, dtype=np.float32) * 4 - 400, (3, 200, 200))
    square = find_square(box((90, 95, 1), (1, 6, 10)), geometry)
    patch = cut_patch(Volume(ramp, geometry, "CT"), square, PatchOptions(hu_low=-500, hu_high=500))
    assert patch.shape == (72, 72)
    positions = (95 - 10 + (np.arange(72) + 0.5) / 72 * 20) - 0.5
    np.testing.assert_allclose(patch[36, 4:-4], ((positions * 4 - 400) / 500)[4:-4], atol=0.004)
    assert np.ptp(patch, axis=0).max() < 1e-5


def test_a_large_lesion_is_filtered_before_it_is_shrunk():
    """A checkerboard far finer than the patch's pixels must come out grey, not as a pattern."""
    geometry = Geometry((400, 400, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    checker = ((np.indices((1, 400, 400)).sum(0) % 2) * 600 - 300).astype(np.int16)
    square = find_square(box((110, 110, 0), (1, 180, 180)), geometry)
    patch = cut_patch(Volume(checker, geometry), square, PatchOptions(hu_low=-500, hu_high=500))
    assert np.abs(patch[5:-5, 5:-5]).max() < 0.1


def test_beyond_the_image_lies_air():
    geometry = Geometry((50, 50, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    square = find_square(box((0, 20, 0), (1, 10, 10)), geometry)
    patch = cut_patch(Volume(np.zeros((1, 50, 50), np.int16), geometry), square, PatchOptions(hu_low=-500, hu_high=500))
    assert square.inside_fraction == pytest.approx(0.75)
    np.testing.assert_allclose(patch[:, :16], -1.0)
    np.testing.assert_allclose(patch[:, 20:], 0.0)


def test_wider_context_holds_the_patch_in_its_middle():
    geometry = Geometry((200, 200, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    image = Volume(np.random.default_rng(0).normal(0, 100, (1, 200, 200)).astype(np.float32), geometry)
    square = find_square(box((90, 90, 0), (1, 15, 12)), geometry)
    narrow = cut_patch(image, square, PatchOptions())
    wide = cut_patch(image, square, PatchOptions(), context=1.5)
    assert wide.shape == (108, 108)
    np.testing.assert_allclose(wide[20:-20, 20:-20], narrow[2:-2, 2:-2], atol=1e-5)


@pytest.mark.parametrize(
    ("start", "shape", "reason"),
    [
        ((10, 10, 0), (1, 1, 1), "single voxel"),
        ((-9, -9, 0), (1, 10, 10), "single voxel"),
        ((0, 0, 0), (1, 20, 2), "more than half of its patch"),
        ((0, 0, 0), (1, 2, 2), None),
    ],
    ids=["one voxel", "one voxel left inside", "long at the border", "two voxels in the corner"],
)
def test_where_no_patch_is_valid_the_reason_is_told(start, shape, reason):
    geometry = Geometry((30, 30, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    lesion = LesionMask(1, "x", np.ones(shape, bool), Geometry(shape[::-1], geometry.spacing, tuple(map(float, start))))
    found = find_square(place_on(lesion, geometry), geometry).invalid_because
    assert (found is None) if reason is None else (reason in found)


def test_diameters_of_an_ellipse():
    """An ellipse of 60 x 24 mm, turned by 30 degrees, with voxels of 0.5 x 0.7 mm."""
    y, x = np.indices((140, 160))
    x, y = (x - 80) * 0.5, (y - 70) * 0.7
    turn = np.radians(30)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    ellipse = (along / 30) ** 2 + (across / 12) ** 2 <= 1
    mask = np.stack([np.zeros_like(ellipse), ellipse, (along / 10) ** 2 + (across / 10) ** 2 <= 1])
    diameters = measure_diameters(mask, (0.5, 0.7))
    assert diameters.longest_mm == pytest.approx(60, abs=0.8)
    assert diameters.short_axis_mm == pytest.approx(24, abs=0.8)


def test_a_single_voxel_is_as_long_as_its_spacing():
    diameters = measure_diameters(np.ones((1, 1, 1), bool), (0.5, 0.9))
    assert (diameters.longest_mm, diameters.short_axis_mm) == pytest.approx((0.9, 0.5))
