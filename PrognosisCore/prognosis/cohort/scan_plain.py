"""NRRD, NIfTI and MetaImage files of a scanned folder, told apart and paired by their names."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.imaging.scalar.files import SCALAR_SUFFIXES, image_suffix

_SEGMENTATION_WORDS = frozenset(
    [
        "annotation",
        "annotations",
        "gtv",
        "label",
        "labelmap",
        "labels",
        "lesion",
        "lesions",
        "mask",
        "masks",
        "roi",
        "rois",
        "seg",
        "segmentation",
        "segmentations",
        "tumor",
        "tumors",
        "tumour",
        "tumours",
    ]
)
_ORGAN_WORDS = frozenset(("organ", "organs", "totalsegmentator"))
_IMAGE_WORDS = frozenset(("ct", "image", "img", "scan", "volume"))
_CHANNEL_ENDING = "0000"
_DATA_SET_ENDINGS = ("tr", "ts")


@dataclass(frozen=True)
class PlainFiles:
    """Image files of a folder by what their names say they are."""

    images: tuple[Path, ...]
    segmentations: tuple[Path, ...]
    organs: tuple[Path, ...]


def is_plain_image(path: Path) -> bool:
    return image_suffix(path) in SCALAR_SUFFIXES


def sort_plain_files(paths: Sequence[Path]) -> PlainFiles:
    """Tell images, segmentations and organs apart by words in names, or by the name of a folder of masks alone."""
    by_folder: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        by_folder[path.parent].append(path)
    images: list[Path] = []
    segmentations: list[Path] = []
    organs: list[Path] = []
    for folder, files in by_folder.items():
        named = [path for path in files if _words(path) & (_SEGMENTATION_WORDS | _ORGAN_WORDS)]
        only_masks = not named and is_folder_of_masks(folder)
        for path in files:
            if _words(path) & _ORGAN_WORDS:
                organs.append(path)
            elif only_masks or path in named:
                segmentations.append(path)
            else:
                images.append(path)
    return PlainFiles(tuple(images), tuple(segmentations), tuple(organs))


def is_folder_of_masks(folder: Path) -> bool:
    """Whether a folder is named like one of segmentations, such as 'masks' or 'labelsTr'."""
    name = folder.name.lower()
    return name in _SEGMENTATION_WORDS or (
        name.endswith(_DATA_SET_ENDINGS) and name[:-2].rstrip("_-") in _SEGMENTATION_WORDS
    )


def images_named_like(path: Path, images: Mapping[Path, Sequence[Path]]) -> list[Path]:
    """The images a segmentation or a file of organs may belong to, by folder and name.

    Args:
        path: The segmentation.
        images: Folder -> its images.
    """
    beside = images.get(path.parent, ())
    if len(beside) == 1:
        return [image for image in beside if _may_be_of(path, image)]
    if beside:
        fitting = [image for image in beside if _core(path)[: len(_core(image))] == _core(image)]
        longest = max((len(_core(image)) for image in fitting), default=0)
        return [image for image in fitting if len(_core(image)) == longest] or list(beside)
    if is_folder_of_masks(path.parent):
        siblings = (files for folder, files in images.items() if folder.parent == path.parent.parent)
        return [image for files in siblings for image in files if _core(image) == _core(path)]
    return []


def _may_be_of(path: Path, image: Path) -> bool:
    """Whether a segmentation's name says nothing of whom it is, or begins with what the image's name says of it."""
    mine, of_image = ([part for part in _core(one) if part not in _IMAGE_WORDS] for one in (path, image))
    return not mine or mine[: len(of_image)] == of_image


def _parts(path: Path) -> list[str]:
    """The words and numbers of a file's name, in lower case."""
    stem = path.name[: len(path.name) - len(image_suffix(path))].lower()
    return [part for part in re.split(r"[^a-z0-9]+", stem) if part]


def _words(path: Path) -> frozenset[str]:
    return frozenset(part.rstrip("0123456789") for part in _parts(path))


def _core(path: Path) -> list[str]:
    """What of a name is left to tell images apart."""
    parts = _parts(path)
    if parts[-1:] == [_CHANNEL_ENDING] and len(parts) > 1:
        parts = parts[:-1]
    return [part for part in parts if part.rstrip("0123456789") not in _SEGMENTATION_WORDS | _ORGAN_WORDS]
