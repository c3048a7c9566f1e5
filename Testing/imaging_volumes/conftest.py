"""A small synthetic CT series, as single slices or as one enhanced object, for tests to spoil."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

SLICES, ROWS, COLUMNS = 12, 32, 24
ROW_SPACING, COLUMN_SPACING, DISTANCE = 0.8, 0.7, 2.5

Slices = list[Dataset]
Save = Callable[[Sequence[Dataset]], Path]


@pytest.fixture
def hounsfield() -> np.ndarray:
    """The values [k, j, i] of the series: no two slices are alike."""
    k, j, i = np.indices((SLICES, ROWS, COLUMNS))
    return (60 * k + 5 * j + 3 * i - 1000).astype(np.int16)


@pytest.fixture
def ct_slices(hounsfield: np.ndarray) -> Slices:
    """Axial slices from low to high, unsigned pixels of intercept -1024."""
    series, frame_of_reference = generate_uid(), generate_uid()
    return [_slice(values, k, series, frame_of_reference) for k, values in enumerate(hounsfield)]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write slices into a folder as slice00.dcm, slice01.dcm, ... and return the folder."""

    def write(slices: Sequence[Dataset]) -> Path:
        folder = tmp_path / "series"
        folder.mkdir()
        for number, dataset in enumerate(slices):
            dataset.save_as(folder / f"slice{number:02}.dcm", enforce_file_format=True)
        return folder

    return write


@pytest.fixture
def enhanced_ct(ct_slices: Slices, hounsfield: np.ndarray) -> Dataset:
    """The same series as one enhanced object, its frames in reverse order."""
    enhanced = _header(EnhancedCTImageStorage, ct_slices[0].SeriesInstanceUID)
    enhanced.FrameOfReferenceUID = ct_slices[0].FrameOfReferenceUID
    enhanced.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    enhanced.NumberOfFrames = SLICES
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing = ct_slices[0].PixelSpacing
    orientation.ImageOrientationPatient = ct_slices[0].ImageOrientationPatient
    shared = Dataset()
    shared.PixelMeasuresSequence = DicomSequence([measures])
    shared.PlaneOrientationSequence = DicomSequence([orientation])
    enhanced.SharedFunctionalGroupsSequence = DicomSequence([shared])
    order = list(reversed(range(SLICES)))
    enhanced.PerFrameFunctionalGroupsSequence = DicomSequence([_frame_groups(ct_slices[k], k) for k in order])
    _set_pixels(enhanced, hounsfield[order].astype(np.int32) + 1000 + np.array(order)[:, None, None])
    return enhanced


def _frame_groups(classic: Dataset, k: int) -> Dataset:
    position, transformation, groups = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = classic.ImagePositionPatient
    transformation.RescaleSlope = "1"
    transformation.RescaleIntercept = str(-1000 - k)
    transformation.RescaleType = "HU"
    groups.PlanePositionSequence = DicomSequence([position])
    groups.PixelValueTransformationSequence = DicomSequence([transformation])
    return groups


def _slice(values: np.ndarray, k: int, series: str, frame_of_reference: str) -> Dataset:
    dataset = _header(CTImageStorage, series)
    dataset.FrameOfReferenceUID = frame_of_reference
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = str(k + 1)
    dataset.AcquisitionNumber = "1"
    dataset.ImagePositionPatient = ["-8.05", "-20.5", f"{100 + DISTANCE * k:g}"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = [str(ROW_SPACING), str(COLUMN_SPACING)]
    dataset.RescaleSlope = "1"
    dataset.RescaleIntercept = "-1024"
    _set_pixels(dataset, values.astype(np.int32) + 1024)
    return dataset


def _header(sop_class: str, series: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = series
    dataset.StudyInstanceUID = generate_uid()
    dataset.Modality = "CT"
    dataset.SeriesNumber = "4"
    dataset.SeriesDescription = "Thorax 2.5"
    dataset.PatientName = "Secret^Name"
    dataset.PatientID = "SECRET-ID"
    return dataset


def _set_pixels(dataset: Dataset, stored: np.ndarray) -> None:
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = stored.astype("<u2").tobytes()
