"""Structure sets of published patients on the series they were drawn on."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
CT = DATA / "ct/4d_lung_113"
PET = DATA / "pet/sts_001_dicom"

needs_ct = pytest.mark.skipif(not CT.is_dir(), reason=f"{CT} is not here")
needs_pet = pytest.mark.skipif(not PET.is_dir(), reason=f"{PET} is not here")


def contours_of(path: Path, name: str) -> list[np.ndarray]:
    dataset = pydicom.dcmread(path)
    (number,) = [roi.ROINumber for roi in dataset.StructureSetROISequence if name == roi.ROIName]
    (drawn,) = [item for item in dataset.ROIContourSequence if number == item.ReferencedROINumber]
    return [np.reshape(np.array(contour.ContourData, float), (-1, 3)) for contour in drawn.ContourSequence]


def area_centroid(contours: list[np.ndarray]) -> tuple[float, np.ndarray]:
    """Summed area of axial contours without holes, and its centroid, by Green's theorem."""
    total, moment = 0.0, np.zeros(3)
    for points in contours:
        x, y = (points[:, :2] - points[0, :2]).T
        cross = x * np.roll(y, -1) - y * np.roll(x, -1)
        area = cross.sum() / 2
        centre = [((v + np.roll(v, -1)) * cross).sum() / (6 * area) for v in (x, y)]
        total += abs(area)
        moment += abs(area) * (points[0] + [*centre, 0.0])
    return total, moment / total


@needs_ct
def test_tumour_and_lymph_node_of_a_lung_patient():
    image = read_volume(CT / "ct")
    path = CT / "rtstruct.dcm"
    read = read_lesions(path, image, LesionChoice(names=("Tumor*", "LN*")))
    assert [(lesion.label, lesion.name) for lesion in read.lesions] == [(1, "Tumor_c40"), (2, "LN_c40")]
    tumour, node = read.lesions
    assert tumour.volume_mm3 == pytest.approx(67634, rel=0.03)
    assert node.volume_mm3 == pytest.approx(6440, rel=0.08)
    for lesion in read.lesions:
        area, centre = area_centroid(contours_of(path, lesion.name))
        assert lesion.volume_mm3 == pytest.approx(area * 3.0, rel=0.01)
        # These contours run through voxel centres: which side those fall on may move a mask by half a voxel.
        np.testing.assert_allclose(lesion.centroid, centre, atol=0.55)
    assert tumour.notes == ()
    assert node.notes == ("3 separate islands: add --split-components to score them one by one",)
    assert read.referenced_series_uid == image.series_uid


@needs_pet
def test_mass_and_oedema_of_a_sarcoma_patient_on_pet():
    image = read_volume(PET / "image")
    read = read_lesions(PET / "mask", image)
    assert [lesion.name for lesion in read.lesions] == ["GTV_Mass", "GTV_Edema"]
    (path,) = (PET / "mask").iterdir()
    for lesion in read.lesions:
        area, centre = area_centroid(contours_of(path, lesion.name))
        assert lesion.volume_mm3 == pytest.approx(area * 3.27, rel=0.02)
        np.testing.assert_allclose(lesion.centroid, centre, atol=1.5)
