from pathlib import Path

import numpy as np
import pytest
from making_petct_images import ball, brick, image, lattice, patient, positions
from scipy.spatial.transform import Rotation

from prognosis.biomarkers.images.suv_peak import PEAK_RADIUS_MM, sphere_weights
from prognosis.biomarkers.images.uptake import MetabolicDefinition, measure_uptake
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
GRID = lattice((40, 40, 30), (2.0, 2.0, 2.5))
TURNED = tuple(Rotation.from_euler("xyz", [10, 20, 30], degrees=True).as_matrix().ravel())


def suv_of_balls(geometry, *balls):
    """Balls of (centre, radius, SUV) on a background of 0.5, later ones over earlier ones."""
    values = np.full(geometry.shape, 0.5)
    for centre, radius, suv in balls:
        values[((positions(geometry) - np.asarray(centre)) ** 2).sum(-1) <= radius**2] = suv
    return image(geometry, values, "PT")


def test_a_ball_of_one_uptake():
    geometry = lattice((60, 60, 60), (1.0, 1.0, 1.0))
    pet = suv_of_balls(geometry, ((0, 0, 0), 15, 6))
    uptake = measure_uptake(patient(None, pet, ball(geometry, (0, 0, 0), 15)))
    millilitres = 4 / 3 * np.pi * 1.5**3
    for definition in MetabolicDefinition:
        assert uptake.whole.volumes[definition].mtv_ml == pytest.approx(millilitres, rel=0.02)
        assert uptake.whole.volumes[definition].tlg_ml == pytest.approx(6 * millilitres, rel=0.02)
    assert (uptake.whole.suv_max, uptake.whole.suv_mean) == (6, 6)
    assert uptake.whole.suv_peak == pytest.approx(6)
    assert uptake.largest == uptake.whole
    assert uptake.notes == ()


def test_each_definition_takes_its_own_voxels():
    """A core of 10 in a shell of 3 in a rim of 1."""
    pet = suv_of_balls(GRID, ((0, 0, 0), 16, 1), ((0, 0, 0), 12, 3), ((0, 0, 0), 7, 10))
    uptake = measure_uptake(patient(None, pet, ball(GRID, (0, 0, 0), 16))).whole
    voxels = {radius: ball(GRID, (0, 0, 0), radius).volume_mm3 / 1000 for radius in (7, 12, 16)}
    core, shell, rim = voxels[7], voxels[12] - voxels[7], voxels[16] - voxels[12]
    expected = {
        MetabolicDefinition.CONTOUR: (voxels[16], 10 * core + 3 * shell + rim),
        MetabolicDefinition.MAX_41: (voxels[7], 10 * core),
        MetabolicDefinition.SUV_2_5: (voxels[12], 10 * core + 3 * shell),
        MetabolicDefinition.SUV_4_0: (voxels[7], 10 * core),
    }
    for definition, (mtv, tlg) in expected.items():
        assert uptake.volumes[definition].mtv_ml == pytest.approx(mtv)
        assert uptake.volumes[definition].tlg_ml == pytest.approx(tlg)
    assert uptake.suv_mean == pytest.approx((10 * core + 3 * shell + rim) / voxels[16])


def test_uptake_outside_the_contour_does_not_count():
    pet = suv_of_balls(GRID, ((0, 0, 0), 12, 8), ((30, 0, 0), 8, 50))
    uptake = measure_uptake(patient(None, pet, ball(GRID, (0, 0, 0), 6))).whole
    assert uptake.suv_max == 8
    assert uptake.volumes[MetabolicDefinition.SUV_2_5].mtv_ml == uptake.volumes[MetabolicDefinition.CONTOUR].mtv_ml


def test_tumours_are_summed_and_each_has_its_own_41_percent():
    hot, faint = ((-20, 0, 0), 7, 20), ((18, 0, 0), 11, 4)
    tumours = [ball(GRID, hot[0], hot[1]), ball(GRID, faint[0], faint[1], label=2)]
    uptake = measure_uptake(patient(None, suv_of_balls(GRID, hot, faint), *tumours))
    volumes = [tumour.volume_mm3 / 1000 for tumour in tumours]
    assert uptake.parts == 2
    assert uptake.whole.volumes[MetabolicDefinition.MAX_41].mtv_ml == pytest.approx(sum(volumes))
    assert uptake.whole.volumes[MetabolicDefinition.CONTOUR].tlg_ml == pytest.approx(20 * volumes[0] + 4 * volumes[1])
    assert uptake.whole.suv_max == 20
    assert uptake.largest.suv_max == 4
    assert uptake.largest.volumes[MetabolicDefinition.CONTOUR].mtv_ml == pytest.approx(volumes[1])


def test_voxels_of_two_overlapping_tumours_count_once():
    tumours = [brick(GRID, (-20, -10, -10), (6, 10, 10)), brick(GRID, (-6, -10, -10), (20, 10, 10), label=2)]
    uptake = measure_uptake(patient(None, image(GRID, 3, "PT"), *tumours))
    both = brick(GRID, (-20, -10, -10), (20, 10, 10))
    assert uptake.parts == 1
    assert uptake.whole.volumes[MetabolicDefinition.CONTOUR].mtv_ml == pytest.approx(both.volume_mm3 / 1000)


@pytest.mark.parametrize(
    "geometry",
    [
        pytest.param(lattice((30, 30, 30), (2.0, 2.0, 2.0)), id="2 mm"),
        pytest.param(lattice((20, 20, 20), (4.07, 4.07, 3.0)), id="4 mm"),
        pytest.param(lattice((14, 14, 14), (5.5, 5.3, 6.5), direction=TURNED), id="large and oblique"),
        pytest.param(lattice((40, 40, 40), (1.0, 1.0, 1.0), direction=TURNED), id="fine and oblique"),
    ],
)
def test_the_sphere_holds_a_millilitre_and_its_mean_is_the_fields(geometry):
    weights = sphere_weights(geometry)
    assert weights.sum() * geometry.voxel_volume_mm3 == pytest.approx(1000, rel=0.02)
    pet = image(geometry, 20 + positions(geometry) @ (0.3, -0.2, 0.1), "PT")
    tumour = ball(geometry, (0, 0, 0), 11)
    uptake = measure_uptake(patient(None, pet, tumour)).whole
    assert uptake.suv_peak == pytest.approx(uptake.suv_max, rel=1e-5)


def test_the_peak_of_a_ball_smaller_than_the_sphere():
    geometry = lattice((40, 40, 40), (1.0, 1.0, 1.0))
    pet = suv_of_balls(geometry, ((0, 0, 0), 3, 10))
    ball_ml = ball(geometry, (0, 0, 0), 3).volume_mm3 / 1000
    peak = measure_uptake(patient(None, pet, ball(geometry, (0, 0, 0), 3))).whole.suv_peak
    assert peak == pytest.approx(0.5 + 9.5 * ball_ml, rel=0.02)
    assert 4 / 3 * np.pi * PEAK_RADIUS_MM**3 == pytest.approx(1000)


def test_at_the_scans_edge_the_part_of_the_sphere_inside_counts():
    uptake = measure_uptake(patient(None, image(GRID, 5, "PT"), ball(GRID, (39, 0, 0), 6)))
    assert uptake.whole.suv_peak == pytest.approx(5)


def test_a_contour_of_another_lattice_is_measured_on_the_pets():
    fine = lattice((160, 160, 120), (0.5, 0.5, 0.6), centre=(0.2, 0.1, 0.3))
    pet = suv_of_balls(GRID, ((0, 0, 0), 15, 6))
    uptake = measure_uptake(patient(None, pet, ball(fine, (0, 0, 0), 15)))
    assert uptake.whole.volumes[MetabolicDefinition.CONTOUR].mtv_ml == pytest.approx(14.1, rel=0.03)
    assert uptake.whole.suv_mean == pytest.approx(6, rel=0.02)


def test_a_tumour_between_the_pets_voxels_is_measured_in_the_nearest():
    values = np.zeros(GRID.shape)
    values[14, 20, 20] = 9
    tiny = ball(lattice((3, 3, 3), (0.2, 0.2, 0.2), centre=GRID.to_patient([20.3, 20.3, 14.3])), (0.6, 0.6, -0.5), 3)
    uptake = measure_uptake(patient(None, image(GRID, values, "PT"), tiny))
    assert uptake.whole.suv_max == 9
    assert "too small" in uptake.notes[0]


def test_without_a_pet_nothing_is_known_but_the_names_are_the_same():
    ct = image(GRID, 0, "CT")
    without = measure_uptake(patient(ct, None, ball(GRID, (0, 0, 0), 8))).as_named()
    with_pet = measure_uptake(patient(None, image(GRID, 2, "PT"), ball(GRID, (0, 0, 0), 8))).as_named()
    assert list(without) == list(with_pet)
    assert np.isnan(list(without.values())).all()
    assert {"mtv_contour_ml", "tlg_contour_ml", "suv_max", "suv_mean", "suv_peak"} <= set(with_pet)


@pytest.mark.skipif(not (DATA / "sts51").is_dir(), reason="the sarcomas sts51 are not there")
def test_a_real_sarcoma_is_measured_whole():
    folder = DATA / "sts51/nifti/STS_001"
    pet, mask = read_volume(folder / "PET_image.nii.gz"), read_volume(folder / "PET_mask.nii.gz")
    uptake = measure_uptake(patient(None, pet, *read_lesions(folder / "PET_mask.nii.gz", pet).lesions)).whole
    suv = pet.array[mask.array > 0].astype(float)
    voxel_ml = 4.6875**2 * 3.27 / 1000
    assert uptake.volumes[MetabolicDefinition.CONTOUR].mtv_ml == pytest.approx(suv.size * voxel_ml, rel=1e-5)
    assert uptake.volumes[MetabolicDefinition.CONTOUR].tlg_ml == pytest.approx(suv.sum() * voxel_ml, rel=1e-5)
    assert uptake.suv_mean < uptake.suv_peak < uptake.suv_max == pytest.approx(suv.max())


def test_a_tumour_between_voxels_counts_beside_a_large_one():
    pet = suv_of_balls(GRID, ((0, 0, 0), 12, 8), ((30, 0, 0), 4, 20))
    place = GRID.to_patient(np.array([35, 20, 15])) + 0.7  # no voxel centre of the PET
    between = brick(lattice((3, 3, 3), (0.5, 0.5, 0.5), place), place - 0.1, place + 0.1, label=2)
    uptake = measure_uptake(patient(None, pet, ball(GRID, (0, 0, 0), 10), between))
    assert (uptake.parts, uptake.whole.suv_max) == (2, 20)
    assert uptake.notes[-1].startswith("of 2 tumours 1 is too small")
