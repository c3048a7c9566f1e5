"""Where models are looked for, and which one is taken."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from prognosis.bundles import store
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import Method, Requirement
from prognosis.bundles.store import Source, find_bundle, list_bundles, required_bundles
from prognosis.errors import ModelError

Places = Mapping[str, Path]
Write = Callable[..., Bundle]
HASH = "0123456789abcdef" * 4


def test_a_name_is_taken_from_the_first_place_that_has_it(places: Places, write: Write) -> None:
    for place in reversed(places):
        write(places[place] / "tiny", version=f"1.{place}")
        assert find_bundle("tiny-lesions", method=Method.LESIONS).manifest.version == f"1.{place}"


def test_an_explicit_path_comes_before_all_names(places: Places, write: Write, tmp_path: Path) -> None:
    write(places["first"] / "tiny")
    mine = write(tmp_path / "mine", version="9")

    assert find_bundle(str(mine.folder), method=Method.LESIONS) == mine
    assert find_bundle(mine.folder, method=Method.LESIONS) == mine


def test_a_folder_here_is_a_path(places: Places, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(places["first"] / "tiny")
    write(tmp_path / "here" / "tiny-lesions", version="9")
    monkeypatch.chdir(tmp_path / "here")

    assert find_bundle("tiny-lesions", method=Method.LESIONS).manifest.version == "9"


def test_a_path_that_is_not_there_is_not_taken_for_a_name(places: Places, write: Write, tmp_path: Path) -> None:
    write(places["first"] / "tiny")

    with pytest.raises(ModelError, match="is not a model folder"):
        find_bundle(str(tmp_path / "tiny-lesions"), method=Method.LESIONS)


@pytest.mark.usefixtures("places")
def test_a_zip_is_not_opened_but_told_how_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.zip").write_bytes(b"PK")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ModelError, match="prognosis models import"):
        find_bundle("model.zip", method=Method.LESIONS)


def test_an_unknown_name_says_where_was_looked(places: Places) -> None:
    with pytest.raises(ModelError, match="No model is called 'nobody'") as refusal:
        find_bundle("nobody", method=Method.LESIONS)

    assert all(str(folder) in str(refusal.value) for folder in places.values())


def test_a_broken_model_is_refused_not_passed_over(places: Places, write: Write) -> None:
    broken = write(places["first"] / "tiny")
    (broken.folder / "weights.safetensors").write_bytes(b"")
    write(places["shipped"] / "tiny")

    with pytest.raises(ModelError, match="cut short or altered"):
        find_bundle("tiny-lesions", method=Method.LESIONS)


def test_a_model_without_readable_manifest_goes_by_its_folder(places: Places, write: Write) -> None:
    broken = write(places["first"] / "tiny-lesions")
    (broken.folder / "model.json").write_text("{")
    write(places["shipped"] / "tiny")

    with pytest.raises(ModelError, match="cannot be read as JSON"):
        find_bundle("tiny-lesions", method=Method.LESIONS)


def test_two_of_one_name_in_one_place_are_not_guessed(places: Places, write: Write) -> None:
    write(places["user"] / "a")
    write(places["user"] / "b", version="2")

    with pytest.raises(ModelError, match="several models called 'tiny-lesions'"):
        find_bundle("tiny-lesions", method=Method.LESIONS)


def test_a_model_of_another_method_is_refused(places: Places, write: Write) -> None:
    write(places["first"] / "tiny", method=Method.PORTRAITS)

    with pytest.raises(ModelError, match="is a model for portraits, not for lesions") as refusal:
        find_bundle("tiny-lesions", method=Method.LESIONS)
    assert "--model" not in refusal.value.remedy, "it may have been given by another flag, such as --features"


def test_nothing_chosen_takes_the_demonstration(places: Places, write: Write) -> None:
    shipped = write(places["shipped"] / "demo")
    write(places["shipped"] / "other", name="other", method=Method.PORTRAITS)
    write(places["user"] / "mine", name="mine", method=Method.BIOMARKERS)

    assert find_bundle(None, method=Method.LESIONS) == shipped


@pytest.mark.parametrize("place", ["first", "second", "user"])
def test_nothing_chosen_takes_the_only_installed_model(places: Places, write: Write, place: str) -> None:
    write(places["shipped"] / "demo")
    mine = write(places[place] / "mine", name="mine", demonstration=False)

    assert find_bundle(None, method=Method.LESIONS) == mine


def test_nothing_chosen_among_several_lists_them(places: Places, write: Write) -> None:
    write(places["first"] / "mine", name="mine")
    write(places["user"] / "yours", name="yours")

    with pytest.raises(ModelError, match=r"several models for lesions, and none was chosen: mine .*, yours .*--model"):
        find_bundle(None, method=Method.LESIONS)


def test_one_name_in_two_places_is_one_model(places: Places, write: Write) -> None:
    write(places["user"] / "mine", name="mine", version="1")
    write(places["first"] / "mine", name="mine", version="2")

    assert find_bundle(None, method=Method.LESIONS).manifest.version == "2"


def test_nothing_chosen_does_not_pass_over_a_broken_model(places: Places, write: Write) -> None:
    write(places["shipped"] / "demo")
    broken = write(places["user"] / "mine", name="mine")
    (broken.folder / "model.json").write_text("{")

    with pytest.raises(ModelError, match=r"mine.*cannot be read as JSON.*choose a model with --model"):
        find_bundle(None, method=Method.LESIONS)


@pytest.mark.usefixtures("places")
def test_nothing_anywhere_is_said() -> None:
    with pytest.raises(ModelError, match="There is no model for lesions in"):
        find_bundle(None, method=Method.LESIONS)


def test_the_list_is_in_search_order_and_holds_the_broken(places: Places, write: Write) -> None:
    write(places["shipped"] / "demo", name="demo")
    write(places["user"] / "portrait", name="portrait", method=Method.PORTRAITS)
    broken = write(places["second"] / "broken", name="broken")
    (broken.folder / "notes.txt").unlink()
    write(places["first"] / "mine", name="mine")
    (places["first"] / "no-model").mkdir()
    write(places["first"] / "mine.partial-x", name="unfinished")

    entries = list_bundles()

    assert [(entry.folder.name, entry.source) for entry in entries] == [
        ("mine", Source.ENVIRONMENT),
        ("broken", Source.ENVIRONMENT),
        ("portrait", Source.USER),
        ("demo", Source.SHIPPED),
    ]
    assert [entry.bundle is None for entry in entries] == [False, True, False, False]
    assert "notes.txt is missing" in str(entries[1].problem)
    assert [entry.folder.name for entry in list_bundles(Method.PORTRAITS)] == ["broken", "portrait"]


@pytest.mark.usefixtures("places")
def test_the_environment_may_name_a_model_itself(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = write(tmp_path / "mine", name="mine")
    monkeypatch.setenv("PROGNOSIS_MODELS", f"{os.pathsep}{mine.folder}")

    assert [entry.bundle for entry in list_bundles()] == [mine]
    assert find_bundle("mine", method=Method.LESIONS) == mine


def test_an_environment_folder_that_is_not_there_is_listed(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGNOSIS_MODELS", str(places["first"] / "typo"))

    (entry,) = list_bundles()

    assert "typo, which is not a folder" in str(entry.problem)


def _lock(monkeypatch: pytest.MonkeyPatch, name: str, locked: Path) -> None:
    """Let a method of `Path` fail on one folder and all in it, as without permission."""
    allowed = getattr(Path, name)

    def method(path: Path, *arguments: object, **options: object) -> object:
        if path == locked or locked in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, *arguments, **options)

    monkeypatch.setattr(Path, name, method)


def test_a_place_that_cannot_be_listed_is_named(places: Places, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(places["shipped"] / "demo")
    _lock(monkeypatch, "iterdir", places["user"])

    problems = [entry.problem for entry in list_bundles()]
    assert problems[1:] == [None]
    assert f"{places['user']} cannot be listed (Permission denied)" in str(problems[0])
    for name in ("tiny-lesions", None):
        with pytest.raises(ModelError, match=r"user cannot be listed \(Permission denied\)"):
            find_bundle(name, method=Method.LESIONS)


def test_a_model_that_cannot_be_looked_into_is_listed(
    places: Places, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = write(places["first"] / "mine").folder
    for name in ("exists", "lstat", "open"):
        _lock(monkeypatch, name, locked / "model.json")

    (entry,) = list_bundles()
    assert entry.folder == locked
    assert "Permission denied" in str(entry.problem)
    with pytest.raises(ModelError, match="Permission denied"):
        find_bundle(None, method=Method.LESIONS)


def test_a_neighbour_that_cannot_be_read_is_not_the_required_model(
    places: Places, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = write(tmp_path / "apart" / "ct", name="ct").folder
    needed = write(places["user"] / "pet", name="pet")
    mine = write(tmp_path / "apart" / "mine", name="mine", requires=(Requirement("pet", needed.sha256),))
    for name in ("exists", "lstat", "open"):
        _lock(monkeypatch, name, locked / "model.json")

    assert required_bundles(mine) == {"pet": needed}


def test_the_users_and_the_shipped_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert store.user_models_folder().parts[-2:] == ("prognosis", "models")
    assert store.shipped_models_folder().parts[-3:] == ("prognosis", "resources", "models")
    assert store.shipped_models_folder().parent.is_dir()


@pytest.mark.parametrize("place", ["beside", "first", "user", "shipped"])
def test_a_required_model_is_found_by_name_and_hash(places: Places, write: Write, tmp_path: Path, place: str) -> None:
    folder = tmp_path / "apart" if place == "beside" else places[place]
    needed = write(folder / "ct", name="ct", method=Method.BIOMARKERS)
    write(places["second"] / "ct", name="ct", version="other")
    mine = write(tmp_path / "apart" / "mine", name="mine", requires=(Requirement("ct", needed.sha256),))

    assert required_bundles(find_bundle(mine.folder, method=Method.LESIONS)) == {"ct": needed}


def test_a_required_model_of_another_hash_is_not_taken(places: Places, write: Write, tmp_path: Path) -> None:
    write(places["first"] / "ct", name="ct")
    mine = write(tmp_path / "apart" / "mine", name="mine", requires=(Requirement("ct", HASH),))

    with pytest.raises(ModelError, match=r"requires the model ct with SHA-256 0123.*not found"):
        find_bundle(mine.folder, method=Method.LESIONS)


def test_a_required_model_of_another_name_is_not_taken(places: Places, write: Write, tmp_path: Path) -> None:
    needed = write(places["first"] / "ct", name="ct")
    mine = write(tmp_path / "apart" / "mine", name="mine", requires=(Requirement("pet", needed.sha256),))

    with pytest.raises(ModelError, match="requires the model pet"):
        find_bundle(mine.folder, method=Method.LESIONS)


def test_what_a_required_model_requires_is_looked_for_too(places: Places, write: Write, tmp_path: Path) -> None:
    middle = write(places["first"] / "ct", name="ct", requires=(Requirement("base", HASH),))
    mine = write(tmp_path / "apart" / "mine", name="mine", requires=(Requirement("ct", middle.sha256),))

    with pytest.raises(ModelError, match="requires the model base"):
        find_bundle(mine.folder, method=Method.LESIONS)
