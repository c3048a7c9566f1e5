import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.placing import place_on
from prognosis.imaging.volume import Volume

AXES = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]


def turned(size, axes, signs, *, tilt_degrees=0.0, spacing=(0.8, 1.1, 2.5)):
    direction = np.zeros((3, 3))
    for column, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        direction[axis, column] = sign
    direction = Rotation.from_euler("xyz", [tilt_degrees, tilt_degrees / 2, 0], degrees=True).as_matrix() @ direction
    return Geometry(size, spacing, (-12.0, 30.5, 7.25), tuple(direction.ravel()))


def test_positions_agree_with_simpleitk():
    geometry = turned((5, 6, 7), (2, 0, 1), (1, -1, 1), tilt_degrees=7)
    image = sitk.Image(*geometry.size, sitk.sitkUInt8)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    for index in [(0, 0, 0), (4, 5, 6), (2, 0, 3)]:
        np.testing.assert_allclose(geometry.to_patient(index), image.TransformIndexToPhysicalPoint(index), atol=1e-9)
        np.testing.assert_allclose(geometry.to_index(geometry.to_patient(index)), index, atol=1e-9)


@given(st.sampled_from(AXES), st.tuples(*[st.sampled_from([-1, 1])] * 3), st.floats(0, 40))
def test_reorienting_moves_no_voxel_in_the_patient(axes, signs, tilt):
    geometry = turned((3, 4, 5), axes, signs, tilt_degrees=tilt)
    array = np.arange(60).reshape(geometry.shape)
    lps = Volume(array, geometry).to_lps()
    assert lps.geometry.orientation == "LPS"
    for value in (0, 7, 31, 59):
        before = geometry.to_patient(np.argwhere(array == value)[0][::-1])
        after = lps.geometry.to_patient(np.argwhere(lps.array == value)[0][::-1])
        np.testing.assert_allclose(before, after, atol=1e-9)


@given(st.sampled_from(AXES), st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_a_mask_on_a_turned_crop_of_the_lattice_is_placed_voxel_for_voxel(axes, signs):
    geometry = turned((9, 8, 7), axes, signs)
    whole = np.zeros(geometry.shape, bool)
    whole[2:5, 3:7, 1:4] = np.random.default_rng(0).random((3, 4, 3)) > 0.4
    lesion = cropped_lesion(1, "lesion", whole, geometry)
    target = Volume(whole, geometry).to_lps()
    placed = place_on(lesion, target.geometry)
    painted = np.zeros(target.geometry.shape, bool)
    painted[placed.slices] = placed.mask
    assert np.array_equal(painted, target.array)
    assert (placed.lost_fraction, placed.resampled) == (0.0, False)


def test_a_mask_on_another_lattice_is_matched_in_patient_space():
    fine = Geometry((80, 80, 80), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
    coarse = turned((30, 30, 30), (0, 1, 2), (1, 1, 1), tilt_degrees=15, spacing=(1.5, 1.5, 2.0))
    centre = np.array([20.0, 19.0, 21.0])
    coarse = Geometry(
        coarse.size, coarse.spacing, tuple(centre - coarse.to_patient([14.5] * 3) + coarse.origin), coarse.direction
    )
    k, j, i = np.indices(fine.shape)
    ball = ((np.stack([i, j, k], -1) * 0.5 - centre) ** 2).sum(-1) <= 10.0**2
    placed = place_on(cropped_lesion(1, "ball", ball, fine), coarse)
    k, j, i = np.nonzero(placed.mask)
    positions = coarse.to_patient(np.stack([i, j, k], -1) + placed.start)
    assert placed.resampled
    np.testing.assert_allclose(positions.mean(axis=0), centre, atol=0.3)
    assert len(positions) * coarse.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 10**3, rel=0.03)


def test_what_lies_outside_the_image_is_counted():
    geometry = Geometry((10, 10, 10), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    outside = Geometry((4, 4, 4), (1.0, 1.0, 1.0), (8.0, 2.0, 2.0))
    placed = place_on(cropped_lesion(1, "edge", np.ones((4, 4, 4), bool), outside), geometry)
    assert placed.lost_fraction == pytest.approx(0.5)
    far = Geometry((4, 4, 4), (1.0, 1.0, 1.0), (80.0, 2.0, 2.0))
    assert place_on(cropped_lesion(1, "far", np.ones((4, 4, 4), bool), far), geometry).lost_fraction == 1.0


def test_an_impossible_lattice_cannot_be_built():
    with pytest.raises(ValueError, match="spacings > 0"):
        Geometry((2, 2, 2), (1.0, 0.0, 1.0), (0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="invertible"):
        Geometry((2, 2, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0,) * 9)


@pytest.mark.parametrize("way", ["LPS", "flipped", "permuted"])
@pytest.mark.parametrize("off", [(0, 0, 0.5), (0.5, 0, 0), (0.5, 0.5, 0.5), (0, 0, -0.5)], ids=str)
def test_a_mask_half_a_voxel_off_keeps_its_volume_and_side(off, way):
    geometry = Geometry((20, 20, 20), (1.0, 1.0, 2.5), (0.0, 0.0, 0.0))
    box = Geometry((4, 4, 4), geometry.spacing, tuple(geometry.to_patient(np.add((5, 5, 5), off))))
    lesion = LesionMask(1, "cube", np.ones((4, 4, 4), bool), box)
    target = geometry
    if way == "flipped":
        target = Geometry(geometry.size, geometry.spacing, (19.0, 0.0, 47.5), (-1.0, 0, 0, 0, 1.0, 0, 0, 0, -1.0))
    if way == "permuted":
        target = Geometry((20, 20, 20), (2.5, 1.0, 1.0), geometry.origin, (0, 1.0, 0, 0, 0, 1.0, 1.0, 0, 0))
    placed = place_on(lesion, target)
    assert placed.resampled
    assert np.count_nonzero(placed.mask) == 64
    assert placed.volume_ratio == pytest.approx(1.0)
    covered = target.to_patient(np.argwhere(placed.mask)[:, ::-1] + placed.start)
    straight = place_on(lesion, geometry)
    expected = geometry.to_patient(np.argwhere(straight.mask)[:, ::-1] + straight.start)
    np.testing.assert_allclose(sorted(covered.tolist()), sorted(expected.tolist()), atol=1e-9)


@pytest.mark.parametrize("slabs", [1, 2, 3])
def test_thick_slabs_keep_their_volume_on_thinner_slices(slabs):
    geometry = Geometry((20, 20, 20), (1.0, 1.0, 2.5), (0.0, 0.0, 0.0))
    box = Geometry((4, 4, slabs), (1.0, 1.0, 5.0), (5.0, 5.0, 10.0))
    lesion = LesionMask(1, "slabs", np.ones(box.shape, bool), box)
    assert place_on(lesion, geometry).mask.sum() * 2.5 == pytest.approx(lesion.volume_mm3)


def test_how_far_the_placed_volume_is_from_the_lesions_own_is_told():
    geometry = Geometry((20, 20, 20), (1.0, 1.0, 2.5), (0.0, 0.0, 0.0))
    thin = LesionMask(1, "thin", np.ones((1, 4, 4), bool), Geometry((4, 4, 1), (1.0, 1.0, 1.25), (5.0, 5.0, 10.0)))
    assert place_on(thin, geometry).volume_ratio == pytest.approx(2.0)
    missed = LesionMask(1, "thin", thin.mask, Geometry((4, 4, 1), (1.0, 1.0, 0.5), (5.0, 5.0, 11.25 - 0.5)))
    assert place_on(missed, geometry).volume_ratio == 0.0
    half_outside = Geometry((4, 4, 4), (1.0, 1.0, 2.5), (17.5, 5.0, 10.0))
    placed = place_on(LesionMask(1, "edge", np.ones((4, 4, 4), bool), half_outside), geometry)
    assert placed.lost_fraction > 0
    assert placed.volume_ratio == pytest.approx(1.0)
