"""How results name the model that made their numbers, and what a person decides about a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ModelUsed:
    """Which model made the numbers.

    Args:
        sha256: Hash of the bundle's manifest, which holds the hashes of all its files.
        demonstration: Whether the model is a demonstration, to be marked wherever a number of its appears.
        metrics: Name -> text such as '0.68 (0.61-0.74)', for the reader.
    """

    name: str
    version: str
    sha256: str
    demonstration: bool
    intended_use: str
    training_summary: str
    metrics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """What a person decides about a model that was trained.

    Args:
        name: What `--model` takes.
        version: Of the model.
        demonstration: Whether every result must be marked.
        licence: SPDX identifier or words.
        intended_use: In words.
        cohort: Who it was trained on, in words.
    """

    name: str
    version: str = "1"
    demonstration: bool = False
    licence: str = "not stated"
    intended_use: str = "Research on risk of death from images. Not for diagnosis or treatment."
    cohort: str = "the user's own cohort"
