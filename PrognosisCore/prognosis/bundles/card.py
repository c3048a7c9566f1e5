"""The model card: what a model is, for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prognosis.bundles.manifest import Manifest, Method, RiskSource

_SOURCES = {
    RiskSource.OUT_OF_FOLD: "out-of-fold risks: each patient was scored by a model that had not seen that patient",
    RiskSource.VALIDATION: "risks of validation patients the model was not fitted on",
}


def model_card(manifest: Manifest) -> str:
    """Return `MODEL_CARD.md` for a manifest; the same manifest gives the same text, whatever its `files`."""
    sections = [
        _head(manifest),
        _section("Intended use", [_plain(manifest.intended_use)]),
        _section("What it gives", [_plain(manifest.label_meaning)]),
        _section("How it was built", _built(manifest)),
        _section("Training data", _training(manifest)),
        _section("Measured performance", _metrics(manifest)),
        _section("Ranges of the training data", _ranges(manifest)),
        _section("Percentiles, calibration and survival", _calibration(manifest)),
        _section("Limits", _limits(manifest)),
        _section("Licence", [_plain(manifest.licence)]),
        _section("How to verify", _verifying()),
    ]
    return "\n\n".join(sections) + "\n"


def _head(manifest: Manifest) -> str:
    lines = [f"# {manifest.name} {manifest.version}", "**RESEARCH USE ONLY. Not a medical device.**"]
    if manifest.demonstration:
        lines.append(
            "> **DEMONSTRATION MODEL.** It shows how the program works. Its numbers say nothing about any patient."
        )
    lines.append(f"A model of the method '{manifest.method}', made {manifest.created}.")
    return "\n\n".join(lines)


def _built(manifest: Manifest) -> list[str]:
    rows: list[tuple[str, object]] = [("architecture", manifest.architecture.kind.value)]
    rows += _flat("architecture", manifest.architecture.parameters)
    rows += _flat("preprocessing", manifest.preprocessing)
    rows += [(f"made with {name}", version) for name, version in sorted(manifest.versions.items())]
    rows += [("requires the model", f"{needed.name} (SHA-256 {needed.sha256})") for needed in manifest.requires]
    return [_table(("What", "Value"), rows)]


def _training(manifest: Manifest) -> list[str]:
    training = manifest.training
    if training is None:
        return ["Unknown: imported. The file the network came from does not say who it was trained on."]
    rows = [
        ("patients", training.patients),
        ("annotations", training.annotations),
        ("lesions", training.lesions),
        ("events", training.events),
        ("longest follow-up, days", training.follow_up_days or "no outcome was read"),
        ("epochs", training.epochs),
        ("seed", training.seed),
        *_flat("", training.details),
    ]
    return [_plain(training.cohort), _table(("What", "Value"), rows)]


def _metrics(manifest: Manifest) -> list[str]:
    if not manifest.metrics:
        return ["None was measured."]
    rows = [
        (name, metric.estimate, f"{metric.low:.4g} to {metric.high:.4g}", metric.n, metric.how)
        for name, metric in sorted(manifest.metrics.items())
    ]
    return [_table(("Metric", "Estimate", "Interval", "Patients", "How"), rows)]


def _ranges(manifest: Manifest) -> list[str]:
    rows = [(name, low, high) for name, (low, high) in sorted(manifest.training_ranges.items())]
    if not rows:
        return ["None was recorded."]
    return ["Inputs outside these ranges are flagged in the result.", _table(("Quantity", "Lowest", "Highest"), rows)]


def _calibration(manifest: Manifest) -> list[str]:
    if manifest.calibration is None:
        return ["The model gives neither percentiles nor survival curves."]
    slope, mean = manifest.calibration.slope, manifest.calibration.mean_risk
    lines = [
        f"Percentiles, calibration slope ({slope:.4g}), mean risk ({mean:.4g}) and baseline hazard come from "
        f"{_SOURCES[manifest.calibration.source]}."
    ]
    if manifest.baseline is None:
        return [*lines, "The model gives no survival curve: it has no baseline hazard."]
    return [*lines, f"Survival is given up to {manifest.baseline.times_days[-1]:.4g} days, never beyond."]


def _limits(manifest: Manifest) -> list[str]:
    if manifest.training is None:
        limits = ["It was imported and not validated here; nothing is known of who it was trained on."]
    elif manifest.training.details.get("photos_are_counted_as_patients"):
        limits = [
            f"It was trained on {manifest.training.patients} photos; people, cameras and lights unlike "
            "theirs are drawn worse.",
            "It can repeat photos it was trained on: handle it as you handle them.",
        ]
    else:
        limits = [
            f"It was trained on {manifest.training.patients} patients with {manifest.training.events} events; "
            "other hospitals, scanners and diseases may give other results.",
            "The intervals above do not hold the chance of training.",
        ]
    if manifest.demonstration and manifest.method is not Method.PORTRAITS:
        limits.append("On real patients only the ranking is shown; percentiles and curves must be asked for.")
    return ["\n".join(f"- {limit}" for limit in limits)]


def _verifying() -> list[str]:
    return [
        "`prognosis models verify FOLDER` compares the SHA-256 of every file with `model.json`.",
        "A hash shows damage, not trust: compare the hash of `model.json` with one from a source you trust.",
    ]


def _section(title: str, paragraphs: Iterable[str]) -> str:
    return "\n\n".join([f"## {title}", *paragraphs])


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _flat(prefix: str, settings: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Nested settings as rows in the order of their names."""
    rows: list[tuple[str, object]] = []
    for name, value in sorted(settings.items()):
        key = f"{prefix}: {name}" if prefix else name
        rows += _flat(key, value) if isinstance(value, Mapping) else [(key, value)]
    return rows


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        return ", ".join(_cell(item) for item in value)
    return _plain(str(value))


def _plain(text: str) -> str:
    """Text on one line that no Markdown reader takes for a table, HTML or an image."""
    text = " ".join(text.split())
    for character in "\\`*[]<>|#":
        text = text.replace(character, f"\\{character}")
    return text
