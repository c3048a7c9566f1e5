"""The folder that `prognosis biomarkers score` wrote, read back as far as a follow-up needs it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.images.region import REGION_SIZE
from prognosis.biomarkers.modality import Modality
from prognosis.bundles.model_used import ModelUsed
from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.scalar.volumes import read_scalar_volume
from prognosis.imaging.volume import Volume

FORMAT = "prognosis-petct-1"
DOCUMENT = "patient.json"
_SCORE_AGAIN = "Score the patient again with `prognosis biomarkers score`."
_MOST_BYTES, _LONGEST_TEXT = 20_000_000, 4000
_STRAIGHT_DEGREES = 0.1

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Baseline:
    """A scored PET/CT.

    Args:
        geometry: The region's lattice, 96 x 96 x 48 voxels along the patient's axes.
        images: Modality -> (48, 96, 96) HU or SUV; CT is always there.
        heat: Modality -> (48, 96, 96) what scoring traced back.
        tumour: (48, 96, 96) booleans, at least one true.
        phantom: The phantom that made the images; None for a patient's.
        model: Which model the heat is of.
        watermark: Text to print across figures; None when none is needed.
        endpoint: What the heat is of, in words.
        method: How the heat was computed, in words.
        warnings: Of the score, in words.
    """

    geometry: Geometry
    images: Mapping[Modality, NDArray[np.float32]]
    heat: Mapping[Modality, NDArray[np.float32]]
    tumour: NDArray[np.bool_]
    phantom: str | None
    model: ModelUsed
    watermark: str | None
    endpoint: str
    method: str
    warnings: tuple[str, ...] = ()


def read_baseline(folder: Path) -> Baseline:
    """Read and check a result folder.

    Args:
        folder: What `--output` of `prognosis biomarkers score` named.

    Raises:
        InputError: A file is missing, damaged, of another version, or does not lie on the others' lattice; or there is
            no CT or no tumour.
    """
    document = _document(folder / DOCUMENT)
    tumour = _volume(folder / "region_tumour.nrrd")
    geometry = tumour.geometry
    _check_lattice(geometry, folder / "region_tumour.nrrd")
    if not (tumour.array > 0).any():
        raise InputError(
            f"{folder / 'region_tumour.nrrd'}: no voxel of the region is tumour.",
            remedy="Score the patient again with a contour that lies in the region.",
        )
    images = _arrays(folder, "region", geometry)
    if Modality.CT not in images:
        raise InputError(
            f"{folder} holds no region_ct.nrrd, and a follow-up is laid onto the baseline by their CTs.",
            remedy="Score the patient again with --ct.",
        )
    heat = _arrays(folder, "region_heat", geometry)
    if not heat:
        raise InputError(f"{folder} holds no region_heat_ct.nrrd and no region_heat_pet.nrrd.", remedy=_SCORE_AGAIN)
    of = document.entry("heat")
    return Baseline(
        geometry=geometry,
        images=images,
        heat=heat,
        tumour=tumour.array > 0,
        phantom=tumour.phantom,
        model=_model(document.entry("model")),
        watermark=document.text_or_none("watermark"),
        endpoint=document.entry("endpoints").entry(of.text("endpoint")).text("shown"),
        method=of.text("method"),
        warnings=document.texts("warnings"),
    )


@dataclass(frozen=True)
class _Entries:
    """An object of the document, asked for values by key and kind."""

    where: str
    values: Mapping[str, Any]

    def entry(self, key: str) -> "_Entries":
        return _Entries(f"{self.where}, '{key}'", self._of(key, dict, "an object"))

    def text(self, key: str) -> str:
        text = self._of(key, str, "text")
        if len(text) > _LONGEST_TEXT or not text.replace("\n", " ").isprintable():
            raise InputError(
                f"{self.where}: '{key}' is too long or holds control characters.", remedy=_SCORE_AGAIN
            )  # fmt: skip
        return text

    def text_or_none(self, key: str) -> str | None:
        return None if key in self.values and self.values[key] is None else self.text(key)

    def truth(self, key: str) -> bool:
        return self._of(key, bool, "true or false")

    def texts(self, key: str) -> tuple[str, ...]:
        items = self._of(key, list, "a list of texts")
        listed = _Entries(f"{self.where}, '{key}'", {str(number): item for number, item in enumerate(items, start=1)})
        return tuple(listed.text(number) for number in listed.values)

    def _of(self, key: str, kind: type[_Kind], words: str) -> _Kind:
        if key not in self.values:
            raise InputError(f"{self.where}: '{key}' is missing.", remedy=_SCORE_AGAIN)
        value = self.values[key]
        if not isinstance(value, kind):
            raise InputError(f"{self.where}: '{key}' should be {words}.", remedy=_SCORE_AGAIN)
        return value


def _document(path: Path) -> _Entries:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than any result.", remedy=_SCORE_AGAIN)
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.",
            remedy="Give the folder that `prognosis biomarkers score` wrote.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no whole JSON file.", remedy=_SCORE_AGAIN) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(
            f"{path} was not written by this version's `prognosis biomarkers score`: its format is not '{FORMAT}'.",
            remedy=_SCORE_AGAIN,
        )
    return _Entries(str(path), content)


def _model(entries: _Entries) -> ModelUsed:
    return ModelUsed(
        name=entries.text("name"),
        version=entries.text("version"),
        sha256=entries.text("sha256"),
        demonstration=entries.truth("demonstration"),
        intended_use=entries.text("intended_use"),
        training_summary=entries.text("training_summary"),
    )


def _arrays(folder: Path, stem: str, geometry: Geometry) -> dict[Modality, NDArray[np.float32]]:
    """The volumes of a kind that are there, one a modality."""
    found = {}
    for modality in Modality:
        path = folder / f"{stem}_{modality.value}.nrrd"
        if not path.exists():
            continue
        volume = _volume(path)
        if not volume.geometry.is_close_to(geometry):
            raise InputError(f"{path} does not lie on the lattice of region_tumour.nrrd.", remedy=_SCORE_AGAIN)
        found[modality] = volume.array.astype(np.float32)
    return found


def _volume(path: Path) -> Volume:
    if not path.is_file():
        raise InputError(f"{path} is missing.", remedy=_SCORE_AGAIN)
    return read_scalar_volume(path)


def _check_lattice(geometry: Geometry, path: Path) -> None:
    straight = geometry.orientation == "LPS" and geometry.obliquity_degrees < _STRAIGHT_DEGREES
    if geometry.size != REGION_SIZE or not straight:
        sizes = " x ".join(map(str, geometry.size))
        raise InputError(
            f"{path} is no region of {' x '.join(map(str, REGION_SIZE))} voxels along the patient's axes "
            f"({sizes} voxels, {geometry.orientation}).",
            remedy=_SCORE_AGAIN,
        )
