"""Training an encoder for a generator, and measuring what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prognosis.bundles.manifest import Metric
from prognosis.config import as_plain
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.encoding.fitting import fingerprint, fit_encoder
from prognosis.portraits.encoding.jitter import DEFAULT_JITTER, Jitter
from prognosis.portraits.encoding.measuring import judge
from prognosis.portraits.encoding.network import Encoder
from prognosis.portraits.encoding.options import EncoderOptions, EncoderTrainingOptions, encoder_options
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.progress import Progress, silent
from prognosis.provenance import now, versions


@dataclass(frozen=True)
class TrainedEncoder:
    """An encoder with what is known of its training, and what its user should know.

    Args:
        encoder: In evaluation mode, on the CPU.
        record: How it was trained, as plain values for JSON.
        metrics: Measured on faces it did not learn from, by name.
        warnings: In words.
    """

    encoder: Encoder
    record: Mapping[str, Any]
    metrics: Mapping[str, Metric]
    warnings: tuple[str, ...]


def train_encoder(
    generator: Generator,
    features: FeatureNetwork | None,
    options: EncoderTrainingOptions,
    *,
    architecture: EncoderOptions | None = None,
    jitter: Jitter = DEFAULT_JITTER,
    state_folder: Path | None = None,
    progress: Progress = silent,
    replaces_state: bool = True,
) -> TrainedEncoder:
    """Fit an encoder to a generator's own faces and measure it on others of them.

    No photo is looked at: how well it guesses latents of photos is for projecting to show.

    Args:
        generator: In evaluation mode, on the device to train on; nothing of it changes.
        features: Compares faces, on the same device; None trains and measures by latents alone.
        options: How to train; its device is where generator and features lie.
        architecture: Size of the encoder; `encoder_options` of the generator when None.
        jitter: How faces are changed before the encoder sees them.
        state_folder: Where training state is kept between interruptions.
        progress: Told on the way.
        replaces_state: Whether the state of another training may be lost.

    Raises:
        ModelError: Training diverged.
        UsageError: The folder holds another training that may not be lost.
        ValueError: The encoder has another resolution or other dimensions than the generator.
    """
    size = encoder_options(generator.options) if architecture is None else architecture
    require_fit(size, generator)
    fitted = fit_encoder(
        generator,
        features,
        size,
        options,
        jitter=jitter,
        state_folder=state_folder,
        progress=progress,
        replaces_state=replaces_state,
    )
    judged = judge(fitted.encoder, generator, features, count=options.held_out, seed=options.seed, progress=progress)
    warnings = judged.warnings
    if features is None:
        warnings = (*warnings, "No network compared faces: the encoder was trained and measured by latents alone.")
    record = {
        "training": as_plain(options),
        "jitter": as_plain(jitter),
        "faces_drawn": options.steps * options.batch,
        "generator_sha256": fingerprint(generator.state_dict()),
        "features": None if features is None else {"name": features.name, "validated": features.validated},
        "losses": list(fitted.losses),
        "warnings": list(warnings),
        "versions": versions(),
        "created": now(),
    }
    return TrainedEncoder(fitted.encoder.cpu(), record, judged.metrics, warnings)


def require_fit(encoder: EncoderOptions, generator: Generator) -> None:
    """Refuse an encoder of another size than the generator's.

    Raises:
        ValueError: Resolution or dimensions differ.
    """
    wanted = (generator.options.resolution, generator.options.z_dim, generator.options.w_dim)
    given = (encoder.resolution, encoder.z_dim, encoder.w_dim)
    if given != wanted:
        msg = f"resolution, z_dim and w_dim of the encoder must be the generator's {wanted}, got {given}"
        raise ValueError(msg)
