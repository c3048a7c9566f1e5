"""Tables and folders of DICOM files, small enough to be written anew by each test."""

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    generate_uid,
)

from prognosis.cli.main import main

PLANTED_NAME, PLANTED_ID = "Doe^Jane", "HOSP-4711"
_CLASSES = {
    "CT": CTImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
    "RTSTRUCT": RTStructureSetStorage,
    "SEG": SegmentationStorage,
}


@pytest.fixture
def write(tmp_path):
    """Write lines as a table beside two empty image files."""
    (tmp_path / "ct.nrrd").touch()
    (tmp_path / "s.nrrd").touch()

    def write(*lines, header="patient_id,annotation_id,time_days,event,image,lesions,group"):
        table = tmp_path / "cohort.csv"
        table.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        return table

    return write


@pytest.fixture
def prognosis(capsys, caplog):
    """Run a command; returns its exit code, standard output, and what it warned of or failed with."""

    def prognosis(*arguments):
        caplog.clear()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err + caplog.text

    return prognosis


class DicomFolder:
    """Writes headers without pixels: scanning reads no more.

    Args:
        folder: Where the files go.
    """

    def __init__(self, folder):
        self.folder = folder

    def series(
        self, where, *, modality="CT", patient=PLANTED_ID, study=None, frame=None, slices=3, date="20200131", **tags
    ):
        """Write a series; returns its slices' headers."""
        uid, study, frame = generate_uid(), study or generate_uid(), frame or generate_uid()
        written = []
        for number in range(slices):
            header = self._header(modality, patient, study, uid, date)
            header.FrameOfReferenceUID = frame
            for keyword, value in tags.items():
                setattr(header, keyword, value)
            self.save(header, f"{where}/{modality}-{uid[-6:]}-{number}.dcm")
            written.append(header)
        return written

    def rtstruct(self, path, slices, *, patient=PLANTED_ID, name_slices=True, name_series=True):
        header = self._header("RTSTRUCT", patient, slices[0].StudyInstanceUID, generate_uid(), "20200201")
        frame, study, series = Dataset(), Dataset(), Dataset()
        frame.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
        if name_series:
            series.SeriesInstanceUID = slices[0].SeriesInstanceUID
        if name_slices:
            series.ContourImageSequence = [self._reference(one) for one in slices]
        if name_series or name_slices:
            study.RTReferencedSeriesSequence = [series]
            frame.RTReferencedStudySequence = [study]
        header.ReferencedFrameOfReferenceSequence = [frame]
        return self.save(header, path)

    def seg(self, path, slices):
        header = self._header("SEG", PLANTED_ID, slices[0].StudyInstanceUID, generate_uid(), "20200201")
        header.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
        series = Dataset()
        series.SeriesInstanceUID = slices[0].SeriesInstanceUID
        series.ReferencedInstanceSequence = [self._reference(one) for one in slices]
        header.ReferencedSeriesSequence = [series]
        return self.save(header, path)

    def save(self, header, path):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        pydicom.dcmwrite(path, header, enforce_file_format=True)
        return path

    @staticmethod
    def _reference(header):
        reference = Dataset()
        reference.ReferencedSOPClassUID = header.SOPClassUID
        reference.ReferencedSOPInstanceUID = header.SOPInstanceUID
        return reference

    @staticmethod
    def _header(modality, patient, study, series, date):
        header = Dataset()
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.SOPClassUID, header.SOPInstanceUID = _CLASSES[modality], generate_uid()
        header.Modality, header.PatientName, header.PatientID = modality, PLANTED_NAME, patient
        header.StudyInstanceUID, header.SeriesInstanceUID, header.StudyDate = study, series, date
        return header


@pytest.fixture
def dicom(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    return DicomFolder(folder)
