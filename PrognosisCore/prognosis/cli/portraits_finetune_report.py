"""The report of a generator's training, and the pictures it is made of."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.files import write_bytes, write_text

if TYPE_CHECKING:
    from torch import Tensor

    from prognosis.bundles.bundle import Bundle
    from prognosis.portraits.comparing.distribution import SetDistance
    from prognosis.portraits.finetuning.options import FinetuneOptions
    from prognosis.portraits.finetuning.training import Finetuned

_GRIDS = "grids"
_COLUMNS = 8


def keep_grid(state: Path, shown: int, images: "Tensor") -> None:
    """Keep faces of the training so far, until its report is made; at its start those of another training go."""
    from prognosis.portraits.comparing.grids import marked_png, sample_grid

    folder = state / _GRIDS
    if shown == 0:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    picture = marked_png(sample_grid(images, columns=_COLUMNS), "Synthetic image by a generator in training")
    write_bytes(folder / f"{shown:010d}.png", picture)


def write_report(file: Path, bundle: "Bundle", trained: "Finetuned", options: "FinetuneOptions", state: Path) -> None:
    """Write the report of a training beside its model."""
    from prognosis.config import as_plain
    from prognosis.portraits.comparing.features import as_told
    from prognosis.portraits.finetuning.options import AugmentMode
    from prognosis.report.finetuning import FinetuningStory, render_finetuning_report
    from prognosis.report.finetuning_figures import finetuning_figures

    manifest = bundle.manifest
    details = manifest.known_training.details
    story = FinetuningStory(
        name=f"{manifest.name} {manifest.version}",
        options=as_plain(options),
        curve=_with_distances(trained),
        grids=[(int(picture.stem), picture.read_bytes()) for picture in sorted((state / _GRIDS).glob("*.png"))],
        metrics=trained.metrics,
        warnings=trained.warnings,
        demonstration=manifest.demonstration,
        facts={
            "Began from": str(details["started_from"]),
            "Photos learnt from": str(details["photos_learnt"]),
            "Photos held out": str(details["photos_held_out"]),
            "Photos": manifest.known_training.cohort,
        },
        versions=manifest.versions,
        sign_target=options.augment_target if options.augment is AugmentMode.ADAPTIVE else None,
        distances_by=as_told(trained.after.network, validated=trained.after.validated) if trained.after else "",
    )
    write_text(file, render_finetuning_report(story, finetuning_figures(story)))


def _with_distances(trained: "Finetuned") -> list[dict[str, float]]:
    """The curve, with distances at its start and at its end."""
    curve = [dict(record) for record in trained.curve]
    if trained.before is None or trained.after is None or not curve:
        return curve
    curve[-1] |= _told(trained.after)
    return [{"images": 0.0, **_told(trained.before)}, *curve]


def _told(distance: "SetDistance") -> dict[str, float]:
    kernel = distance.kernel
    return {
        "frechet": distance.frechet,
        "kernel": kernel.value,
        "kernel_low": kernel.low,
        "kernel_high": kernel.high,
    }
