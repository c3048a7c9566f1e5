"""A small PET series whose SUV are known, restated in other units or spoilt before it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage, generate_uid

SLICES, ROWS, COLUMNS = 6, 8, 7
WEIGHT_KG, DOSE_BQ, HALF_LIFE_S = 70.0, 368.08e6, 6586.2
INJECTED = datetime(2025, 1, 1, 10)
SCANNED = datetime(2025, 1, 1, 11)
FRAME_S = 300.0
SUV_A_STEP = 1e-3


def decayed(seconds: float, half_life_s: float = HALF_LIFE_S) -> float:
    """The fraction of an activity that is left after some time."""
    return 2.0 ** (-seconds / half_life_s)


def middle_s(duration_s: float = FRAME_S, half_life_s: float = HALF_LIFE_S) -> float:
    """The moment of a frame whose activity is the mean of the frame, integrated by numbers."""
    times = np.linspace(0.0, duration_s, 200_001)
    mean = np.trapezoid(0.5 ** (times / half_life_s), times) / duration_s
    return float(-half_life_s * np.log2(mean))


@dataclass
class Pet:
    """A PET series whose SUV are `suv`, before it is written.

    Args:
        slices: One dataset a slice, from low to high, in Bq/ml corrected to the start of the scan.
        stored: Stored values [k, j, i]; a step of 1 is a SUV of 0.001.
        folder: Where it will be written.
    """

    slices: list[Dataset]
    stored: np.ndarray
    folder: Path

    @property
    def suv(self) -> np.ndarray:
        return self.stored * SUV_A_STEP

    @property
    def tracers(self) -> list[Dataset]:
        return [dataset.RadiopharmaceuticalInformationSequence[0] for dataset in self.slices]

    def set(self, **tags: object) -> "Pet":
        """Set tags in all slices; None removes one."""
        return self._set(self.slices, tags)

    def set_tracer(self, **tags: object) -> "Pet":
        return self._set(self.tracers, tags)

    def worth(self, per_suv: float | Sequence[float]) -> "Pet":
        """Restate the rescaled values: so much (for each slice) is a SUV of 1."""
        for dataset, value in zip(self.slices, np.broadcast_to(per_suv, SLICES).tolist(), strict=True):
            dataset.RescaleSlope = f"{value * SUV_A_STEP:.10g}"
        return self

    def acquired(self, *moments: datetime) -> "Pet":
        """Give each slice its own start of acquisition."""
        for dataset, moment in zip(self.slices, moments, strict=True):
            dataset.AcquisitionDate, dataset.AcquisitionTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S.%f}"
        return self

    def injected(self, moment: datetime) -> "Pet":
        return self.set_tracer(
            RadiopharmaceuticalStartDateTime=f"{moment:%Y%m%d%H%M%S}.00",
            RadiopharmaceuticalStartTime=f"{moment:%H%M%S}.00",
        )

    def write(self) -> Path:
        self.folder.mkdir()
        for number, dataset in enumerate(self.slices):
            dataset.save_as(self.folder / f"slice{number:02}.dcm", enforce_file_format=True)
        return self.folder

    def _set(self, datasets: Sequence[Dataset], tags: dict[str, object]) -> "Pet":
        for dataset in datasets:
            for keyword, value in tags.items():
                if value is not None:
                    setattr(dataset, keyword, value)
                elif keyword in dataset:
                    delattr(dataset, keyword)
        return self


def pet_slice(stored: np.ndarray, k: int, series: UID, frame_of_reference: UID) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = PositronEmissionTomographyImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = series, frame_of_reference
    dataset.StudyInstanceUID = generate_uid()
    dataset.Modality = "PT"
    dataset.Manufacturer = "Synthetic"
    dataset.SeriesNumber, dataset.SeriesDescription = "3", "PET AC"
    dataset.PatientName, dataset.PatientID = "Secret^Name", "SECRET-ID"
    dataset.PatientWeight, dataset.PatientSize, dataset.PatientSex = f"{WEIGHT_KG:g}", "1.75", "M"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SeriesDate = dataset.StudyDate = f"{SCANNED:%Y%m%d}"
    dataset.SeriesTime = dataset.StudyTime = f"{SCANNED:%H%M%S}"
    dataset.ActualFrameDuration = f"{1000 * FRAME_S:.0f}"
    dataset.FrameReferenceTime = f"{1000 * middle_s():.6f}"
    dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
    dataset.SeriesType = ["STATIC", "IMAGE"]
    dataset.Units, dataset.DecayCorrection = "BQML", "START"
    tracer, nuclide = Dataset(), Dataset()
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = f"{DOSE_BQ:.0f}", f"{HALF_LIFE_S:g}"
    nuclide.CodeValue, nuclide.CodingSchemeDesignator, nuclide.CodeMeaning = "C-111A1", "SRT", "^18^Fluorine"
    tracer.RadionuclideCodeSequence = DicomSequence([nuclide])
    dataset.RadiopharmaceuticalInformationSequence = DicomSequence([tracer])
    dataset.ImagePositionPatient = ["-14", "-10", f"{50 + 3 * k:g}"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = ["4", "4"]
    dataset.RescaleIntercept, dataset.RescaleSlope = "0", "1"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.PixelData = stored.astype("<i2").tobytes()
    return dataset
