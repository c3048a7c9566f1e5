"""The painted label map read straight into a node's voxels: a second one never lies in memory."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry

_REMEDY = "Score the patient again."
_MOST_HEADER_BYTES = 1 << 20
_PIECE_BYTES = 1 << 20
_FIELD = re.compile(rb"([a-z ]+): *(.*)")
_TYPES = (b"unsigned short", b"ushort", b"unsigned short int", b"uint16", b"uint16_t")


@dataclass(frozen=True)
class LabelMapFile:
    """A `risk_labels.nrrd`.

    Args:
        path: The file.
        geometry: Its lattice.
    """

    path: Path
    geometry: Geometry

    def read_into(self, voxels: NDArray[np.uint16]) -> None:
        """Read the label values.

        Args:
            voxels: [k, j, i], contiguous, on `geometry`; filled.

        Raises:
            InputError: The file is damaged or not of the kind the command line writes.
        """
        try:
            with self.path.open("rb") as stream:
                fields = _header(stream)
                encoding = fields.get(b"encoding", b"").lower()
                fits = fields.get(b"type") in _TYPES and fields.get(b"endian", b"").lower() == b"little"
                if not fits or encoding not in (b"gzip", b"gz", b"raw"):
                    raise InputError(f"{self.path} is no label map of lesions.", remedy=_REMEDY)
                _fill(stream if encoding == b"raw" else gzip.GzipFile(fileobj=stream), voxels, self.path)
        except (OSError, EOFError) as error:
            raise _damaged(self.path) from error


def open_label_map(path: Path) -> LabelMapFile:
    """Look where a label map lies; its voxels are not read.

    Raises:
        InputError: It is missing or no image file.
    """
    reader = sitk.ImageFileReader()
    reader.SetImageIO("NrrdImageIO")
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _damaged(path) from error
    i, j, k = reader.GetSize()
    return LabelMapFile(path, Geometry((i, j, k), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection()))


def _header(stream: BinaryIO) -> dict[bytes, bytes]:
    """The fields; the stream then stands at the first voxel."""
    fields: dict[bytes, bytes] = {}
    while (line := stream.readline(_MOST_HEADER_BYTES)).strip():
        if match := _FIELD.fullmatch(line.rstrip()):
            fields[match[1]] = match[2]
    return fields


def _fill(stream: BinaryIO | gzip.GzipFile, voxels: NDArray[np.uint16], path: Path) -> None:
    rest = memoryview(voxels.reshape(-1).view(np.uint8))
    while len(rest):
        count = stream.readinto(rest[:_PIECE_BYTES])
        if not count:
            raise _damaged(path)
        rest = rest[count:]


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is missing or damaged.", remedy=_REMEDY)
