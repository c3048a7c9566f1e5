"""The one way in for images: a file or a DICOM folder becomes a `Volume`, or an error says why not."""

from pathlib import Path

from prognosis.errors import InputError, UsageError
from prognosis.imaging.dicom.files import is_dicom_file
from prognosis.imaging.dicom.volumes import read_dicom_file, read_dicom_folder
from prognosis.imaging.scalar.files import SCALAR_SUFFIXES, image_suffix
from prognosis.imaging.scalar.volumes import read_scalar_volume
from prognosis.imaging.volume import Volume


def read_volume(path: Path, *, series: str | None = None, resample_uneven: bool = False) -> Volume:
    """Read an image from a NRRD, NIfTI or MetaImage file, a DICOM folder or an enhanced DICOM object.

    Args:
        path: The file, or the folder, which is searched with its subfolders.
        series: Which series of a folder: its SeriesInstanceUID, at least 6 characters of the beginning or end
            of that, or its SeriesNumber.
        resample_uneven: Whether slices at uneven distances are resampled to their median distance, not refused.

    Returns:
        The volume in the orientation of the file; DICOM slices are stacked along the normal of their plane.

    Raises:
        InputError: The image cannot be used as it is; the message names the file or tag and what to do.
        UsageError: `series` is given for a file.
    """
    if path.is_dir():
        volume = read_dicom_folder(path, series=series, resample_uneven=resample_uneven)
    else:
        if series is not None:
            raise UsageError(f"{path} is no folder to choose a series from.", remedy="Leave --series out.")
        volume = _read_file(path, resample_uneven=resample_uneven)
    lowest = volume.array.flat[0]
    if not (volume.array != lowest).any():
        raise InputError(f"{path}: all its voxels are {lowest:g}.", remedy="Export the image again.")
    return volume


def _read_file(path: Path, *, resample_uneven: bool) -> Volume:
    if not path.is_file():
        raise InputError(f"{path} does not exist.", remedy="Check the path.")
    if image_suffix(path) in SCALAR_SUFFIXES:
        return read_scalar_volume(path)
    if is_dicom_file(path):
        return read_dicom_file(path, resample_uneven=resample_uneven)
    raise InputError(
        f"{path} is not an image file known here.",
        remedy=f"Give a DICOM folder or one of {', '.join(SCALAR_SUFFIXES)}.",
    )
