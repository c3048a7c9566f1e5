"""The drawn PET/CTs: what the numbers say must be there for a network to see, and what carries no risk must be too."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import roc_auc_score

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.phantoms.petct import Cause, PetctPatient, PetctPhantomOptions, draw_patient

_EVERY_NEIGHBOUR = np.ones((3, 3, 3))


def _on(volume: Volume, geometry: Geometry) -> NDArray[np.float64]:
    """Values of one unrotated volume at the voxels of another lattice."""
    matrix = np.linalg.inv(volume.geometry.affine) @ geometry.affine
    return ndimage.affine_transform(
        volume.array.astype(float),
        np.diag(matrix)[2::-1],
        offset=matrix[2::-1, 3],
        output_shape=geometry.shape,
        order=1,
        mode="nearest",
    )


def _points(volume: Volume) -> NDArray[np.float64]:
    return volume.geometry.to_patient(np.argwhere(volume.array)[:, ::-1])


def _with_growth(patients: list[PetctPatient]) -> Iterator[PetctPatient]:
    grown = [patient for patient in patients if patient.truth.burden > 0]
    assert len(grown) >= 10
    return iter(grown)


def _from_surface_mm(patient: PetctPatient) -> NDArray[np.float64]:
    return ndimage.distance_transform_edt(~patient.true_tumour, sampling=patient.ct.geometry.spacing[::-1])


def test_images_are_a_ct_and_a_pet_marked_as_phantom(petct_patients: list[PetctPatient]) -> None:
    for patient in petct_patients[:10]:
        assert (patient.ct.array.dtype, patient.ct.modality) == (np.int16, "CT")
        assert (patient.pet.array.dtype, patient.pet.modality) == (np.float32, "PT")
        assert patient.tumour.array.dtype == np.uint8
        for volume in (patient.ct, patient.pet, patient.tumour, patient.periphery, patient.decoys):
            assert volume.phantom == "petct"
            assert volume.geometry.orientation == "LPS"
        assert patient.pet.geometry.lattice_map_from(patient.ct.geometry) is None
        assert patient.ct.array.min() < -950
        assert 300 < patient.ct.array.max() < 1500
        assert patient.pet.array.min() >= 0


def test_both_images_hold_the_region_the_networks_see(petct_patients: list[PetctPatient]) -> None:
    for patient in petct_patients:
        middle = _points(patient.tumour)
        middle = 0.5 * (middle.min(axis=0) + middle.max(axis=0))
        half = np.array([48.0, 48.0, 24.0])
        corners = np.array([middle - half, middle + half])
        for volume in (patient.ct, patient.pet):
            index = volume.geometry.to_index(corners)
            assert np.all(index > -0.5)
            assert np.all(index < np.asarray(volume.geometry.size) - 0.5)


def test_scanners_differ_between_patients(petct_patients: list[PetctPatient]) -> None:
    assert len({patient.ct.geometry.spacing[2] for patient in petct_patients}) == 3
    assert len({patient.ct.geometry.spacing[0] for patient in petct_patients}) > 20
    assert {patient.left for patient in petct_patients} == {True, False}


def test_tumours_have_their_volume_and_lie_in_the_lung_in_one_piece(petct_patients: list[PetctPatient]) -> None:
    for patient in petct_patients:
        volume = patient.true_tumour.sum() * patient.ct.geometry.voxel_volume_mm3 / 1000.0
        assert volume == pytest.approx(patient.truth.volume_ml, rel=0.02)
        assert ndimage.label(patient.tumour.array, _EVERY_NEIGHBOUR)[1] == 1
        assert (patient.centre[0] > 0) == patient.left
        assert -80 < np.median(patient.ct.array[patient.true_tumour]) < 80


def test_the_contour_is_near_the_tumour_and_leaves_out_what_grows_around_it(
    petct_patients: list[PetctPatient],
) -> None:
    for patient in petct_patients:
        drawn = patient.tumour.array > 0
        overlap = 2 * np.count_nonzero(drawn & patient.true_tumour) / (drawn.sum() + patient.true_tumour.sum())
        assert overlap > 0.8
        assert not np.any(drawn & (patient.periphery.array > 0))
    assert any(not np.array_equal(patient.tumour.array > 0, patient.true_tumour) for patient in petct_patients)


def test_measured_glycolysis_tells_the_true_one(petct_patients: list[PetctPatient]) -> None:
    measured = []
    for patient in petct_patients:
        suv = _on(patient.pet, patient.ct.geometry)[patient.tumour.array > 0]
        measured.append(suv.sum() * patient.ct.geometry.voxel_volume_mm3 / 1000.0)
    true = [patient.truth.tlg for patient in petct_patients]
    assert np.corrcoef(np.log(measured), np.log(true))[0, 1] > 0.98
    assert np.corrcoef(measured, true)[0, 1] > 0.95


def test_growth_lies_10_to_25_mm_outside_the_tumour_within_the_region(petct_patients: list[PetctPatient]) -> None:
    for patient in _with_growth(petct_patients):
        distance = _from_surface_mm(patient)[patient.periphery.array > 0]
        assert distance.min() >= 10.0
        assert distance.max() <= 25.0
        assert np.all(np.abs(_points(patient.periphery) - patient.centre) <= [46, 46, 22])


def test_the_volume_of_growth_is_that_of_the_burden(petct_patients: list[PetctPatient]) -> None:
    for patient in petct_patients:
        volume = patient.periphery.array.sum() * patient.periphery.geometry.voxel_volume_mm3
        if patient.truth.burden == 0:
            assert volume == 0
            assert np.isnan(patient.hilum_angle_degrees)
        else:
            assert 0.95 < volume / (1700.0 * patient.truth.burden) < 1.6


def test_growth_faces_the_hilum_or_lies_anywhere(petct_patients: list[PetctPatient]) -> None:
    facing = [p.hilum_angle_degrees for p in _with_growth(petct_patients) if p.truth.faces_hilum]
    free = [p.hilum_angle_degrees for p in _with_growth(petct_patients) if not p.truth.faces_hilum]
    assert max(facing) < 45
    assert max(free) > 90


def test_growth_is_soft_tissue_with_mild_uptake_in_lung(petct_patients: list[PetctPatient]) -> None:
    for patient in _with_growth(petct_patients):
        grown = patient.periphery.array > 0
        suv = _on(patient.pet, patient.ct.geometry)
        around = ndimage.binary_dilation(grown, iterations=5) & (patient.ct.array < -700)
        assert np.median(patient.ct.array[grown]) > -300
        assert suv[grown].mean() > 1.6 * np.median(suv[around])
        assert suv[grown].mean() < 3.0


def test_decoys_are_in_every_patient_and_take_up_nothing(petct_patients: list[PetctPatient]) -> None:
    amounts = []
    for patient in petct_patients:
        decoys = patient.decoys.array > 0
        amounts.append(decoys.sum() * patient.decoys.geometry.voxel_volume_mm3)
        distance = _from_surface_mm(patient)[decoys]
        assert distance.min() >= 10.0
        assert distance.max() <= 25.0
        assert not np.any(decoys & (patient.periphery.array > 0))
        assert np.median(patient.ct.array[decoys]) > -300
        apart = decoys & ~ndimage.binary_dilation(patient.periphery.array, iterations=6)
        if apart.any():
            assert np.median(_on(patient.pet, patient.ct.geometry)[apart]) < 1.0
    assert min(amounts) > 50.0
    burdened = [patient.truth.burden > 0 for patient in petct_patients]
    assert 0.25 < roc_auc_score(burdened, amounts) < 0.75


def test_a_patient_with_voxels_is_the_same_in_any_cohort_and_with_a_later_scan() -> None:
    alone = draw_patient(PetctPhantomOptions(patients=1, seed=6), 2)
    again = draw_patient(PetctPhantomOptions(patients=500, seed=6, followup=True), 2)
    other = draw_patient(PetctPhantomOptions(patients=1, seed=7), 2)
    assert np.array_equal(alone.ct.array, again.ct.array)
    assert np.array_equal(alone.pet.array, again.pet.array)
    assert np.array_equal(alone.tumour.array, again.tumour.array)
    assert alone.ct.array.shape != other.ct.array.shape or not np.array_equal(alone.ct.array, other.ct.array)
    assert alone.followup is None


def test_disease_recurs_at_the_periphery_of_those_who_die_of_it(petct_patients: list[PetctPatient]) -> None:
    recurred = 0
    for patient in petct_patients:
        later = patient.followup
        if later is None:
            assert patient.truth.time_days < 60
            continue
        assert 30 <= later.days < patient.truth.time_days
        expected = patient.truth.cause is Cause.DISEASE and patient.truth.burden > 0
        assert later.recurred == expected
        if expected:
            recurred += 1
            there = _points(later.recurrence)
            here = np.linalg.solve(later.pose.matrix, np.c_[there, np.ones(len(there))].T)[:3].T
            grown = _points(patient.periphery)
            nearest = np.linalg.norm(grown[:, None] - here[None, ::7], axis=2).min(axis=0)
            assert np.median(nearest) < 6.0
            assert np.median(later.ct.array[later.recurrence.array > 0]) > -50
    assert recurred >= 4


def test_the_pose_brings_the_later_scan_back_onto_the_first(petct_patients: list[PetctPatient]) -> None:
    for patient in [one for one in petct_patients if one.followup is not None][:4]:
        later = patient.followup
        assert later is not None
        assert 0.3 < np.linalg.norm(later.pose.turn_degrees) < 15
        index = np.argwhere(np.ones(patient.ct.array.shape, bool))[::37]
        points = patient.ct.geometry.to_patient(index[:, ::-1])
        agreement = []
        for matrix in (later.pose.matrix, np.eye(4)):
            there = later.ct.geometry.to_index(points @ matrix[:3, :3].T + matrix[:3, 3])
            inside = np.all((there > 0) & (there < np.asarray(later.ct.geometry.size) - 1), axis=1)
            first = patient.ct.array[tuple(index[inside].T)]
            second = ndimage.map_coordinates(later.ct.array.astype(float), there[inside, ::-1].T, order=1)
            agreement.append(np.corrcoef(first, second)[0, 1])
        assert agreement[0] > 0.85
        assert agreement[0] > agreement[1]
