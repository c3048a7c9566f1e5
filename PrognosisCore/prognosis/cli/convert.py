"""`prognosis convert`: images and segmentations from one format to another."""

import argparse
from pathlib import Path

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, lesion_choice
from prognosis.errors import UsageError


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "convert",
        common,
        summary="write a DICOM series, SEG or RTSTRUCT as NRRD, NIfTI or MetaImage",
        example="prognosis convert rtstruct.dcm --image CT_FOLDER --output lesions.seg.nrrd",
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
    add_lesion_choice(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help=".nrrd, .seg.nrrd, .nii.gz or .mha")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.imaging.lesion_readers import read_lesions
    from prognosis.imaging.lesion_writing import write_labelmap, write_seg_nrrd
    from prognosis.imaging.readers import read_volume
    from prognosis.imaging.writing import write_volume

    output = arguments.output
    if output.exists() and not arguments.overwrite:
        raise UsageError(f"{output} already exists.", remedy="Choose another --output, or add --overwrite.")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {output.absolute().parent}.", remedy="Make it first.")
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
