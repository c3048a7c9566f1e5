"""Chosen nodes as files for the command line, and the command that scores them."""

from dataclasses import dataclass
from pathlib import Path

import slicer

from prognosis_slicer.lesion_risk.inputs import Inputs
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments, segment_names
from prognosis_slicer.scene.volumes import write_image

_IMAGE, _LESIONS, _ORGANS, _RESULT = "image.nrrd", "lesions.seg.nrrd", "organs.seg.nrrd", "result"


@dataclass(frozen=True)
class HandedOver:
    """A request in files.

    Args:
        command: What follows `prognosis` on the command line.
        result: The folder it will write.
        owners: The segment ID of each lesion of the result.
        notes: What was done with the inputs, in words for the user.
    """

    command: tuple[object, ...]
    result: Path
    owners: tuple[str, ...]
    notes: tuple[str, ...]


def hand_over(inputs: Inputs, folder: Path) -> HandedOver:
    """Write what is to be scored into a folder.

    Raises:
        InputError: A node cannot be used as it is.
        UsageError: The files cannot be written.
    """
    scene = slicer.mrmlScene
    image = write_image(scene.GetNodeByID(inputs.image_id), folder / _IMAGE)
    chosen = read_segments(scene.GetNodeByID(inputs.lesions_id), inputs.segment_ids, image.geometry)
    write_lesions(chosen.lesions, image.geometry, folder / _LESIONS)
    notes = (*image.notes, *chosen.notes)
    if inputs.organs_id is not None:
        node = scene.GetNodeByID(inputs.organs_id)
        organs = read_segments(node, tuple(segment_names(node)), image.geometry)
        write_lesions(organs.lesions, image.geometry, folder / _ORGANS)
        notes += organs.notes
    owners = chosen.owners(split_components=inputs.split_islands, min_volume_mm3=inputs.smallest_island_mm3)
    return HandedOver(_command(inputs, folder), folder / _RESULT, owners, notes)


def _command(inputs: Inputs, folder: Path) -> tuple[object, ...]:
    words: list[object] = ["lesions", "score", "--image", folder / _IMAGE, "--lesions", folder / _LESIONS]
    if inputs.organs_id is not None:
        words += ["--organs", folder / _ORGANS]
    if inputs.split_islands:
        words += ["--split-components", "--min-volume-mm3", inputs.smallest_island_mm3]
    if inputs.model:
        words += ["--model", inputs.model]
    if inputs.show_demonstration_numbers:
        words.append("--show-demonstration-numbers")
    return (*words, "--output", folder / _RESULT)
