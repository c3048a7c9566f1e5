import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from making_petct_images import ball, brick, image, lattice, patient, positions

from prognosis.biomarkers.images.radiomics import DEFAULT_17, FEATURE_NAMES, measure_roi, radiomic_features
from prognosis.biomarkers.images.roi import DEFAULT_ROI, Roi, RoiOptions, prepare_roi
from prognosis.biomarkers.images.surface import area_and_volume
from prognosis.biomarkers.images.textures import DIRECTIONS, cooccurrences, runs, zones
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError, UsageError
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
OUT = 0
# The digital phantom of IBSI (reference manual, chapter 5.1): 5 x 4 x 4 voxels of 2 mm; 0 lies outside the tumour.
DIGITAL_PHANTOM = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [OUT, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, OUT, OUT], [1, 1, 1, 1, 1], [1, 1, OUT, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, OUT, OUT], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ],
    np.int32,
)


def references(case):
    """IBSI's values of a case: (feature, value, tolerance)."""
    with (Path(__file__).parent / "ibsi_references.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    return [
        pytest.param(row["feature"], float(row[case]), float(row[f"{case}_tolerance"] or 0), id=row["feature"])
        for row in rows
        if row[case]
    ]


def roi_of(levels):
    return Roi(levels.astype(np.float32), levels, levels > 0, 2.0)


def rounded_as(value, reference):
    """A tolerance of half the last digit of a value given to three digits."""
    return 0.5 * 10 ** (np.floor(np.log10(abs(reference))) - 2) if reference else 0.0


@pytest.mark.parametrize(("feature", "value", "tolerance"), references("phantom"))
def test_the_digital_phantoms_values_are_ibsis(feature, value, tolerance):
    measured = measure_roi(roi_of(DIGITAL_PHANTOM), [feature])[feature]
    assert measured == pytest.approx(value, abs=max(tolerance, rounded_as(measured, value) * 1.001))


@pytest.fixture(scope="module")
def ibsi_patient():
    folder = DATA / "ct/ibsi_lung_phantom"
    if not folder.is_dir():
        pytest.skip("IBSI's lung phantom is not there")
    ct = read_volume(folder / "image.nii.gz")
    return prepare_roi(ct, read_lesions(folder / "mask.nii.gz", ct).lesions[0], DEFAULT_ROI[Modality.CT])


@pytest.mark.parametrize(("feature", "value", "tolerance"), references("patient"))
def test_the_reference_patients_values_are_ibsis(ibsi_patient, feature, value, tolerance):
    measured = measure_roi(ibsi_patient, [feature])[feature]
    assert measured == pytest.approx(value, abs=tolerance + rounded_as(measured, value) * 1.001)


def test_every_feature_is_held_against_ibsi():
    held = {param.values[0] for param in references("phantom")}
    assert {name.split("_", 1)[1] for name in FEATURE_NAMES} == held


@pytest.fixture
def noise():
    levels = np.random.default_rng(3).integers(0, 4, (9, 7, 8)).astype(np.int32)
    levels[:2] = levels[:, -1] = 0
    return levels


def pairs(levels):
    """All pairs of neighbouring voxels' indices, each once, by asking every voxel."""
    for voxel in np.ndindex(levels.shape):
        for direction in DIRECTIONS:
            other = tuple(np.add(voxel, direction))
            if all(0 <= at < n for at, n in zip(other, levels.shape, strict=True)):
                yield voxel, other, direction


def test_cooccurrences_are_those_counted_one_by_one(noise):
    expected = np.zeros((3, 3))
    for one, other, _ in pairs(noise):
        if noise[one] and noise[other]:
            expected[noise[one] - 1, noise[other] - 1] += 1
            expected[noise[other] - 1, noise[one] - 1] += 1
    np.testing.assert_allclose(cooccurrences(noise), expected / expected.sum())


def test_runs_are_those_walked_one_by_one(noise):
    expected = []
    for direction in DIRECTIONS:
        for voxel in zip(*np.nonzero(noise), strict=True):
            if at(noise, np.subtract(voxel, direction)) != noise[voxel]:
                length = 1
                while at(noise, np.add(voxel, np.multiply(direction, length))) == noise[voxel]:
                    length += 1
                expected.append((noise[voxel], length))
    found = runs(noise)
    assert sorted(zip(found.levels, found.sizes, strict=True)) == sorted(expected)
    assert found.possible == 13 * np.count_nonzero(noise)


def at(levels, voxel):
    inside = all(0 <= index < n for index, n in zip(voxel, levels.shape, strict=True))
    return levels[tuple(voxel)] if inside else -1


def test_zones_are_those_grown_one_by_one(noise):
    expected = []
    left = set(zip(*np.nonzero(noise), strict=True))
    while left:
        zone = [left.pop()]
        for voxel in zone:
            for step in product((-1, 0, 1), repeat=3):
                other = tuple(np.add(voxel, step))
                if other in left and noise[other] == noise[voxel]:
                    left.remove(other)
                    zone.append(other)
        expected.append((noise[zone[0]], len(zone)))
    found = zones(noise)
    assert sorted(zip(found.levels, found.sizes, strict=True)) == sorted(expected)


NYXUS = {
    "glszm_small_emphasis": "3GLSZM_SAE",
    "glszm_large_emphasis": "3GLSZM_LAE",
    "glszm_low_level_emphasis": "3GLSZM_LGLZE",
    "glszm_high_level_emphasis": "3GLSZM_HGLZE",
    "glszm_level_non_uniformity": "3GLSZM_GLNN",
    "glszm_size_non_uniformity": "3GLSZM_SZNN",
    "glszm_percentage": "3GLSZM_ZP",
    "glszm_level_variance": "3GLSZM_GLV",
    "glszm_size_variance": "3GLSZM_ZV",
    "stat_skewness": "3SKEWNESS",
    "stat_kurtosis": "3EXCESS_KURTOSIS",
    "stat_mean_absolute_deviation": "3MEAN_ABSOLUTE_DEVIATION",
    "stat_root_mean_square": "3ROOT_MEAN_SQUARED",
}


def test_another_program_finds_the_same(tmp_path):
    nyxus = pytest.importorskip("nyxus", reason="nyxus is not installed")
    smooth = np.cumsum(np.random.default_rng(5).integers(-1, 2, (14, 15, 16)), axis=2)
    levels = (np.clip(smooth, -4, 4) + 5).astype(np.int32)
    levels[((np.indices(levels.shape) - 7.5) ** 2).sum(0) > 45] = 0
    for name, array in (("values", levels), ("mask", levels > 0)):
        sitk.WriteImage(sitk.GetImageFromArray(array.astype(np.uint16)), str(tmp_path / f"{name}.nii.gz"))
    engine = nyxus.Nyxus3D(["*3D_ALL_INTENSITY*", "*3D_GLSZM*"], ibsi=True, n_feature_calc_threads=1)
    theirs = engine.featurize_files([str(tmp_path / "values.nii.gz")], [str(tmp_path / "mask.nii.gz")], False).iloc[0]
    ours = measure_roi(roi_of(levels), list(NYXUS))
    for name, called in NYXUS.items():
        assert ours[name] == pytest.approx(theirs[called], rel=1e-6), name


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_surface_of_a_brick_and_of_a_mask_in_any_orientation(axis):
    """A brick's edges are bevelled by half a voxel, its corners cut to triangles."""
    area, volume = area_and_volume(np.moveaxis(np.ones((10, 20, 30), bool), 0, axis))
    flat, edges = 2 * (9 * 19 + 19 * 29 + 9 * 29), 4 * (9 + 19 + 29)
    assert area == pytest.approx(flat + edges * np.sqrt(0.5) + np.sqrt(3))
    assert volume == pytest.approx(6000, rel=0.01)
    crooked = np.random.default_rng(0).random((6, 7, 8)) < 0.4
    assert area_and_volume(np.moveaxis(crooked, 0, axis)) == pytest.approx(area_and_volume(crooked))


def test_one_voxel_is_an_octahedron():
    area, volume = area_and_volume(np.ones((1, 1, 1), bool))
    assert volume == pytest.approx(1 / 6)
    assert area == pytest.approx(np.sqrt(3))


GRID = lattice((40, 40, 24), (2.0, 2.0, 3.0))


def a_patient():
    values = np.random.default_rng(1).normal(0, 1, GRID.shape)
    ct = image(GRID, 40 + 60 * values, "CT")
    pet = image(GRID, 4 + values + positions(GRID)[..., 0] / 20, "PT")
    return patient(ct, pet, ball(GRID, (0, 0, 0), 15))


def test_seventeen_features_by_default_with_the_modality_in_their_names():
    features = radiomic_features(a_patient())
    assert tuple(features) == DEFAULT_17
    assert len(features) == len(set(features)) == 17
    assert np.isfinite(list(features.values())).all()
    assert {name.split("_")[0] for name in features} == {"pet", "ct"}
    assert features["ct_stat_mean"] == pytest.approx(40, abs=5)
    assert features["pet_shape_maximum_diameter_mm"] == pytest.approx(30 + np.hypot(np.hypot(2, 2), 3), abs=2)


def test_a_missing_image_leaves_its_features_unknown():
    whole = a_patient()
    features = radiomic_features(patient(None, whole.pet, *whole.tumours[Modality.PET]))
    unknown = {name for name, value in features.items() if np.isnan(value)}
    assert unknown == {name for name in DEFAULT_17 if name.startswith("ct_")}


def test_features_are_of_the_largest_part():
    whole = a_patient()
    small = ball(GRID, (30, 30, 25), 4, label=2)
    both = patient(whole.ct, whole.pet, small, *whole.tumours[Modality.PET])
    assert radiomic_features(both) == radiomic_features(whole)


def test_voxels_become_isotropic_and_levels_begin_at_a_fixed_value():
    pet = image(GRID, 1.3, "PT")
    roi = prepare_roi(pet, brick(GRID, (-12, -12, -12), (12, 12, 12)), DEFAULT_ROI[Modality.PET])
    assert roi.mask.sum() * 8 == pytest.approx(24 * 24 * 24, rel=0.1)
    assert set(roi.counted_levels) == {6}
    np.testing.assert_allclose(roi.counted, 1.3, rtol=1e-6)


def test_bone_and_air_inside_a_contour_do_not_count_on_ct_but_belong_to_its_shape():
    values = np.where(positions(GRID)[..., 0] < -6, 900, np.where(positions(GRID)[..., 0] > 6, -1020, 30))
    roi = prepare_roi(image(GRID, values, "CT"), ball(GRID, (0, 0, 0), 14), DEFAULT_ROI[Modality.CT])
    assert roi.counted.max() <= 400
    assert roi.counted.min() >= -1000
    assert np.count_nonzero(roi.levels) < 0.8 * np.count_nonzero(roi.mask)


def test_a_tumour_without_texture_has_none():
    images = patient(None, image(GRID, 3, "PT"), brick(GRID, (-1, -1, -2), (1, 1, 2)))
    fine = {Modality.PET: RoiOptions(6.0, 0.0, None, 0.25, whole_numbers=False)}
    names = ("pet_glcm_contrast", "pet_stat_skewness", "pet_shape_sphericity")
    assert np.isnan(radiomic_features(images, names, fine)["pet_glcm_contrast"])
    flat = radiomic_features(patient(None, image(GRID, 3, "PT"), ball(GRID, (0, 0, 0), 9)), names)
    assert flat["pet_glcm_contrast"] == 0
    assert np.isnan(flat["pet_stat_skewness"])


def test_an_image_that_is_no_suv_is_refused():
    with pytest.raises(InputError, match=r"values up to 19849: they are no SUV.*Give the PET in SUV"):
        radiomic_features(patient(None, image(GRID, 19849, "PT"), ball(GRID, (0, 0, 0), 9)))


def test_an_unknown_feature_is_refused_with_what_there_is():
    with pytest.raises(UsageError, match=r"no radiomic feature 'pet_glcm_colour'.*Choose among ct_shape_volume_ml, "):
        radiomic_features(a_patient(), ["pet_glcm_colour"])
