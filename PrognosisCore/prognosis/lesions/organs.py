"""Which organ a lesion lies in."""

import re
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import PlacedMask, place_on

_MARGIN_MM = 10.0
_OTHER = "other"

# Names of TotalSegmentator v2's classes and of Slicer's terminology, by what they start with or contain.
_GROUP_OF_NAME = (
    ("lung", r"lung|pulmonary_lobe"),
    (
        "mediastinum",
        r"mediastin|heart|aorta|o?esophagus|trachea|pulmonary_(vein|artery)|superior_vena_cava|atrial|thymus"
        r"|brachiocephalic|subclavian|common_carotid",
    ),
    (
        "bone",
        r"bone|vertebra|ribs?(_|$)|sternum|costal|sacrum|hip(_|$)|femur|humerus|scapula|clavicula|skull|spine|pelvis",
    ),
    ("liver", r"liver"),
    ("spleen", r"spleen"),
    ("kidney", r"kidney"),
    ("stomach", r"stomach"),
)
_NAME_OF_LESION = r"tumou?r|lesion|nodule|node|mass|metast|gtv|(^|_)(ln|met)"
_NAME_OF_LANDMARK = r"(^|_)(body|external|skin|carina|cord|couch|table)"
# Label values of TotalSegmentator v2's task 'total', for label maps without names.
_GROUP_OF_VALUE = (
    ("spleen", {1}),
    ("kidney", {2, 3, 23, 24}),
    ("liver", {5}),
    ("stomach", {6}),
    ("lung", set(range(10, 15))),
    ("mediastinum", {15, 16, *range(51, 63)}),
    ("bone", {*range(25, 51), *range(69, 79), *range(91, 118)}),
)


def organ_group(name: str) -> str:
    """Map the name of an organ's segment, or 'lesion 5' of a nameless label map, to its group."""
    value = re.fullmatch(r"lesion (\d+)", name)
    if value:
        return next((group for group, values in _GROUP_OF_VALUE if int(value[1]) in values), _OTHER)
    plain = re.sub(r"[\s\-]+", "_", name.strip().lower())
    return next((group for group, pattern in _GROUP_OF_NAME if re.search(rf"(^|_)({pattern})", plain)), _OTHER)


def looks_like_anatomy(name: str) -> bool:
    """Whether a structure's name is that of an organ or landmark rather than of a lesion."""
    plain = re.sub(r"[\s\-]+", "_", name.strip().lower())
    if re.search(_NAME_OF_LESION, plain):
        return False
    return organ_group(name) != _OTHER or re.search(_NAME_OF_LANDMARK, plain) is not None


class OrganFinder:
    """Finds the organ of lesions of one image.

    Args:
        organs: Masks of organs, in any lattice of the same patient space.
        geometry: The image's lattice.
    """

    def __init__(self, organs: Sequence[LesionMask], geometry: Geometry) -> None:
        self._geometry = geometry
        self._organs = [(organ_group(organ.name), place_on(organ, geometry)) for organ in organs]

    def __call__(self, lesion: PlacedMask) -> str:
        """The group with the largest overlap, else the nearest within 10 mm, else 'other'."""
        spacing = self._geometry.spacing[::-1]
        margin = [int(np.ceil(_MARGIN_MM / step)) for step in spacing]
        shape = [n + 2 * m for n, m in zip(lesion.mask.shape, margin, strict=True)]
        start = [s.start - m for s, m in zip(lesion.slices, margin, strict=True)]
        overlaps: dict[str, int] = {}
        near: dict[str, np.ndarray] = {}
        centre = tuple(slice(m, m + n) for m, n in zip(margin, lesion.mask.shape, strict=True))
        for group, organ in self._organs:
            window = _window(organ, start, shape)
            if window is None:
                continue
            overlaps[group] = overlaps.get(group, 0) + int(np.count_nonzero(window[centre] & lesion.mask))
            near[group] = near.get(group, np.zeros(shape, bool)) | window
        best = max(overlaps, key=lambda group: overlaps[group], default=None)
        if best is not None and overlaps[best] > 0:
            return best
        distances = {
            group: float(ndimage.distance_transform_edt(~mask, spacing)[centre][lesion.mask].min())
            for group, mask in near.items()
        }
        nearest = min(distances, key=lambda group: distances[group], default=None)
        return nearest if nearest is not None and distances[nearest] <= _MARGIN_MM else _OTHER


def _window(organ: PlacedMask, start: list[int], shape: list[int]) -> np.ndarray | None:
    """The part of an organ inside a box of the image that may reach beyond it; None when there is none."""
    window = np.zeros(shape, bool)
    target, source = [], []
    for place, first, length in zip(organ.slices, start, shape, strict=True):
        low, high = max(place.start, first), min(place.stop, first + length)
        if low >= high:
            return None
        target.append(slice(low - first, high - first))
        source.append(slice(low - place.start, high - place.start))
    window[tuple(target)] = organ.mask[tuple(source)]
    return window if window.any() else None
