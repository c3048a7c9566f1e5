"""Where models are looked for: a path, `$PROGNOSIS_MODELS`, the user's own models, the shipped demonstrations."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import prognosis.resources
from prognosis.bundles.bundle import Bundle, open_bundle, read_manifest
from prognosis.bundles.file_names import MANIFEST_NAME
from prognosis.bundles.manifest import ArchitectureKind, Method, Requirement, is_bundle_name
from prognosis.errors import ModelError
from prognosis.files import sha256_of

VARIABLE = "PROGNOSIS_MODELS"
_CHOOSE = "Choose another: `prognosis models list` shows what kind each is."
_LIST_THEM = "`prognosis models list` shows the models there are; `--model` takes a name or a folder."


class Source(Enum):
    """Where a model was found, in search order."""

    ENVIRONMENT = f"${VARIABLE}"
    USER = "user data"
    SHIPPED = "shipped demonstration"


@dataclass(frozen=True)
class BundleEntry:
    """One line of the list of models.

    Args:
        folder: Where it lies.
        source: Which place of the search order that is.
        bundle: None when it cannot be used.
        problem: Why not, in words; None when it can.
    """

    folder: Path
    source: Source
    bundle: Bundle | None
    problem: str | None


def find_bundle(name_or_path: str | Path | None, *, method: Method, kind: ArchitectureKind | None = None) -> Bundle:
    """Find, verify and open a model of a method.

    Args:
        name_or_path: A model folder; or a name, looked for in `$PROGNOSIS_MODELS`, the user's models and the shipped
            ones, the first found being taken; or None: the only model of the method (and kind) the user has installed,
            else the shipped demonstration.
        method: The method it must belong to.
        kind: What it must be, where a method has models of several kinds.

    Raises:
        ModelError: There is none, more than one could be meant, it is damaged, belongs to another method, or needs a
            model that is not there.
    """
    folder = _default_folder(method, kind) if name_or_path is None else _folder_of(name_or_path)
    bundle = open_bundle(folder)
    if bundle.manifest.method is not method:
        raise ModelError(
            f"{folder} is a model for {bundle.manifest.method}, not for {method}.",
            remedy=_CHOOSE,
        )
    if kind is not None and bundle.manifest.architecture.kind is not kind:
        raise ModelError(
            f"{folder} is a model of kind '{bundle.manifest.architecture.kind}'; '{kind}' is needed here.",
            remedy=_CHOOSE,
        )
    required_bundles(bundle)
    return bundle


def find_any_bundle(name_or_path: str | Path) -> Bundle:
    """Find, verify and open a model, whatever its method; see `find_bundle`.

    Raises:
        ModelError: There is none, it is damaged, or needs a model that is not there.
    """
    bundle = open_bundle(_folder_of(name_or_path))
    required_bundles(bundle)
    return bundle


def list_bundles(method: Method | None = None) -> list[BundleEntry]:
    """List all models in search order; a broken one is listed with its problem, whatever its method."""
    entries = []
    for source, root in _roots():
        if source is Source.ENVIRONMENT and not root.is_dir():
            entries.append(BundleEntry(root, source, None, f"{source.value} names {root}, which is not a folder."))
        try:
            entries += [_entry(folder, source) for folder in _bundle_folders(root)]
        except ModelError as error:
            entries.append(BundleEntry(root, source, None, str(error)))
    return [
        entry for entry in entries if method is None or entry.bundle is None or entry.bundle.manifest.method is method
    ]


def required_bundles(bundle: Bundle) -> dict[str, Bundle]:
    """Find and open the models a model requires, beside it or in the search order, by name and hash.

    Raises:
        ModelError: One of them, or one that they require, is not there or is damaged.
    """
    found = {}
    for requirement in bundle.manifest.requires:
        needed = _matching(requirement, bundle.folder.absolute().parent)
        if needed is None:
            raise ModelError(
                f"{bundle.folder} requires the model {requirement.name} with SHA-256 {requirement.sha256}, "
                "which was not found.",
                remedy=f"Put it beside this model or in a folder named by ${VARIABLE}.",
            )
        required_bundles(needed)
        found[requirement.name] = needed
    return found


def user_models_folder() -> Path:
    """The folder of the user's own models; it may not exist yet."""
    import platformdirs

    return platformdirs.user_data_path("prognosis") / "models"


def shipped_models_folder() -> Path:
    """The folder of the demonstration models that come with the program."""
    return Path(prognosis.resources.__path__[0]) / "models"


def _roots() -> list[tuple[Source, Path]]:
    named = [Path(text) for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text.strip()]
    return [
        *((Source.ENVIRONMENT, root) for root in named),
        (Source.USER, user_models_folder()),
        (Source.SHIPPED, shipped_models_folder()),
    ]


def _bundle_folders(root: Path) -> list[Path]:
    """The model folders in a folder, by name; or the folder itself when it is one."""
    if _may_be_bundle(root):
        return [root]
    if not root.is_dir():
        return []
    try:
        children = sorted(root.iterdir())
    except OSError as error:
        raise ModelError(f"{root} cannot be listed ({error.strerror}).", remedy="Check its permissions.") from error
    return [child for child in children if _may_be_bundle(child) and ".partial-" not in child.name]


def _may_be_bundle(folder: Path) -> bool:
    """Whether a folder holds a manifest; one that cannot be looked into may, and is refused when it is opened."""
    try:
        return (folder / MANIFEST_NAME).exists()
    except OSError:
        return folder.is_dir()


def _entry(folder: Path, source: Source) -> BundleEntry:
    try:
        return BundleEntry(folder, source, open_bundle(folder), None)
    except ModelError as error:
        return BundleEntry(folder, source, None, str(error))


def _is_path(name_or_path: str | Path) -> bool:
    path = Path(name_or_path)
    return isinstance(name_or_path, Path) or not is_bundle_name(name_or_path) or path.is_file() or _may_be_bundle(path)


def _folder_of(name_or_path: str | Path) -> Path:
    return Path(name_or_path) if _is_path(name_or_path) else _folder_named(str(name_or_path))


def _folder_named(name: str) -> Path:
    for _, root in _roots():
        folders = [folder for folder in _bundle_folders(root) if _name_of(folder) == name]
        if folders:
            return _only(folders, f"called '{name}'")
    raise ModelError(f"No model is called '{name}' in {_places()}.", remedy=_LIST_THEM)


def _name_of(folder: Path) -> str:
    """The name of a model; a broken one goes by its folder's name, so that it is refused and not passed over."""
    try:
        return read_manifest(folder).name
    except ModelError:
        return folder.name


def _default_folder(method: Method, kind: ArchitectureKind | None) -> Path:
    own = _of_method(method, kind, {Source.ENVIRONMENT, Source.USER})
    if own:
        return _only(own.values(), f"for {method}, and none was chosen")
    shipped = _of_method(method, kind, {Source.SHIPPED})
    if shipped:
        return _only(shipped.values(), f"for {method}, and none was chosen")
    of_kind = f" of kind '{kind}'" if kind else ""
    raise ModelError(f"There is no model for {method}{of_kind} in {_places()}.", remedy=_LIST_THEM)


def _of_method(method: Method, kind: ArchitectureKind | None, sources: Iterable[Source]) -> dict[str, Path]:
    """Name -> folder of the models of a method; of one name the first in search order."""
    found: dict[str, Path] = {}
    for source, root in _roots():
        if source not in sources:
            continue
        for folder in _bundle_folders(root):
            try:
                manifest = read_manifest(folder)
            except ModelError as error:
                raise ModelError(error.what, remedy="Repair or remove it, or choose a model with --model.") from error
            if manifest.method is method and kind in (None, manifest.architecture.kind):
                found.setdefault(manifest.name, folder)
    return found


def _only(folders: Iterable[Path], which: str) -> Path:
    first, *others = folders
    if others:
        listed = ", ".join(f"{_name_of(folder)} ({folder})" for folder in (first, *others))
        raise ModelError(f"There are several models {which}: {listed}.", remedy="Choose one with --model.")
    return first


def _matching(requirement: Requirement, beside: Path) -> Bundle | None:
    for root in (beside, *(root for _, root in _roots())):
        for folder in _bundle_folders(root):
            if _manifest_sha256(folder) == requirement.sha256 and _name_of(folder) == requirement.name:
                return open_bundle(folder)
    return None


def _manifest_sha256(folder: Path) -> str | None:
    """The hash of a manifest, None where it cannot be read."""
    try:
        return sha256_of(folder / MANIFEST_NAME)
    except OSError:
        return None


def _places() -> str:
    return ", ".join(str(root) for _, root in _roots())
