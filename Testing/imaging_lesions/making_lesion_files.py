"""Segmentations of one small synthetic CT, written the way other programs write them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

FRAME_OF_REFERENCE = generate_uid()
SERIES = generate_uid()
STUDY = generate_uid()


def a_ct(geometry: Geometry) -> Volume:
    return Volume(
        np.zeros(geometry.shape, np.int16),
        geometry,
        modality="CT",
        frame_of_reference_uid=FRAME_OF_REFERENCE,
        series_uid=SERIES,
    )


def slices_of(image: Volume) -> list[pydicom.Dataset]:
    """The DICOM slices of an image, first k first."""
    geometry = image.geometry
    columns = np.reshape(geometry.direction, (3, 3)).T
    slices = []
    for k in range(geometry.size[2]):
        ds = pydicom.Dataset()
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = CTImageStorage
        ds.SOPInstanceUID = generate_uid()
        ds.Modality = "CT"
        ds.PatientID, ds.PatientName, ds.PatientBirthDate, ds.PatientSex = "", "", "", ""
        ds.StudyInstanceUID, ds.StudyID, ds.StudyDate, ds.StudyTime = STUDY, "", "20200101", "120000"
        ds.AccessionNumber, ds.ReferringPhysicianName = "", ""
        ds.SeriesInstanceUID, ds.SeriesNumber, ds.InstanceNumber = SERIES, 1, k + 1
        ds.FrameOfReferenceUID = FRAME_OF_REFERENCE
        ds.PositionReferenceIndicator = ""
        ds.ImagePositionPatient = [round(float(v), 6) for v in geometry.to_patient([0, 0, k])]
        ds.ImageOrientationPatient = [float(v) for v in np.concatenate([columns[0], columns[1]])]
        ds.PixelSpacing = [geometry.spacing[1], geometry.spacing[0]]
        ds.SliceThickness = geometry.spacing[2]
        ds.Rows, ds.Columns = geometry.size[1], geometry.size[0]
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.PixelData = image.array[k].astype("<i2").tobytes()
        slices.append(ds)
    return slices


def write_seg(
    path: Path,
    image: Volume,
    masks: Mapping[str, NDArray],
    kind: str = "BINARY",
    *,
    reverse: bool = False,
    omit_empty_frames: bool = True,
    transfer_syntax: str = ExplicitVRLittleEndian,
) -> Path:
    """Write masks [k, j, i] of an image as a DICOM SEG; `reverse` stacks its frames from the last slice down."""
    slices = slices_of(image)
    stacked = np.stack(list(masks.values()), axis=-1)
    if reverse:
        slices, stacked = slices[::-1], stacked[::-1]
    if kind == "LABELMAP":
        pixels = (stacked * np.arange(1, len(masks) + 1)).max(axis=-1).astype(np.uint8)
    else:
        pixels = stacked.astype(np.float32 if kind == "FRACTIONAL" else np.uint8)
    segments = [
        hd.seg.SegmentDescription(
            number, name, codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm, "MANUAL"
        )
        for number, name in enumerate(masks, start=1)
    ]
    seg = hd.seg.Segmentation(
        slices, pixels, kind, segments, generate_uid(), 2, generate_uid(), 1, "maker", "model", "1", "0",
        omit_empty_frames=omit_empty_frames, transfer_syntax_uid=transfer_syntax,
    )  # fmt: skip
    seg.save_as(path)
    return path


def write_rtstruct(
    path: Path,
    regions: Mapping[str, Sequence[NDArray]],
    *,
    kinds: Mapping[str, str] | None = None,
    frame_of_reference: str = FRAME_OF_REFERENCE,
) -> Path:
    """Write contours (n, 3) in patient space as a structure set; ROI numbers start at 11."""
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = RTStructureSetStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.Modality = "RTSTRUCT"
    series = pydicom.Dataset()
    series.SeriesInstanceUID = SERIES
    study = pydicom.Dataset()
    study.RTReferencedSeriesSequence = [series]
    frame = pydicom.Dataset()
    frame.FrameOfReferenceUID = frame_of_reference
    frame.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    ds.StructureSetROISequence, ds.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(regions.items(), start=11):
        roi = pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame_of_reference
        ds.StructureSetROISequence.append(roi)
        drawn = pydicom.Dataset()
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = []
        for points in contours:
            contour = pydicom.Dataset()
            contour.ContourGeometricType = (kinds or {}).get(name, "CLOSED_PLANAR")
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [f"{value:.4f}" for value in np.ravel(points)]
            drawn.ContourSequence.append(contour)
        ds.ROIContourSequence.append(drawn)
    ds.save_as(path, enforce_file_format=True)
    return path


def outlines_of(mask: NDArray, geometry: Geometry) -> list[NDArray]:
    """Contours in patient space around the voxels of a mask [k, j, i], one for each run of voxels along i."""
    contours = []
    for k, j in np.argwhere(mask.any(axis=2)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask[k, j].astype(int), [0]])))
        for first, end in edges.reshape(-1, 2):
            corners = [(first, j), (end, j), (end, j + 1), (first, j + 1)]
            contours.append(geometry.to_patient([(i - 0.5, v - 0.5, k) for i, v in corners]))
    return contours


def rectangle(geometry: Geometry, low: tuple[float, float], high: tuple[float, float], k: float) -> NDArray:
    """A closed rectangle of one slice, its corners given as indices (i, j)."""
    return geometry.to_patient([(low[0], low[1], k), (high[0], low[1], k), (high[0], high[1], k), (low[0], high[1], k)])
