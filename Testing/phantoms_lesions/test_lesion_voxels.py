"""The drawn patients: what the numbers say must be there for a reader, or a network, to see."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats
from scipy.spatial import ConvexHull

from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import PlacedMask, place_on
from prognosis.phantoms.lesions import LesionPhantomOptions, LesionTruth, PhantomPatient, draw_patient

_GROUPS = {"lung": ("lung",), "mediastinum": ("mediastinum",), "liver": ("liver",), "bone": ("vert", "rib", "sternum")}
_LEGIBLE_MM3 = 800.0


def _placed(patients: list[PhantomPatient]) -> Iterator[tuple[PhantomPatient, LesionTruth, LesionMask, PlacedMask]]:
    for patient in patients:
        for truth, lesion in zip(patient.truth.lesions, patient.lesions, strict=True):
            yield patient, truth, lesion, place_on(lesion, patient.image.geometry)


def _solidity(mask: NDArray[np.bool_]) -> float:
    """Area of the largest slice over that of its convex hull: 1 when smooth, less with spicules."""
    layer = mask[int(mask.sum(axis=(1, 2)).argmax())]
    corners = np.argwhere(layer)[:, None] + [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]
    return float(layer.sum() / ConvexHull(corners.reshape(-1, 2)).volume)


def test_the_image_is_a_ct_marked_as_phantom(drawn_patients: list[PhantomPatient]) -> None:
    image = drawn_patients[0].image
    assert image.array.dtype == np.int16
    assert image.array.min() < -950
    assert 400 < image.array.max() <= 3071
    assert (image.modality, image.phantom, image.frame_of_reference_uid) == ("CT", "lesions", None)
    assert image.geometry.orientation == "LPS"
    assert image.geometry.size == (224, 176, 80)


def test_organs_have_the_density_of_their_tissue(drawn_patients: list[PhantomPatient]) -> None:
    for patient in drawn_patients:
        values = {
            name: float(np.median(patient.image.array[patient.organs == label]))
            for label, name in patient.organ_names.items()
            if np.count_nonzero(patient.organs == label) > 20
        }
        assert values["lung_left"] == pytest.approx(-850, abs=30)
        assert values["lung_right"] == pytest.approx(-850, abs=30)
        assert values["trachea"] < -800
        assert -120 < values["mediastinum"] < 0
        assert 50 < values["liver"] < 150
        assert values["aorta"] > values["heart"] > 40
        assert values["vertebrae_T8"] > 150
        assert values["rib_left_6"] > 200
        assert values["sternum"] > 200


def test_left_organs_lie_on_the_patients_left(drawn_patients: list[PhantomPatient]) -> None:
    patient = drawn_patients[0]
    labels = {name: label for label, name in patient.organ_names.items()}
    middle = {
        name: patient.image.geometry.to_patient(np.argwhere(patient.organs == labels[name]).mean(axis=0)[::-1])
        for name in ("lung_left", "lung_right", "liver", "spleen", "vertebrae_T8", "sternum", "trachea")
    }
    assert middle["lung_left"][0] > 0 > middle["lung_right"][0]
    assert middle["spleen"][0] > 0 > middle["liver"][0]
    assert middle["vertebrae_T8"][1] > middle["trachea"][1] > middle["sternum"][1]
    assert middle["trachea"][2] > middle["liver"][2]


def test_lesions_have_the_volume_asked_for_and_do_not_touch(drawn_patients: list[PhantomPatient]) -> None:
    for patient in drawn_patients:
        taken = np.zeros(patient.image.array.shape, np.uint8)
        for truth, lesion in zip(patient.truth.lesions, patient.lesions, strict=True):
            placed = place_on(lesion, patient.image.geometry)
            taken[placed.slices] += placed.mask
            assert placed.lost_fraction == 0
            assert lesion.label == truth.label
            assert lesion.volume_mm3 == pytest.approx(truth.volume_mm3, rel=0.03, abs=5.0)
            assert ndimage.label(lesion.mask, np.ones((3, 3, 3)))[1] == 1
        assert taken.max() == 1
        assert ndimage.label(taken, np.ones((3, 3, 3)))[1] == len(patient.lesions)


def test_lesions_lie_in_their_organ(drawn_patients: list[PhantomPatient]) -> None:
    for patient, truth, _, placed in _placed(drawn_patients):
        labels = np.unique(patient.organs[placed.slices][placed.mask])
        names = [patient.organ_names.get(int(label), "none") for label in labels]
        assert all(name.startswith(_GROUPS[truth.organ]) for name in names), (truth, names)


def test_lesions_in_bone_are_denser_than_those_in_liver(drawn_patients: list[PhantomPatient]) -> None:
    values: dict[str, list[float]] = {}
    for patient, truth, _, placed in _placed(drawn_patients):
        values.setdefault(truth.organ, []).append(float(patient.image.array[placed.slices][placed.mask].mean()))
    assert np.median(values["bone"]) > np.median(values["mediastinum"]) + 60
    assert np.median(values["mediastinum"]) > np.median(values["liver"])


def test_texture_shows_as_unrest_inside_the_lesion(drawn_patients: list[PhantomPatient]) -> None:
    textures, unrest = [], []
    for patient, truth, _, placed in _placed(drawn_patients):
        inside = ndimage.binary_erosion(np.pad(placed.mask, 1), np.ones((1, 3, 3)))[1:-1, 1:-1, 1:-1]
        if truth.volume_mm3 > _LEGIBLE_MM3 and inside.any():
            textures.append(truth.texture)
            unrest.append(float(patient.image.array[placed.slices][inside].std()))
    assert len(textures) > 20
    assert stats.spearmanr(textures, unrest).statistic > 0.5


def test_lost_containment_shows_as_spicules(drawn_patients: list[PhantomPatient]) -> None:
    pairs = [
        (truth.margin, _solidity(lesion.mask))
        for _, truth, lesion, _ in _placed(drawn_patients)
        if truth.volume_mm3 > _LEGIBLE_MM3
    ]
    assert stats.spearmanr(pairs).statistic < -0.5


def test_lost_containment_shows_as_a_soft_edge(drawn_patients: list[PhantomPatient]) -> None:
    """In lung, where the edge is clearest: values just outside the mask rise with infiltration."""
    margins, halo = [], []
    for patient, truth, _, placed in _placed(drawn_patients):
        if truth.organ != "lung" or truth.volume_mm3 < _LEGIBLE_MM3:
            continue
        mask = np.zeros(patient.image.array.shape, bool)
        mask[placed.slices] = placed.mask
        ring = ndimage.binary_dilation(mask, np.ones((1, 7, 7))) & ~ndimage.binary_dilation(mask, np.ones((1, 5, 5)))
        lungs = [label for label, name in patient.organ_names.items() if name.startswith("lung")]
        margins.append(truth.margin)
        halo.append(float(np.median(patient.image.array[ring & np.isin(patient.organs, lungs)])))
    assert len(margins) > 8
    assert stats.spearmanr(margins, halo).statistic > 0.6


def test_readers_outline_the_same_lesions_a_little_differently(drawn_patients: list[PhantomPatient]) -> None:
    overlaps = []
    for patient in drawn_patients:
        assert len(patient.annotations) == patient.truth.annotators
        for annotation in patient.annotations:
            assert [lesion.label for lesion in annotation] == [lesion.label for lesion in patient.lesions]
            for true, drawn in zip(patient.lesions, annotation, strict=True):
                a, b = (np.zeros(patient.image.array.shape, bool) for _ in range(2))
                for lesion, target in ((true, a), (drawn, b)):
                    placed = place_on(lesion, patient.image.geometry)
                    target[placed.slices] = placed.mask
                overlaps.append(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))
    assert min(overlaps) > 0.3
    assert 0.8 < np.median(overlaps) < 0.97


def test_the_same_seed_gives_the_same_bytes() -> None:
    options = LesionPhantomOptions(seed=8, size=(112, 88, 40), spacing=(3.2, 3.2, 7.5))
    first, second = draw_patient(options, 1), draw_patient(options, 1)
    assert first.image.array.tobytes() == second.image.array.tobytes()
    assert first.organs.tobytes() == second.organs.tobytes()
    for one, other in zip(first.annotations, second.annotations, strict=True):
        assert [lesion.mask.tobytes() for lesion in one] == [lesion.mask.tobytes() for lesion in other]
    assert first.image.array.tobytes() != draw_patient(options, 2).image.array.tobytes()


def test_forty_lesions_find_room() -> None:
    options = LesionPhantomOptions(seed=5, median_lesions=20, size=(112, 88, 40), spacing=(3.2, 3.2, 7.5))
    patients = [draw_patient(options, index) for index in range(8)]
    assert max(len(patient.lesions) for patient in patients) > 30
    for patient in patients:
        drawn = sum(lesion.volume_mm3 for lesion in patient.lesions)
        assert drawn == pytest.approx(sum(lesion.volume_mm3 for lesion in patient.truth.lesions), rel=0.05)
