"""Which image a segmentation was drawn on. What is not told for sure is said in words, never guessed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prognosis.cohort.scan_found import FoundImage, FoundSegmentation, Pair, Words
from prognosis.cohort.scan_plain import images_named_like


@dataclass
class Pairing:
    """Pairs that are sure, and what else there is to say.

    Args:
        pairs: Segmentations with their images.
        left_out: Segmentations without a sure image, in words.
        notes: What is odd about pairs that are kept, in words.
    """

    pairs: list[Pair] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def pair_by_reference(
    segmentations: Sequence[FoundSegmentation],
    images: Sequence[FoundImage],
    series_of_slice: Mapping[str, str],
    words: Words,
) -> Pairing:
    """Pair DICOM segmentations with the series whose slices, or whose UID, they refer to.

    One that refers to nothing is paired by its frame of reference where a single series has that.
    """
    by_series = {image.series_uid: image for image in images}
    pairing = Pairing()
    for one in segmentations:
        name = words.path(one.path)
        slices = [series_of_slice[uid] for uid in one.image_uids if uid in series_of_slice]
        found = [by_series[uid] for uid in sorted({*slices} or one.series_uids) if uid in by_series]
        told = bool(one.series_uids or one.image_uids)
        if not told:
            found = [image for image in images if image.frame_of_reference_uid in one.frame_of_reference_uids]
        if not found:
            pairing.left_out.append(f"{name}: {_why_unpaired(one, told)}")
        elif len(found) > 1:
            shared = "refers to" if told else "refers to none, and its frame of reference is that of"
            pairing.left_out.append(f"{name}: it {shared} {len(found)} image series: {words.images(found)}")
        elif found[0].patient != one.patient:
            pairing.left_out.append(f"{name}: it bears another patient id than {words.image(found[0])}")
        else:
            pairing.pairs.append(Pair(found[0], one))
            if not told:
                pairing.notes.append(f"{name} names no series: paired by its frame of reference.")
            elif slices and len(slices) < len(one.image_uids):
                missing = len(one.image_uids) - len(slices)
                pairing.notes.append(f"{name}: {missing} of the {len(one.image_uids)} slices it names are missing.")
    return pairing


def _why_unpaired(segmentation: FoundSegmentation, told: bool) -> str:
    if told:
        return "the image series it refers to is not in the folder"
    if segmentation.frame_of_reference_uids:
        return "it refers to no image series, and none has its frame of reference"
    return "it refers to no image series and to no frame of reference"


def pair_by_name(
    segmentations: Sequence[Path], plain: Sequence[Path], series: Sequence[FoundImage], folder: Path, words: Words
) -> Pairing:
    """Pair files of labels with the image file beside them, or with the only DICOM series in or below their folder.

    Args:
        segmentations: Files of labels.
        plain: Image files.
        series: DICOM series.
        folder: The scanned folder.
        words: Names things.
    """
    beside = _by_folder(plain)
    pairing = Pairing()
    for path in segmentations:
        found = [plain_image(image) for image in images_named_like(path, beside)]
        if not found and path.parent not in beside:
            found = _series_near(path, series, folder)
        if len(found) == 1:
            pairing.pairs.append(Pair(found[0], FoundSegmentation(path)))
        elif found:
            pairing.left_out.append(f"{words.path(path)}: it may belong to {words.images(found)}")
        elif path.parent in beside:
            pairing.left_out.append(f"{words.path(path)}: its name fits no image beside it")
        else:
            pairing.left_out.append(f"{words.path(path)}: no image lies beside it")
    return pairing


def _by_folder(paths: Sequence[Path]) -> dict[Path, list[Path]]:
    folders: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        folders[path.parent].append(path)
    return folders


def plain_image(path: Path) -> FoundImage:
    """An image file: each is counted as a patient of its own."""
    return FoundImage(path, patient=f"file {path}")


def _series_near(path: Path, series: Sequence[FoundImage], folder: Path) -> list[FoundImage]:
    """Series in or below the file's folder; if there are none, its parent's, unless that is the scanned folder."""
    near = [one for one in series if one.path.is_relative_to(path.parent)]
    if near or path.parent == folder or path.parent.parent == folder:
        return near
    return [one for one in series if one.path.is_relative_to(path.parent.parent)]


def keep_single(found: Pairing, words: Words, *, as_annotations: bool) -> Pairing:
    """Leave out images with several segmentations, unless those are known to be several readers' annotations."""
    of_image: defaultdict[FoundImage, list[Pair]] = defaultdict(list)
    for pair in found.pairs:
        of_image[pair.image].append(pair)
    kept = Pairing(left_out=[*found.left_out], notes=[*found.notes])
    for image, same in of_image.items():
        if len(same) == 1 or as_annotations:
            kept.pairs += same
        else:
            listed = words.segmentations([pair.segmentation for pair in same])
            kept.left_out.append(f"{words.image(image)} has {len(same)} segmentations: {listed}")
    return kept


def of_doubtful_patients(images: Sequence[FoundImage], words: Words) -> tuple[set[FoundImage], list[str]]:
    """Images whose patient id is that of several people, as after a careless pseudonymisation.

    Returns:
        The images, and each such id's in words.
    """
    of_patient: defaultdict[str, list[FoundImage]] = defaultdict(list)
    for image in images:
        of_patient[image.patient].append(image)
    doubtful = [same for same in of_patient.values() if _are_several_people(same)]
    told = [", ".join(dict.fromkeys(words.path(image.path) for image in same)) for same in doubtful]
    return {image for same in doubtful for image in same}, [
        f"one patient id, several names, birth dates or sexes: in {paths}" for paths in told
    ]


def _are_several_people(images: Sequence[FoundImage]) -> bool:
    return any(len({*told} - {""}) > 1 for told in zip(*(image.person for image in images), strict=True))


@dataclass(frozen=True)
class PetCt:
    """A PET and a CT of one examination."""

    pet: FoundImage
    ct: FoundImage


def pair_pet_with_ct(images: Sequence[FoundImage], words: Words) -> tuple[list[PetCt], list[str], list[str]]:
    """Pair PET and CT of one study and frame of reference.

    Returns:
        The pairs; studies where several PETs or CTs leave it open, in words; which PETs were preferred, in words.
    """
    examinations: defaultdict[tuple[str, str, str], list[FoundImage]] = defaultdict(list)
    for image in images:
        if image.study_uid and image.frame_of_reference_uid:
            examinations[image.patient, image.study_uid, image.frame_of_reference_uid].append(image)
    pairs: list[PetCt] = []
    left_out: list[str] = []
    notes: list[str] = []
    for same in examinations.values():
        pets = [image for image in same if image.modality == "PT"]
        cts = [image for image in same if image.modality == "CT"]
        corrected = [pet for pet in pets if pet.attenuation_corrected]
        if len(pets) > 1 and len(corrected) == 1 and cts:
            notes.append(
                f"Of {len(pets)} PETs the one corrected for attenuation is taken: {words.image(corrected[0])}."
            )
            pets = corrected
        if len(pets) == 1 and len(cts) == 1:
            pairs.append(PetCt(pets[0], cts[0]))
        elif pets and cts:
            left_out.append(
                f"PET and CT of one study are not paired, for there are several: {words.images([*pets, *cts])}"
            )
    return pairs, left_out, notes


def merged(*pairings: Pairing) -> Pairing:
    return Pairing(
        pairs=[pair for each in pairings for pair in each.pairs],
        left_out=[text for each in pairings for text in each.left_out],
        notes=[text for each in pairings for text in each.notes],
    )
