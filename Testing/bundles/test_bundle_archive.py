"""A bundle that comes as a .zip file."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from prognosis.bundles import archive
from prognosis.bundles.archive import unpack_bundle
from prognosis.bundles.bundle import Bundle, open_bundle
from prognosis.errors import ModelError, UsageError


def _zip(bundle: Bundle, path: Path, *, top: str = "", leave_out: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(bundle.folder.iterdir()):
            if file.name != leave_out:
                packed.write(file, f"{top}{file.name}")
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.mark.parametrize("top", ["", "anything/"], ids=["at the top", "in a folder"])
def test_a_zipped_model_is_unpacked_under_its_name(bundle: Bundle, tmp_path: Path, into: Path, top: str) -> None:
    unpacked = unpack_bundle(_zip(bundle, tmp_path / "m.zip", top=top), into)

    assert unpacked == open_bundle(into / "tiny-lesions")
    assert unpacked.sha256 == bundle.sha256
    assert [path.name for path in into.iterdir()] == ["tiny-lesions"]


def test_a_folder_entry_does_no_harm(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip", top="model/")
    with zipfile.ZipFile(path, "a") as packed:
        packed.mkdir("model")

    assert unpack_bundle(path, into).sha256 == bundle.sha256


def test_an_installed_model_is_kept_unless_asked(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    unpack_bundle(path, into)

    with pytest.raises(UsageError, match="already exists"):
        unpack_bundle(path, into)
    assert unpack_bundle(path, into, overwrite=True).sha256 == bundle.sha256


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("../evil.txt", "not a plain path inside the model's folder", id="above"),
        pytest.param("model/../../evil.txt", "not a plain path inside the model's folder", id="above through a folder"),
        pytest.param("/tmp/evil.txt", "not a plain path inside the model's folder", id="absolute"),
        pytest.param("C:evil.txt", "not a plain path inside the model's folder", id="a drive"),
        pytest.param("..\\evil.txt", "not a plain path inside the model's folder", id="above with backslashes"),
        pytest.param(".", "not a plain path inside the model's folder", id="the folder itself"),
        pytest.param("sub/evil.txt", "only plain names", id="in a folder"),
        pytest.param("evil.pkl", "kind that can carry code", id="a pickle"),
        pytest.param("evil.py", "only .safetensors", id="a program"),
        pytest.param("unlisted.txt", "does not list it", id="unlisted"),
        pytest.param("NOTES.TXT", "twice", id="a name twice but for case"),
    ],
)
def test_an_archive_with_anything_else_is_refused(
    bundle: Bundle, tmp_path: Path, into: Path, name: str, words: str
) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(name, "evil")

    with pytest.raises(ModelError, match=words):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


def test_a_link_in_an_archive_is_refused(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip", leave_out="notes.txt")
    link = zipfile.ZipInfo("notes.txt")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(link, "/etc/passwd")

    with pytest.raises(ModelError, match=r"'notes\.txt', a link"):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


def test_an_uncommon_compression_is_refused(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip", leave_out="notes.txt")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("notes.txt", "a note\n")

    with pytest.raises(ModelError, match="uncommon compression"):
        unpack_bundle(path, into)


def test_an_encrypted_archive_is_refused(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(ModelError, match="encrypted"):
        unpack_bundle(path, into)


def test_an_archive_that_would_fill_the_disk_is_refused(
    bundle: Bundle, tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    monkeypatch.setattr(archive, "SIZE_LIMIT_BYTES", 1000)

    with pytest.raises(ModelError, match="too large for a model"):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


def test_an_endless_manifest_is_refused_before_it_is_read(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip", leave_out="model.json")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("model.json", " " * 5_000_000)

    with pytest.raises(ModelError, match="too long for a manifest"):
        unpack_bundle(path, into)


def test_an_archive_of_many_files_is_refused(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    with zipfile.ZipFile(path, "a") as packed:
        for at in range(200):
            packed.writestr(f"{at}.txt", "")

    with pytest.raises(ModelError, match="too large for a model"):
        unpack_bundle(path, into)


def test_a_file_longer_than_it_says_is_refused(bundle: Bundle, tmp_path: Path, into: Path) -> None:
    path = _zip(bundle, tmp_path / "m.zip", leave_out="notes.txt")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("notes.txt", "0" * 1_000_000)
    content = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (7).to_bytes(4, "little"))
    path.write_bytes(content)

    with pytest.raises(ModelError, match="is damaged"):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


@pytest.mark.parametrize("kind", ["missing", "text", "cut short", "altered inside"])
def test_a_damaged_archive_is_refused(bundle: Bundle, tmp_path: Path, into: Path, kind: str) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    content = bytearray(path.read_bytes())
    if kind == "missing":
        path.unlink()
    elif kind == "text":
        path.write_text("no archive")
    elif kind == "cut short":
        path.write_bytes(content[:-100])
    else:
        content[content.index(b"weights.safetensors") + 150] ^= 0xFF
        path.write_bytes(content)

    with pytest.raises(ModelError, match=r"m\.zip"):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


def _overwrite(content: bytearray, mark: bytes, at: int, value: bytes) -> None:
    start = content.index(mark) + at
    content[start : start + len(value)] = value


@pytest.mark.parametrize(
    "places",
    [
        pytest.param([(b"PK\1\2", 6, b"\x63")], id="a version of the future"),
        pytest.param([(b"PK\1\2", 8, b"\0\x08"), (b"PK\1\2", 46, b"\xff")], id="a name that is no text"),
        pytest.param([(b"PK\5\6", 16, b"\xff\xff\xff\x7f")], id="a directory out of the file"),
        pytest.param([(b"PK\1\2", 8, b"\x20")], id="a patch of another archive"),
        pytest.param([(b"PK\3\4", 26, b"\xff\xff")], id="a name of another length"),
    ],
)
def test_an_archive_that_contradicts_itself_is_refused(
    bundle: Bundle, tmp_path: Path, into: Path, places: list[tuple[bytes, int, bytes]]
) -> None:
    path = _zip(bundle, tmp_path / "m.zip")
    content = bytearray(path.read_bytes())
    for place in places:
        _overwrite(content, *place)
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"m\.zip is damaged or no \.zip file"):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


def test_a_full_disk_is_not_told_as_damage(
    bundle: Bundle, tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = _zip(bundle, tmp_path / "m.zip")
    monkeypatch.setattr(archive.os, "fsync", disk_full)

    with pytest.raises(OSError, match="No space left on device"):
        unpack_bundle(path, into)

    _assert_nothing_written(into, tmp_path)


@pytest.mark.parametrize(
    ("name", "words"), [("model.json", r"holds no model\.json"), ("weights.safetensors", "is missing")]
)
def test_an_archive_without_a_needed_file_is_refused(
    bundle: Bundle, tmp_path: Path, into: Path, name: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        unpack_bundle(_zip(bundle, tmp_path / "m.zip", leave_out=name), into)

    _assert_nothing_written(into, tmp_path)


def test_a_model_altered_before_zipping_is_refused(
    bundle: Bundle, tmp_path: Path, into: Path, edit_manifest: Callable
) -> None:
    edit_manifest(bundle.folder, lambda content: content["files"].update({"notes.txt": "0" * 64}))

    with pytest.raises(ModelError, match="SHA-256 differs"):
        unpack_bundle(_zip(bundle, tmp_path / "m.zip"), into)

    _assert_nothing_written(into, tmp_path)


def _assert_nothing_written(into: Path, tmp_path: Path) -> None:
    assert not into.exists() or list(into.iterdir()) == []
    assert list(tmp_path.rglob("evil*")) == []
