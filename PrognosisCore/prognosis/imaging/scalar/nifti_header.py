"""What ITK does not check of a NIfTI file: that all of it is there, and that its matrix is the one ITK read."""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError

_HEADER_BYTES = 348
# The header and the four bytes after it that say whether extensions follow.
_FIRST_VOXEL_BYTE = 352
_MM_UNITS = (0, 2)
_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True)
class NiftiHeader:
    """The fields of a NIfTI-1 header that say where the voxels lie and how many bytes they take.

    Args:
        size: Sizes along all dimensions of the file.
        spacing: `pixdim` of the first three dimensions.
        data_end: Number of (uncompressed) bytes up to the last voxel.
        oriented: Whether a qform or an sform places the image in the patient.
        affine: The sform as index-to-patient matrix (LPS, mm), None where there is none.
    """

    size: tuple[int, ...]
    spacing: tuple[float, float, float]
    data_end: int
    oriented: bool
    affine: NDArray[np.float64] | None


def read_nifti_header(path: Path) -> NiftiHeader:
    """Read the header of a .nii or .nii.gz file.

    Raises:
        InputError: The file is no NIfTI-1 file, is truncated within its header, is not in millimetres, or does not
            tell in numbers where its voxels lie.
    """
    with _opened(path) as stream:
        try:
            header = stream.read(_HEADER_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(path) from error
    if len(header) < _HEADER_BYTES:
        raise _damaged(path)
    order = next((order for order in "<>" if struct.unpack(order + "i", header[:4])[0] == _HEADER_BYTES), None)
    if order is None or header[344:347] != b"n+1":
        raise InputError(f"{path} is not a NIfTI-1 file.", remedy="Save the image as .nrrd or as .nii.gz (NIfTI-1).")
    return _parsed(path, header, order)


def _parsed(path: Path, header: bytes, order: str) -> NiftiHeader:
    dimensions = struct.unpack_from(order + "8h", header, 40)
    size = dimensions[1 : 1 + max(0, min(dimensions[0], 7))]
    bits = struct.unpack_from(order + "h", header, 72)[0]
    pixdim = struct.unpack_from(order + "8f", header, 76)
    offset, slope, intercept = struct.unpack_from(order + "3f", header, 108)
    qform, sform = struct.unpack_from(order + "2h", header, 252)
    if (header[123] & 7) not in _MM_UNITS:
        raise InputError(f"{path}: its header (xyzt_units) is not in millimetres.", remedy="Export it in millimetres.")
    if not size or min(size) < 1 or bits < 1 or not math.isfinite(offset):
        raise _damaged(path)
    if offset < _FIRST_VOXEL_BYTE:
        raise InputError(
            f"{path}: its voxels would begin within its header (vox_offset {offset:g}).", remedy="Export it again."
        )
    # A slope of 0 means values as they are stored; ITK would add the intercept all the same.
    if (slope == 0 or not math.isfinite(slope)) and math.isfinite(intercept) and intercept != 0:
        raise InputError(
            f"{path}: its header contradicts itself on the scale of values (scl_slope {slope:g}, "
            f"scl_inter {intercept:g}).",
            remedy="Export the image again.",
        )
    quaternion = struct.unpack_from(order + "6f", header, 256)
    affine = np.eye(4)
    affine[:3] = np.reshape(struct.unpack_from(order + "12f", header, 280), (3, 4))
    if (qform > 0 and not np.isfinite(quaternion).all()) or (sform > 0 and not np.isfinite(affine).all()):
        raise InputError(f"{path}: its place (qform or sform) is not a number.", remedy="Export the image again.")
    return NiftiHeader(
        size=size,
        spacing=(abs(pixdim[1]), abs(pixdim[2]), abs(pixdim[3])),
        data_end=int(offset) + math.prod(size) * bits // 8,
        oriented=qform > 0 or sform > 0,
        affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine if sform > 0 else None,
    )


def check_nifti_is_whole(path: Path, header: NiftiHeader) -> None:
    """Refuse a file that ends before its last voxel: ITK would fill the rest with zeros without a word.

    Raises:
        InputError: The file is truncated, or its compressed stream is damaged.
    """
    held = 0
    with _opened(path) as stream:
        try:
            while held <= header.data_end:
                chunk = stream.read(_CHUNK_BYTES)
                if not chunk:
                    break
                held += len(chunk)
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(path) from error
    if held < header.data_end:
        raise _damaged(path)


def _opened(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is truncated or damaged.", remedy="Copy or export the image again.")
