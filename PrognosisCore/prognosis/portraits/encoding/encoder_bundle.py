"""An encoder in the bundle of its generator: building it, and writing the bundle with it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from safetensors.torch import load

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.file_names import CARD_NAME, WEIGHTS_KIND
from prognosis.bundles.manifest import Metric
from prognosis.bundles.weights import load_weights
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError
from prognosis.portraits.encoding.network import Encoder
from prognosis.portraits.encoding.options import EncoderOptions
from prognosis.portraits.generator_bundle import ENCODER, ENCODER_FILE, generator_options
from prognosis.provenance import now

if TYPE_CHECKING:
    from pathlib import Path

    from prognosis.portraits.encoding.training import TrainedEncoder

RECORD_FILE = "encoder.json"
_ANEW = "Train it anew with `prognosis portraits train-encoder`."


def load_encoder(bundle: Bundle) -> Encoder | None:
    """Build the encoder of a generator's bundle; None where it has none.

    Raises:
        ModelError: The bundle holds no generator, describes an encoder it does not hold or that cannot be its
            generator's, or weights and architecture differ.
    """
    generator = generator_options(bundle)
    described = bundle.manifest.architecture.parameters.get(ENCODER)
    held = ENCODER_FILE in bundle.manifest.files
    if described is None and not held:
        return None
    where = str(bundle.folder)
    if described is None or not held:
        raise ModelError(f"{where}: model.json and {ENCODER_FILE} disagree on whether there is one.", remedy=_ANEW)
    options = _options(described, where)
    if (options.resolution, options.z_dim, options.w_dim) != (generator.resolution, generator.z_dim, generator.w_dim):
        raise ModelError(f"{where}: the encoder is of another size than the generator.", remedy=_ANEW)
    encoder = Encoder(options)
    load_weights(encoder, bundle.tensors(ENCODER_FILE), what=f"{where}, {ENCODER_FILE}")
    return encoder.eval()


def write_with_encoder(
    bundle: Bundle,
    trained: "TrainedEncoder",
    folder: "Path",
    *,
    name: str | None = None,
    half: bool = False,
    overwrite: bool = False,
) -> Bundle:
    """Write a generator's bundle anew with an encoder; a former encoder is replaced.

    What the generator's bundle says of itself stays; all its tensors are kept bit for bit. How the encoder was trained
    goes to `encoder.json`. Its measured numbers are there too, and beside those of the generator, unless that was
    imported and its manifest may hold none.

    Args:
        bundle: The generator's.
        trained: The encoder.
        folder: Where the new bundle shall lie; it may be the old one, with `overwrite`.
        name: Of the new bundle; the generator's when None.
        half: Store the encoder in 16 bits.
        overwrite: Replace a bundle that is there.

    Raises:
        ModelError: The bundle holds no generator, or the encoder does not fit.
        UsageError: The folder exists or cannot be written, or the disk is too full.
    """
    generator, options = generator_options(bundle), trained.encoder.options
    if (options.resolution, options.z_dim, options.w_dim) != (generator.resolution, generator.z_dim, generator.w_dim):
        raise ModelError(f"{bundle.folder}: the encoder was trained for another generator.", remedy=_ANEW)
    manifest = bundle.manifest
    kept = [file for file in manifest.files if file not in (CARD_NAME, ENCODER_FILE, RECORD_FILE)]
    tensors = {file: load(bundle.read(file)) for file in kept if file.endswith(WEIGHTS_KIND)}
    texts = {file: bundle.read(file).decode("utf-8") for file in kept if not file.endswith(WEIGHTS_KIND)}
    weights = trained.encoder.state_dict()
    tensors[ENCODER_FILE] = {
        key: value.half() if half and value.is_floating_point() else value for key, value in weights.items()
    }
    parameters = {**manifest.architecture.parameters, ENCODER: asdict(options)}
    others = {key: metric for key, metric in manifest.metrics.items() if not key.startswith(f"{ENCODER}_")}
    return write_bundle(
        folder,
        replace(
            manifest,
            name=manifest.name if name is None else name,
            architecture=replace(manifest.architecture, parameters=parameters),
            metrics={} if manifest.training is None else {**others, **trained.metrics},
            created=now(),
            files={},
        ),
        tensors,
        {**texts, RECORD_FILE: _record(trained.record, trained.metrics)},
        overwrite=overwrite,
    )


def _record(record: Mapping[str, Any], metrics: Mapping[str, Metric]) -> str:
    content = {**record, "metrics": {name: asdict(metric) for name, metric in metrics.items()}}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _options(described: object, where: str) -> EncoderOptions:
    names = {field.name for field in fields(EncoderOptions)}
    if not isinstance(described, Mapping) or set(described) != names:
        raise ModelError(f"{where}: model.json must describe the encoder by {', '.join(sorted(names))}.", remedy=_ANEW)
    try:
        return EncoderOptions(**{**described, "channels": tuple(described["channels"])})
    except (TypeError, ValueError) as error:
        raise ModelError(f"{where}: model.json describes no encoder: {error}.", remedy=_ANEW) from error
