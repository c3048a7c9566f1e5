from pathlib import Path

import numpy as np
import pytest
from making_petct_images import ball, brick, image, lattice, patient, positions
from scipy.spatial.transform import Rotation

from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
CT, PET = Modality.CT, Modality.PET
PAPER = RegionOptions()


def wide(spacing=(2.0, 2.0, 2.0), size=(80, 80, 60), **where):
    return lattice(size, spacing, **where)


def flags_with(region, words):
    return [flag for flag in region.flags if words in flag]


@pytest.mark.parametrize(
    "direction",
    [
        pytest.param((1, 0, 0, 0, 1, 0, 0, 0, 1), id="axial"),
        pytest.param((-1, 0, 0, 0, -1, 0, 0, 0, 1), id="flipped"),
        pytest.param((1, 0, 0, 0, 0, 1, 0, -1, 0), id="coronal"),
        pytest.param(tuple(Rotation.from_euler("xyz", [8, -5, 20], degrees=True).as_matrix().ravel()), id="oblique"),
    ],
)
def test_every_voxel_shows_the_place_it_lies_at(direction):
    """Linear interpolation of a linear field is exact, so every value tells its own position."""
    ct_geometry = wide((1.7, 1.9, 2.5), (110, 100, 80), centre=(10, -20, 300), direction=direction)
    pet_geometry = wide((4.0, 4.1, 3.3), (50, 48, 60), centre=(12, -18, 305))
    ct = image(ct_geometry, positions(ct_geometry) @ (1.5, -2.0, 0.5), "CT")
    pet = image(pet_geometry, 500 + positions(pet_geometry) @ (1.0, 2.0, -0.5), "PT")
    region = cut_region(patient(ct, pet, ball(pet_geometry, (13, -22, 301), 12)), PAPER)
    at = positions(region.geometry)
    np.testing.assert_allclose(region.images[CT], at @ (1.5, -2.0, 0.5), atol=0.02)
    np.testing.assert_allclose(region.images[PET], 500 + at @ (1.0, 2.0, -0.5), atol=0.02)
    assert region.images[CT].dtype == np.float32
    assert region.images[CT].shape == (48, 96, 96)


def test_the_tumours_bounding_box_lies_at_the_centre():
    geometry = wide()
    tumour = brick(geometry, (-20, 0, 10), (-1, 9, 30))
    region = cut_region(patient(image(geometry, 0, "CT"), image(geometry, 1, "PT"), tumour), PAPER)
    k, j, i = np.nonzero(region.tumours[PET])
    np.testing.assert_array_equal([(one.min() + one.max() + 1) / 2 for one in (i, j, k)], [48, 48, 24])
    assert region.tumours[PET].sum() == pytest.approx(tumour.volume_mm3)
    assert region.tumours[CT] is region.tumours[PET]
    assert region.outside_fraction == 0
    assert region.flags == ()


def test_a_scan_as_large_as_the_region_comes_through_unchanged():
    geometry = lattice((96, 96, 48), (1.0, 1.0, 1.0), centre=(90.0, -185.5, 137.0))
    values = np.random.default_rng(0).normal(0, 200, geometry.shape)
    ct, pet = image(geometry, values, "CT"), image(geometry, np.abs(values) / 50, "PT")
    region = cut_region(patient(ct, pet, ball(geometry, (100, -190, 130), 6)), PAPER)
    np.testing.assert_allclose(region.images[CT], np.maximum(ct.array, -1000), atol=1e-3)
    np.testing.assert_allclose(region.images[PET], pet.array, atol=1e-5)
    assert region.geometry.is_close_to(geometry)
    assert len(flags_with(region, "moved by")) == 1


def test_a_region_at_the_scans_end_is_moved_inside_and_says_so():
    geometry = wide()
    region = cut_region(patient(image(geometry, 40, "CT"), None, ball(geometry, (60, 0, 0), 8)), PAPER)
    assert (region.images[CT] == 40).all()
    assert region.geometry.to_patient([95.5, 0, 0])[0] == pytest.approx(80.0)
    assert flags_with(region, "moved by 28 mm")


def test_beyond_the_scans_lies_air_and_nothing_bleeds():
    geometry = lattice((60, 60, 10), (2.0, 2.0, 3.0))
    region = cut_region(
        patient(image(geometry, 50, "CT"), image(geometry, 7, "PT"), ball(geometry, (0, 0, 0), 8)), PAPER
    )
    assert set(np.unique(region.images[CT])) == {-1000, 50}
    assert set(np.unique(region.images[PET])) == {0, 7}
    assert (region.images[CT] == 50).mean() == pytest.approx(30 / 48)
    assert flags_with(region, "38% of the region lies beyond the CT and is filled with air")
    assert flags_with(region, "38% of the region lies beyond the PET and is filled with SUV 0")


def test_what_a_scanner_puts_outside_its_field_of_view_counts_as_air():
    geometry = wide()
    values = np.where(positions(geometry)[..., 0] < 0, -3024, 20)
    region = cut_region(patient(image(geometry, values, "CT"), None, ball(geometry, (10, 0, 0), 8)), PAPER)
    assert region.images[CT].min() == -1000


def test_detail_finer_than_the_region_is_smoothed_away_before_it_aliases():
    geometry = lattice((200, 200, 100), (0.5, 0.5, 0.5))
    k, j, i = np.ogrid[:100, :200, :200]
    values = np.where((k + j + i) % 2, 500, -500)
    region = cut_region(patient(image(geometry, values, "CT"), None, ball(wide(), (0, 0, 0), 5)), PAPER)
    assert np.abs(region.images[CT]).max() < 50
    assert flags_with(region, "smoothed")


def test_a_tumour_larger_than_the_region_is_flagged_with_what_lies_outside():
    geometry = wide(size=(120, 80, 60))
    images = patient(None, image(geometry, 3, "PT"), brick(geometry, (-60, -10, -10), (60, 10, 10)))
    region = cut_region(images, PAPER)
    assert region.outside_fraction == pytest.approx(1 - 96 / 120)
    assert flags_with(region, "20% of the tumour lies outside the region")


def test_what_lies_outside_is_measured_on_oblique_contours_too():
    direction = tuple(Rotation.from_euler("z", 30, degrees=True).as_matrix().ravel())
    geometry = lattice((160, 120, 60), (1.0, 1.0, 1.0), direction=direction)
    images = patient(None, image(geometry, 3, "PT"), brick(wide(size=(120, 80, 60)), (-60, -10, -10), (60, 10, 10)))
    straight = cut_region(images, PAPER).outside_fraction
    turned = brick(geometry, (-60, -10, -10), (60, 10, 10))
    assert cut_region(patient(None, images.pet, turned), PAPER).outside_fraction == pytest.approx(straight, abs=0.02)


def test_a_scaled_region_holds_the_whole_tumour_and_says_its_voxel_size():
    geometry = wide(size=(120, 80, 60))
    images = patient(None, image(geometry, 3, "PT"), brick(geometry, (-60, -10, -10), (60, 10, 10)))
    region = cut_region(images, RegionOptions(scaled=True))
    assert region.outside_fraction == 0
    assert region.geometry.spacing == pytest.approx((1.375, 1.375, 1.375))
    assert region.tumours[PET].sum() * 1.375**3 == pytest.approx(120 * 20 * 20, rel=0.1)
    assert flags_with(region, "enlarged from 1 to 1.38 mm")


def test_a_small_tumour_leaves_a_scaled_region_as_it_is():
    geometry = wide()
    region = cut_region(
        patient(None, image(geometry, 3, "PT"), ball(geometry, (0, 0, 0), 8)), RegionOptions(scaled=True)
    )
    assert region.geometry.spacing == (1.0, 1.0, 1.0)
    assert region.flags == ()


def test_of_several_tumours_the_largest_is_at_the_centre():
    geometry = wide()
    small, large = ball(geometry, (-20, 0, 0), 5), ball(geometry, (15, 0, 0), 10, label=2)
    region = cut_region(patient(None, image(geometry, 3, "PT"), small, large), PAPER)
    middle = region.geometry.to_patient([47.5, 47.5, 23.5])
    np.testing.assert_allclose(middle, (15, 0, 0), atol=1.01)
    assert flags_with(region, "2 separate tumours or islands of one: the region shows the largest (")
    assert region.tumours[PET].sum() == pytest.approx(small.volume_mm3 + large.volume_mm3, rel=0.01)


def test_a_tumour_that_the_ct_does_not_reach_stays_in_the_region():
    long, short = wide(size=(80, 80, 200)), lattice((80, 80, 30), (2.0, 2.0, 2.0), centre=(0, 0, -120))
    large, small = ball(long, (0, 0, 60), 12), ball(long, (0, 0, -120), 6, label=2)
    images = patient(image(short, 40, "CT"), image(long, 3, "PT"), large, small, ct_tumours=[small])
    region = cut_region(images, PAPER)
    assert region.outside_fraction == 0
    assert flags_with(region, "100% of the region lies beyond the CT")


def test_islands_of_one_contour_count_as_separate():
    geometry = wide()
    both = brick(geometry, (-30, -4, -4), (20, 4, 4))
    both.mask[:, :, 5:10] = False
    region = cut_region(patient(None, image(geometry, 3, "PT"), both), PAPER)
    assert flags_with(region, "2 separate tumours")


def test_each_image_has_its_own_contour():
    geometry = wide()
    images = patient(
        image(geometry, 0, "CT"),
        image(geometry, 3, "PT"),
        ball(geometry, (0, 0, 0), 6),
        ct_tumours=[ball(geometry, (4, 0, 0), 9)],
    )
    region = cut_region(images, PAPER)
    assert region.tumours[CT].sum() > 2 * region.tumours[PET].sum()
    assert region.flags == ()


def test_contours_apart_from_each_other_are_flagged():
    geometry = wide()
    images = patient(
        image(geometry, 0, "CT"),
        image(geometry, 3, "PT"),
        ball(geometry, (0, 0, 0), 6),
        ct_tumours=[ball(geometry, (20, 0, 0), 6)],
    )
    assert flags_with(cut_region(images, PAPER), "do not overlap")


def test_a_tumour_smaller_than_the_regions_voxels_is_flagged():
    scan = wide()
    fine = lattice((4, 4, 4), (0.1, 0.1, 0.1))
    region = cut_region(patient(None, image(scan, 3, "PT"), ball(fine, (0, 0, 0), 0.2)), PAPER)
    assert not region.tumours[PET].any()
    assert flags_with(region, "holds no voxel centre of the region")


def test_a_tumour_cut_by_the_scans_end_is_flagged():
    geometry = wide()
    region = cut_region(patient(None, image(geometry, 3, "PT"), ball(geometry, (0, 0, 58), 8)), PAPER)
    assert flags_with(region, "touches the edge of the PET")


@pytest.mark.skipif(not (DATA / "petct/IA001491").is_dir(), reason="the PET/CT IA001491 is not there")
def test_a_real_region_is_its_whole_image():
    folder = DATA / "petct/IA001491"
    ct, pet = read_volume(folder / "InputCT_ROI.nii.gz"), read_volume(folder / "InputPET_SUV_ROI.nii.gz")
    tumours = {
        CT: read_lesions(folder / "GTV_Primary_ROI_CT_Staple.nii.gz", ct).lesions,
        PET: read_lesions(folder / "GTV_Primary_ROI_PET_Staple.nii.gz", pet).lesions,
    }
    region = cut_region(PatientImages(ct, pet, None, tumours), PAPER)
    np.testing.assert_allclose(region.images[CT], ct.array, atol=1e-3)
    np.testing.assert_allclose(region.images[PET], pet.array, atol=1e-3)
    assert region.tumours[CT].sum() == 2068
    assert region.tumours[PET].sum() == 1206
    assert region.outside_fraction == 0


@pytest.mark.skipif(not (DATA / "sts51").is_dir(), reason="the sarcomas sts51 are not there")
def test_a_real_sarcoma_exceeds_the_region():
    folder = DATA / "sts51/nifti/STS_001"
    pet = read_volume(folder / "PET_image.nii.gz")
    images = patient(None, pet, *read_lesions(folder / "PET_mask.nii.gz", pet).lesions)
    region = cut_region(images, PAPER)
    assert region.outside_fraction == pytest.approx(0.332, abs=0.001)
    assert flags_with(region, "33% of the tumour lies outside the region")
    assert cut_region(images, RegionOptions(scaled=True)).outside_fraction == 0


@pytest.mark.parametrize(("inside_hu", "told"), [(-860.0, True), (-680.0, False)], ids=["lung", "ground glass"])
def test_a_contour_in_air_is_flagged(inside_hu, told):
    ct = image(wide(), inside_hu, "CT")
    region = cut_region(patient(ct, None, ball(wide(), (0, 0, 0), 10)), RegionOptions())
    assert bool(flags_with(region, "may be another patient's")) == told
