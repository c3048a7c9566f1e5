"""The latents of one photo on disk, what is known of them, and the picture the generator makes of them.

No photo is copied. Latents and picture still tell who somebody is: whoever has the generator sees the face.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from prognosis.errors import InputError
from prognosis.files import write_bytes, write_json
from prognosis.portraits.comparing.grids import SYNTHETIC, marked_png, pixels_of
from prognosis.portraits.projecting.options import Space
from prognosis.portraits.projecting.results import Distances, Latents, Projection, Restarts

LATENT, DOCUMENT, PICTURE = "latent.safetensors", "projection.json", "projection.png"
CONSENT = "Use photos only with consent; nothing leaves this machine."
IDENTIFIABLE = "Latents and the pictures made of them identify people: treat them like the photos."
RESEARCH_USE = "Research use only. Not for diagnosis or treatment."

_FORMAT = 1
_FORMAT_NAME = f"prognosis latent {_FORMAT}"
_ABOUT = "about"
_POINTS = 50
_NOISE = "noise."
_AGAIN = "Project the photo again."


@dataclass(frozen=True)
class GeneratorUsed:
    """The generator latents belong to: they mean nothing to another.

    Args:
        name: Of the model.
        version: Of the model.
        sha256: Hash of the bundle's manifest, which holds the hashes of all its files.
        demonstration: Whether it is a demonstration, to be marked wherever a result of its appears.
    """

    name: str
    version: str
    sha256: str
    demonstration: bool


@dataclass(frozen=True)
class PhotoRead:
    """What was known of a photo before it was projected.

    Args:
        flags: What should be looked at, in words, such as 'blurred'.
        notes: What had to be done to read it.
        measures: Pose, sharpness and the like, None where one cannot be measured; where the face came aligned, only
            how much is covered.
    """

    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    measures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class ProjectionRecord:
    """What `projection.json` says.

    Args:
        space: Where the latents were looked for.
        distances: How far the face is from the photo.
        loss: What was made small.
        restarts: How much the start mattered.
        steps: Steps taken.
        stopped_early: Whether it ended for want of progress.
        curve: (step, loss), about 50 of them.
        photo: What was known of the photo.
        generator: Whose latents these are.
        options: How they were found.
    """

    space: Space
    distances: Distances
    loss: float
    restarts: Restarts
    steps: int
    stopped_early: bool
    curve: tuple[tuple[int, float], ...]
    photo: PhotoRead
    generator: GeneratorUsed
    options: Mapping[str, Any]


def write_projection(
    folder: Path,
    projection: Projection,
    photo: PhotoRead,
    generator: GeneratorUsed,
    options: Mapping[str, Any],
    about: Mapping[str, Any] | None = None,
) -> ProjectionRecord:
    """Write latents, document and picture of a photo.

    Args:
        folder: An existing one.
        projection: What was found.
        photo: What was known of the photo.
        generator: Whose latents these are.
        options: How they were found, as plain values.
        about: What else the document tells, such as versions.
    """
    record = ProjectionRecord(
        space=projection.latents.space,
        distances=projection.distances,
        loss=projection.loss,
        restarts=projection.restarts,
        steps=projection.steps,
        stopped_early=projection.stopped_early,
        curve=_thinned(projection.curve),
        photo=photo,
        generator=generator,
        options=dict(options),
    )
    write_bytes(folder / LATENT, latent_bytes(projection.latents, generator))
    write_bytes(folder / PICTURE, marked_png(pixels_of(projection.image[None])[0], picture_words(generator)))
    notice = {"format": _FORMAT, "notice": RESEARCH_USE, "privacy": f"{CONSENT} {IDENTIFIABLE}"}
    write_json(folder / DOCUMENT, {**notice, **asdict(record), **(about or {})})
    return record


def picture_words(generator: GeneratorUsed) -> str:
    """What the text in a picture of a projected face says."""
    demonstration = ", a demonstration model" if generator.demonstration else ""
    made_by = f"{SYNTHETIC} by {generator.name} {generator.version}{demonstration}, fitted to a photo."
    return f"{made_by} {IDENTIFIABLE} {RESEARCH_USE}"


def latent_bytes(latents: Latents, generator: GeneratorUsed) -> bytes:
    """Latents as safetensors whose metadata says what they are and whose; the same latents are the same bytes."""
    tensors = {"w_plus": latents.w_plus}
    tensors |= {name: values for name, values in (("z", latents.z), ("w", latents.w)) if values is not None}
    tensors |= {f"{_NOISE}{place}": values for place, values in enumerate(latents.noise_maps)}
    about = {
        "format": _FORMAT_NAME,
        "space": latents.space.value,
        "generator": f"{generator.name} {generator.version}",
        "generator_sha256": generator.sha256,
        "notice": f"{IDENTIFIABLE} {RESEARCH_USE}",
    }
    apart = {name: values.float().clone(memory_format=torch.contiguous_format) for name, values in tensors.items()}
    # One key: of several the library writes them in an order that changes from run to run.
    content: bytes = save(apart, metadata={_ABOUT: json.dumps(about)})
    return content


def read_latents(file: Path, *, generator_sha256: str | None = None) -> Latents:
    """Read what `latent_bytes` wrote.

    Args:
        file: `latent.safetensors`.
        generator_sha256: Of the generator they shall be used with; None where that does not matter.

    Raises:
        InputError: The file is missing, damaged, none of this program, or belongs to another generator.
    """
    try:
        with safe_open(file, framework="pt") as stored:
            about = json.loads((stored.metadata() or {})[_ABOUT])
            tensors: dict[str, Tensor] = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        latents = _latents(tensors, about)
    except (OSError, SafetensorError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{file} is missing or damaged, or holds no latents.", remedy=_AGAIN) from error
    if generator_sha256 not in (None, about.get("generator_sha256")):
        raise InputError(
            f"{file} holds latents of another generator, {about.get('generator', 'an unknown one')}.",
            remedy="Use that generator, or project the photo with this one.",
        )
    return latents


def read_projection(folder: Path) -> ProjectionRecord:
    """Read the document that `write_projection` wrote.

    Raises:
        InputError: It is missing or damaged.
    """
    try:
        content = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError("of another format")
        return _record(content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{folder / DOCUMENT} is missing or damaged.", remedy=_AGAIN) from error


def _latents(tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> Latents:
    if about.get("format") != _FORMAT_NAME:
        raise ValueError("of another format")
    space, w_plus = Space(about["space"]), tensors["w_plus"]
    count = sum(name.startswith(_NOISE) for name in tensors)
    latents = Latents(
        space=space,
        z=tensors["z"] if space is Space.Z else None,
        w=None if space is Space.W_PLUS else tensors["w"],
        w_plus=w_plus,
        noise_maps=tuple(tensors[f"{_NOISE}{place}"] for place in range(count)),
    )
    flat = [each for each in (latents.z, latents.w) if each is not None]
    if w_plus.ndim != 2 or any(each.ndim != 1 for each in flat) or any(each.ndim != 2 for each in latents.noise_maps):
        raise ValueError("of another shape")
    if not all(torch.isfinite(each).all() and each.dtype == torch.float32 for each in tensors.values()):
        raise ValueError("no numbers of 32 bits")
    return latents


def _record(content: Mapping[str, Any]) -> ProjectionRecord:
    photo = content["photo"]
    return ProjectionRecord(
        space=Space(content["space"]),
        distances=Distances(**content["distances"]),
        loss=float(content["loss"]),
        restarts=Restarts(**content["restarts"]),
        steps=int(content["steps"]),
        stopped_early=bool(content["stopped_early"]),
        curve=tuple((int(step), float(loss)) for step, loss in content["curve"]),
        photo=PhotoRead(tuple(photo["flags"]), tuple(photo["notes"]), dict(photo["measures"])),
        generator=GeneratorUsed(**content["generator"]),
        options=dict(content["options"]),
    )


def _thinned(curve: Sequence[float]) -> tuple[tuple[int, float], ...]:
    every = max(1, len(curve) // _POINTS)
    last = len(curve) - 1
    kept = ((step, loss) for step, loss in enumerate(curve) if step % every == 0 or step == last)
    return tuple((step, loss) for step, loss in kept if math.isfinite(loss))
