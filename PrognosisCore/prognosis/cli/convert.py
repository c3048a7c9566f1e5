"""`prognosis convert`: images and segmentations from one format to another."""

import argparse
from pathlib import Path

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, lesion_choice
from prognosis.cli.suv_options import add_suv_given, suv_given
from prognosis.errors import UsageError
from prognosis.imaging.pet.given import SuvGiven


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "convert",
        common,
        summary="write a DICOM series, SEG or RTSTRUCT as NRRD, NIfTI or MetaImage",
        example="prognosis convert rtstruct.dcm --image CT_FOLDER --output lesions.seg.nrrd\n"
        "  prognosis convert PET_FOLDER --suv --output pet.nrrd",
    )
    parser.add_argument("source", type=Path, help="image file, DICOM folder, or segmentation")
    parser.add_argument(
        "--image",
        type=Path,
        metavar="P",
        help="the source is a segmentation of this image, whose voxel grid is written",
    )
    parser.add_argument("--series", metavar="UID", help="which series, when the folder holds several")
    parser.add_argument("--resample-uneven", action="store_true", help="accept uneven slice distances and resample")
    parser.add_argument("--suv", action="store_true", help="the source is a PET, written as body-weight SUV")
    add_suv_given(parser)
    add_lesion_choice(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help=".nrrd, .seg.nrrd, .nii.gz or .mha")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.imaging.lesion_readers import read_lesions
    from prognosis.imaging.lesion_writing import write_labelmap, write_seg_nrrd
    from prognosis.imaging.readers import read_volume
    from prognosis.imaging.writing import write_volume

    given = _checked_suv(arguments)
    output = arguments.output
    if output.exists() and not arguments.overwrite:
        raise UsageError(f"{output} already exists.", remedy="Choose another --output, or add --overwrite.")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {output.absolute().parent}.", remedy="Make it first.")
    if arguments.suv:
        return _write_suv(arguments, given, console)
    image = read_volume(
        arguments.image or arguments.source, series=arguments.series, resample_uneven=arguments.resample_uneven
    )
    if arguments.image is None:
        write_volume(image, output)
        notes = image.notes
    else:
        found = read_lesions(arguments.source, image, lesion_choice(arguments))
        if not found.lesions:
            raise UsageError(
                f"{arguments.source} holds no segment to convert.", remedy="Check names and labels chosen."
            )
        if output.name.endswith(".seg.nrrd"):
            write_seg_nrrd(found.lesions, image.geometry, output)
        else:
            write_labelmap(found.lesions, image.geometry, output)
        notes = (*found.notes, *(f"{lesion.name}: {note}" for lesion in found.lesions for note in lesion.notes))
    for note in notes:
        console.warn(note)
    console.say(str(output))
    console.result({"output": str(output), "notes": list(notes)})
    return 0


def _checked_suv(arguments: argparse.Namespace) -> SuvGiven:
    given = suv_given(arguments)
    if given.words and not arguments.suv:
        raise UsageError("--weight-kg, --dose-bq and --suv-factor are for SUV.", remedy="Add --suv.")
    if arguments.suv and arguments.image is not None:
        raise UsageError("--suv is for images, --image for segmentations.", remedy="Leave out one of them.")
    return given


def _write_suv(arguments: argparse.Namespace, given: SuvGiven, console: Console) -> int:
    from prognosis.imaging.pet import read_suv
    from prognosis.imaging.writing import write_volume

    suv = read_suv(arguments.source, series=arguments.series, given=given, resample_uneven=arguments.resample_uneven)
    write_volume(suv.volume, arguments.output, remarks=suv.how.as_remarks())
    for note in suv.volume.notes:
        console.warn(note)
    console.say(str(arguments.output))
    console.result({"output": str(arguments.output), "notes": list(suv.volume.notes), "suv": suv.how.as_plain()})
    return 0
