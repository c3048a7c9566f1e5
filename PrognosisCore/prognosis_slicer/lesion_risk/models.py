"""The models to choose from, read without the libraries that compute."""

from dataclasses import dataclass
from pathlib import Path

from prognosis.errors import ModelError

DEFAULT = ""


@dataclass(frozen=True)
class Model:
    """A model as the user chooses it.

    Args:
        choice: What `--model` takes; empty for the default.
        name: For the eye.
        demonstration: Whether it is one; None when that is not known.
        card: What it says of itself, as Markdown.
        problem: Why it cannot be used, in words; empty when it can.
    """

    choice: str
    name: str
    demonstration: bool | None
    card: str = ""
    problem: str = ""


def models() -> list[Model]:
    """The default and all models found on this computer; only the default where packages are missing."""
    try:
        from prognosis.bundles.manifest import Method
        from prognosis.bundles.store import list_bundles

        found = [entry.folder for entry in list_bundles(Method.LESIONS) if entry.bundle is not None]
    except ModuleNotFoundError:
        return [model_of(DEFAULT)]
    return [model_of(DEFAULT), *(model_of(str(folder)) for folder in found)]


def model_of(choice: str) -> Model:
    """Look at the model of a choice: a name, a folder, or empty."""
    try:
        from prognosis.bundles.card import model_card
        from prognosis.bundles.manifest import Method
        from prognosis.bundles.store import find_bundle

        manifest = find_bundle(choice or None, method=Method.LESIONS).manifest
        return Model(choice, f"{manifest.name} {manifest.version}", manifest.demonstration, model_card(manifest))
    except ModuleNotFoundError:
        return Model(choice, Path(choice).name, demonstration=None)
    except ModelError as error:
        return Model(choice, Path(choice).name, demonstration=None, problem=str(error))
