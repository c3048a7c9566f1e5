from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from making_petct_images import ball, image, lattice, positions
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from prognosis.biomarkers.images.contours import read_contours
from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.patient_images import PatientFiles, read_patient_images
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.images.space import require_same_space
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.imaging.lesion_writing import write_labelmap, write_seg_nrrd
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
CT, PET = Modality.CT, Modality.PET
CT_GRID = lattice((80, 80, 60), (1.5, 1.5, 2.0))
PET_GRID = lattice((40, 40, 30), (4.0, 4.0, 4.0))


@pytest.fixture
def files(tmp_path):
    """A CT, a PET and the contours of two tumours, on the CT's lattice."""
    body = (positions(CT_GRID)[..., :2] ** 2).sum(-1) < 50**2
    ct = image(CT_GRID, np.where(body, 40, -1000) + (positions(CT_GRID)[..., 2] > 50) * 300, "CT")
    pet = image(PET_GRID, 1 + 8 * ((positions(PET_GRID) ** 2).sum(-1) < 144), "PT")
    for volume, name in ((ct, "ct.nrrd"), (pet, "pet.nrrd")):
        write_volume(replace(volume, phantom="a test"), tmp_path / name)
    write_seg(tmp_path / "tumours.seg.nrrd", ball(CT_GRID, (0, 0, 0), 12), ball(CT_GRID, (30, 0, 20), 6, label=2))
    return PatientFiles(
        ct=tmp_path / "ct.nrrd", pet=tmp_path / "pet.nrrd", tumour=tmp_path / "tumours.seg.nrrd", choice=ALL_LESIONS
    )


def write_seg(path, *tumours, grid=CT_GRID):
    write_seg_nrrd(tumours, grid, path)
    return path


def test_ct_pet_and_one_contour_for_both(files):
    images = read_patient_images(files)
    assert (images.ct.geometry.size, images.pet.geometry.size) == (CT_GRID.size, PET_GRID.size)
    assert images.tumours[CT] is images.tumours[PET]
    assert [tumour.name for tumour in images.tumours[PET]] == ["ball 1", "ball 2"]
    assert images.phantom
    assert images.suv is not None
    assert images.pet.array.max() == 9


def test_what_is_read_is_cut_where_the_tumour_lies(files):
    region = cut_region(read_patient_images(files), RegionOptions())
    assert region.images[PET][region.tumours[PET]].mean() > 6
    assert region.images[CT][region.tumours[CT]].mean() == pytest.approx(40, abs=1)


def test_only_the_chosen_tumours_are_taken(files):
    images = read_patient_images(replace(files, choice=LesionChoice(names=("ball 2",))))
    assert [tumour.name for tumour in images.tumours[CT]] == ["ball 2"]


def test_a_contour_of_its_own_goes_before_the_shared_one(files, tmp_path):
    write_labelmap([ball(PET_GRID, (0, 0, 0), 10)], PET_GRID, tmp_path / "pet_tumour.nii.gz")
    images = read_patient_images(replace(files, pet_tumour=tmp_path / "pet_tumour.nii.gz"))
    assert len(images.tumours[CT]) == 2
    assert len(images.tumours[PET]) == 1


@pytest.mark.parametrize(("lacking", "left"), [("ct", PET), ("pet", CT)])
def test_one_image_is_enough(files, lacking, left):
    images = read_patient_images(replace(files, **{lacking: None}))
    assert list(images.volumes) == [left]
    assert list(images.tumours) == [left]
    assert (images.suv is None) == (lacking == "pet")


def test_a_contour_drawn_for_the_other_image_serves_where_there_is_none(files):
    images = read_patient_images(replace(files, tumour=None, ct_tumour=files.tumour))
    assert len(images.tumours[PET]) == 2
    assert "the contour of the other image serves the PET too" in images.notes


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"ct": None, "pet": None}, r"Neither a CT nor a PET.*Give --ct", id="no image"),
        pytest.param({"tumour": None}, r"No contour of the tumour is given.*Give --tumour", id="no contour"),
        pytest.param({"ct": "pet"}, r"pet\.nrrd is of modality PT, not CT", id="PET for CT"),
    ],
)
def test_what_is_missing_or_mistaken_is_named(files, changed, message):
    changes = {name: files.pet if value == "pet" else value for name, value in changed.items()}
    with pytest.raises(InputError, match=message):
        read_patient_images(replace(files, **changes))


def test_images_that_do_not_meet_are_refused(files, tmp_path):
    far = lattice((40, 40, 30), (4.0, 4.0, 4.0), centre=(0, 0, 900))
    write_volume(image(far, positions(far)[..., 0], "PT"), tmp_path / "far.nrrd")
    with pytest.raises(InputError, match=r"CT and PET hardly overlap in space: 0%.*one examination"):
        read_patient_images(replace(files, pet=tmp_path / "far.nrrd"))


def test_images_of_two_frames_of_reference_are_refused():
    ct = replace(image(CT_GRID, 0, "CT"), frame_of_reference_uid="1.2.3")
    pet = replace(image(PET_GRID, 1, "PT"), frame_of_reference_uid="1.2.4")
    with pytest.raises(InputError, match=r"CT belongs to frame of reference 1\.2\.3, the PET to 1\.2\.4"):
        require_same_space(ct, pet)
    require_same_space(ct, replace(pet, frame_of_reference_uid=None))


def test_a_short_ct_inside_a_long_pet_is_no_fault():
    short = image(lattice((20, 20, 10), (4.0, 4.0, 4.0)), 0, "CT")
    require_same_space(short, image(lattice((100, 100, 300), (4.0, 4.0, 4.0), centre=(0, 0, 500)), 1, "PT"))


def test_values_that_are_no_hounsfield_units_are_noted(files, tmp_path):
    write_volume(image(CT_GRID, positions(CT_GRID)[..., 0] + 100, "CT"), tmp_path / "grey.nrrd")
    notes = read_patient_images(replace(files, ct=tmp_path / "grey.nrrd")).notes
    assert any("do not look like Hounsfield units" in note and note.startswith("CT: ") for note in notes)


def test_a_patient_with_one_real_image_is_no_phantom(files, tmp_path):
    write_volume(image(PET_GRID, positions(PET_GRID)[..., 0] ** 2 / 1e3, "PT"), tmp_path / "real.nrrd")
    assert not read_patient_images(replace(files, pet=tmp_path / "real.nrrd")).phantom


def test_a_tumour_outside_one_image_is_left_out_there(files, tmp_path):
    wide = lattice((60, 60, 90), (4.0, 4.0, 4.0), centre=(0, 0, 80))
    write_volume(image(wide, positions(wide)[..., 2] ** 2 / 1e4, "PT"), tmp_path / "wide.nrrd")
    drawn = write_seg(
        tmp_path / "two.seg.nrrd", ball(wide, (0, 0, 0), 12), ball(wide, (0, 0, 200), 12, label=2), grid=wide
    )
    images = read_patient_images(replace(files, pet=tmp_path / "wide.nrrd", tumour=drawn))
    assert (len(images.tumours[CT]), len(images.tumours[PET])) == (1, 2)
    assert "1 tumour(s) wholly outside the CT are left out there" in images.notes


def test_a_file_without_a_tumour_is_refused(files, tmp_path):
    write_volume(image(CT_GRID, 0, "CT"), tmp_path / "empty.nrrd")
    with pytest.raises(InputError, match=r"empty\.nrrd holds no tumour"):
        read_patient_images(replace(files, tumour=tmp_path / "empty.nrrd"))


def write_rtstruct(path: Path, geometry: Geometry, series: str, radius_mm: float) -> Path:
    """Circles about the z axis on slices of an image, as a structure set that names the image's series."""
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = RTStructureSetStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.Modality = "RTSTRUCT"
    referenced, study, frame = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    referenced.SeriesInstanceUID = series
    study.RTReferencedSeriesSequence = [referenced]
    frame.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    roi, drawn = pydicom.Dataset(), pydicom.Dataset()
    roi.ROINumber, roi.ROIName = 1, "GTV"
    drawn.ReferencedROINumber, drawn.ContourSequence = 1, []
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    for k in range(10, 20):
        contour = pydicom.Dataset()
        z = geometry.to_patient([0, 0, k])[2]
        points = np.stack([radius_mm * np.cos(angles), radius_mm * np.sin(angles), np.full(90, z)], axis=1)
        contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 90
        contour.ContourData = [f"{value:.4f}" for value in points.ravel()]
        drawn.ContourSequence.append(contour)
    ds.StructureSetROISequence, ds.ROIContourSequence = [roi], [drawn]
    ds.save_as(path, enforce_file_format=True)
    return path


def test_a_structure_set_is_read_on_the_image_it_was_drawn_on(tmp_path):
    ct = replace(image(CT_GRID, 0, "CT"), series_uid=generate_uid())
    pet = replace(image(PET_GRID, 1, "PT"), series_uid=generate_uid())
    path = write_rtstruct(tmp_path / "rt.dcm", PET_GRID, pet.series_uid, radius_mm=15)
    contours = read_contours({CT: ct, PET: pet}, dict.fromkeys(Modality), path, ALL_LESIONS)
    tumour = contours.tumours[PET][0]
    assert contours.tumours[CT] is contours.tumours[PET]
    assert tumour.geometry.spacing == pytest.approx(PET_GRID.spacing)
    assert tumour.volume_mm3 == pytest.approx(np.pi * 15**2 * 40, rel=0.03)
    assert contours.notes == ()


@pytest.mark.skipif(not (DATA / "ct/4d_lung_113").is_dir(), reason="the CT 4d_lung_113 is not there")
def test_a_real_structure_set_drawn_on_a_ct_serves_a_pet_of_other_slices(tmp_path):
    folder = DATA / "ct/4d_lung_113"
    files = PatientFiles(ct=folder / "ct", tumour=folder / "rtstruct.dcm", choice=LesionChoice(names=("Tumor_c40",)))
    alone = read_patient_images(files)
    centre = alone.tumours[CT][0].centroid
    grid = lattice((60, 60, 40), (4.0, 4.0, 5.0), centre=tuple(centre))
    pet = Volume(((positions(grid) - centre) ** 2).sum(-1).astype(np.float32) / 1e4, grid, "PT")
    write_volume(pet, tmp_path / "pet.nrrd")
    both = read_patient_images(replace(files, pet=tmp_path / "pet.nrrd"))
    region = cut_region(both, RegionOptions())
    assert both.tumours[PET][0].volume_mm3 == alone.tumours[CT][0].volume_mm3
    shown = (1 - region.outside_fraction) * both.tumours[PET][0].volume_mm3
    assert region.tumours[PET].sum() == pytest.approx(shown, rel=0.03)
    assert region.tumours[CT] is region.tumours[PET]


@pytest.mark.skipif(not (DATA / "pet/sts_001_dicom").is_dir(), reason="the raw PET sts_001_dicom is not there")
def test_a_real_raw_pet_becomes_suv_with_its_contour():
    folder = DATA / "pet/sts_001_dicom"
    images = read_patient_images(
        PatientFiles(pet=folder / "image", tumour=folder / "mask", choice=LesionChoice(names=("GTV_Mass",)))
    )
    assert images.ct is None
    assert len(images.tumours[PET]) == 1
    assert not images.phantom
    assert 5 < images.pet.array.max() < 200
