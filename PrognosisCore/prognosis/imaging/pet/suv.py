"""The one way in for PET: a DICOM series or an image file becomes SUVbw, or an error says why not."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from prognosis.errors import InputError, UsageError
from prognosis.imaging.dicom.files import DicomFile, is_dicom_file, read_dicom_header
from prognosis.imaging.dicom.series import SeriesInFolder, choose_series, image_series_in, is_volume_image, kind_of
from prognosis.imaging.dicom.values import tag_name, text
from prognosis.imaging.dicom.volumes import gate_series, volume_of
from prognosis.imaging.pet.conversion import SuvConversion, SuvVolume
from prognosis.imaging.pet.given import SuvGiven
from prognosis.imaging.pet.headers import check_slices, refuse_enhanced
from prognosis.imaging.pet.plausibility import hardly_suv, oddities
from prognosis.imaging.pet.scale import suv_scale
from prognosis.imaging.readers import read_volume
from prognosis.imaging.scalar.files import SCALAR_SUFFIXES, image_suffix

_PET = "PT"
NOTHING_GIVEN = SuvGiven()


def read_suv(
    path: Path, *, series: str | None = None, given: SuvGiven = NOTHING_GIVEN, resample_uneven: bool = False
) -> SuvVolume:
    """Read a PET as body-weight SUV.

    Args:
        path: A folder with a PET series in DICOM, or a NRRD, NIfTI or MetaImage file, whose values are taken for SUVbw.
        series: Which series of a folder, as for `read_volume`; not needed where only one is PET.
        given: What takes the place of values in the header.
        resample_uneven: As for `read_volume`.

    Returns:
        The PET in SUVbw, and how it became that.

    Raises:
        InputError: The image cannot be used, its SUV cannot be computed, or the values of a file are those of another
            unit; the message names the file or the tag.
        UsageError: `series` is given for a file, or a value given by hand has nothing to act on.
    """
    if path.is_file() and is_dicom_file(path):
        raise _single_file(path)
    if path.is_dir():
        suv = _read_series(path, series, given, resample_uneven=resample_uneven)
    else:
        suv = _read_file(path, series, given)
    array = suv.volume.array
    if not np.isfinite(array).all():
        raise InputError(
            f"{path}: its SUV are too large to be numbers ({suv.how.highest_factor:g} for each unit of its values).",
            remedy=f"Check {tag_name('RescaleSlope')} and the factor given by hand (--suv-factor).",
        )
    if not (array != array.flat[0]).any():
        raise InputError(f"{path}: all its voxels are {array.flat[0]:g}.", remedy="Export the image again.")
    how = replace(suv.how, notes=(*suv.how.notes, *oddities(array)))
    return SuvVolume(suv.volume.with_notes(*how.notes), how)


def _read_series(folder: Path, wanted: str | None, given: SuvGiven, *, resample_uneven: bool) -> SuvVolume:
    files, notes = _pet_files(folder, wanted)
    for file in files:
        refuse_enhanced(file)
    gated = gate_series(files, notes, resample_uneven=resample_uneven)
    slices = gated.slices
    checked = check_slices(slices)
    scale = suv_scale(slices, given)
    volume = volume_of(gated, factors=scale.factors)
    return SuvVolume(volume, replace(scale.how, notes=(*checked, *scale.how.notes)))


def _pet_files(folder: Path, wanted: str | None) -> tuple[Sequence[DicomFile], tuple[str, ...]]:
    """The files of the series that is meant; among several series the only one of PET is."""
    found = image_series_in(folder)
    pet = tuple(one for one in found.series if one.modality == _PET)
    if found.series and not pet:
        listed = "".join(f"\n  {one}" for one in found.series)
        raise InputError(f"{folder} holds no PET series but:{listed}\n", remedy="Give the folder of the PET.")
    chosen = choose_series(folder, found if wanted else SeriesInFolder(pet, found.notes), wanted)
    if chosen.modality != _PET:
        raise InputError(f"{folder}: the series chosen is no PET but {chosen}.", remedy="Choose the PET (--series).")
    others = len(found.series) - 1
    passed_over = (f"{others} other image series of the folder left out.",) if others else ()
    return chosen.files, (*found.notes, *passed_over)


def _single_file(path: Path) -> InputError:
    file = DicomFile(path, read_dicom_header(path))
    if not is_volume_image(file) or text(file.header, "Modality") != _PET:
        return InputError(f"{path} is no PET image but: {kind_of(file)}.", remedy="Give the folder of the PET series.")
    refuse_enhanced(file)
    return InputError(f"{path} is a single slice.", remedy="Give the folder that holds the whole series.")


def _read_file(path: Path, series: str | None, given: SuvGiven) -> SuvVolume:
    if image_suffix(path) in SCALAR_SUFFIXES and (given.weight_kg is not None or given.dose_bq is not None):
        raise UsageError(
            f"{path} is no DICOM series: its values are taken for SUVbw, and {given.words} given by hand would change "
            "nothing.",
            remedy="Leave out --weight-kg and --dose-bq, or give the factor to SUVbw (--suv-factor).",
        )
    volume = read_volume(path, series=series)
    if volume.modality not in (None, _PET):
        raise InputError(f"{path} is no PET: its header says {volume.modality}.", remedy="Give the PET.")
    factor = 1.0 if given.suv_factor is None else given.suv_factor
    with np.errstate(over="ignore", invalid="ignore"):
        suv = np.multiply(volume.array, factor, dtype=np.float32)
    if given.suv_factor is None and (why := hardly_suv(suv)):
        raise InputError(
            f"{path} is no DICOM series, and its values are no SUV: {why}. They may be Bq/ml.",
            remedy="Give the PET in SUV or as DICOM series, or the factor that makes SUV of its values (--suv-factor).",
        )
    # Without the file's name, which results would keep and which often is a patient's.
    taken = "The values of the file are taken for SUVbw as they are."
    multiplied = f"The values of the file are taken for SUVbw after multiplying by {factor:g}, given by hand."
    how = SuvConversion(
        "image file taken for SUVbw",
        lowest_factor=factor,
        highest_factor=factor,
        given=given,
        notes=(taken if given.suv_factor is None else multiplied,),
    )
    return SuvVolume(replace(volume, array=suv, modality=_PET), how)
