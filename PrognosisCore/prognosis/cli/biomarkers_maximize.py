"""`prognosis biomarkers maximize`: what bottleneck features answer to."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_output, add_verb, names
from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError
from prognosis.files import require_replaceable, result_folder, write_bytes, write_json
from prognosis.provenance import now, versions

if TYPE_CHECKING:
    from prognosis.biomarkers.feature_names import Feature
    from prognosis.biomarkers.networks.maximising import MaximisingOptions
    from prognosis.biomarkers.networks.maximising_features import MaximisedFeature

_DOCUMENT = "gallery.json"
_FLAGS = ("steps", "learning_rate", "l2", "total_variation", "jitter", "seed")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "maximize",
        common,
        summary="find the regions that bottleneck features answer to most",
        example="prognosis biomarkers maximize --model ct-unet --model pet-unet --features C16704,P15398 --output DIR",
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="M",
        help="name or folder of a U-Net, given once a modality, or of a model that holds both (default: yours, else "
        "the demonstration)",
    )
    parser.add_argument("--features", type=names, required=True, metavar="NAMES", help="features such as C16704,P15398")
    add_output(parser, "folder for gallery, volumes and numbers")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    parser.add_argument("--steps", type=int, metavar="N", help="steps of gradient ascent (default 120)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="change of voxels in a step (default 2)")
    parser.add_argument("--l2", type=float, metavar="W", help="how strongly voxels are drawn to the mean (default 0)")
    parser.add_argument(
        "--total-variation", type=float, metavar="W", help="how strongly neighbours are drawn together (default 0.2)"
    )
    parser.add_argument("--jitter", type=int, metavar="N", help="voxels of random shift (default 2)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.biomarkers.model_files import segmenters_of
    from prognosis.biomarkers.networks.maximising import MaximisingOptions
    from prognosis.biomarkers.networks.maximising_features import maximise_features

    options = resolve(MaximisingOptions, arguments.config, {name: getattr(arguments, name) for name in _FLAGS})
    features = _features(arguments.features)
    output = arguments.output.absolute()
    require_replaceable(output, known_by=_DOCUMENT, overwrite=arguments.overwrite)
    maximised = maximise_features(segmenters_of(arguments.model), features, options, console.progress)
    document = write_gallery(maximised, options, output, overwrite=arguments.overwrite)
    for one in maximised:
        if one.result.dead:
            console.warn(f"{one.feature.name} was never active on the way: it has no picture.")
        else:
            console.say(f"{one.feature.name}: activation {one.result.best:.3g}")
    console.say(f"Gallery: {output / document['pages'][0]}")
    console.result(document)
    return 0


def _features(given: Sequence[str]) -> list["Feature"]:
    from prognosis.biomarkers.feature_names import parse_feature

    if not given:
        raise UsageError("--features names none.", remedy="Give names such as C16704,P15398.")
    return [parse_feature(name) for name in dict.fromkeys(given)]


def write_gallery(
    maximised: Sequence["MaximisedFeature"], options: "MaximisingOptions", output: Path, *, overwrite: bool = False
) -> Mapping[str, Any]:
    """Write pages of pictures, a volume for each feature that was active, and `gallery.json`.

    Args:
        maximised: At least one.
        options: They were found with.
        output: The folder.
        overwrite: Replace a former gallery.

    Returns:
        What `gallery.json` holds.

    Raises:
        UsageError: The folder exists or cannot be written.
    """
    from prognosis.report.maximised_gallery import draw_gallery

    pages = draw_gallery(maximised)
    page_names = [f"gallery-{number:02d}.png" for number in range(1, len(pages) + 1)]
    document = {
        "pages": page_names,
        "features": [_record(one) for one in maximised],
        "options": as_plain(options),
        "versions": versions(),
        "created": now(),
    }
    with result_folder(output, known_by=_DOCUMENT, overwrite=overwrite) as folder:
        for name, page in zip(page_names, pages, strict=True):
            write_bytes(folder / name, page)
        for one in maximised:
            if not one.result.dead:
                _write_region(one, folder)
        write_json(folder / _DOCUMENT, document)
    return document


def _record(one: "MaximisedFeature") -> dict[str, Any]:
    used = one.segmenter.used
    return {
        "name": one.feature.name,
        "modality": one.feature.modality.value,
        "channel": one.feature.channel,
        "position_zyx": list(one.feature.position),
        "field_centre_kji": list(one.field.centre),
        "field_size_voxels": one.field.size,
        "never_active": one.result.dead,
        "activation": one.result.best,
        "activations": list(one.result.activations),
        "volume": None if one.result.dead else _file_name(one),
        "model": {"name": used.name, "sha256": used.sha256, "demonstration": used.demonstration},
    }


def _file_name(one: "MaximisedFeature") -> str:
    return f"{one.feature.name}.nrrd"


def _write_region(one: "MaximisedFeature", folder: Path) -> None:
    """Marked as a phantom, for it looks like an image of a patient and is none."""
    from prognosis.imaging.geometry import Geometry
    from prognosis.imaging.volume import Volume
    from prognosis.imaging.writing import write_volume

    size, spacing = one.values.shape[::-1], one.segmenter.region.spacing_mm
    i, j, k = (-(count - 1) / 2 * spacing for count in size)
    volume = Volume(
        one.values,
        Geometry(size, (spacing, spacing, spacing), (i, j, k)),
        modality="CT" if one.feature.modality.value == "ct" else "PT",
        phantom="activation maximisation",
    )
    write_volume(volume, folder / _file_name(one), remarks={"feature": one.feature.name})
