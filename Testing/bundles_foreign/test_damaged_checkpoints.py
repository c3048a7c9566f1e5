"""Cut, altered and oddly laid out files end with a word, or give the numbers they hold."""

import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import torch
from making_checkpoints import KINDS, around, legacy_bytes, saved, text, zip_bytes

from prognosis.bundles.foreign.reading import read_foreign
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.errors import ModelError

_MUTATIONS = 250


def _read(path: Path) -> dict[str, torch.Tensor]:
    return flat_tensors(read_foreign(path).tree)


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _mutated(raw: bytes, dice: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(dice.choice([1, 1, 2, 4])):
        at, other = dice.randrange(len(changed)), dice.randrange(len(changed))
        what = dice.randrange(4)
        if what == 0:
            changed[at] ^= 1 << dice.randrange(8)
        elif what == 1:
            changed[at] = dice.randrange(256)
        elif what == 2:
            del changed[at : at + dice.randrange(1, 12)]
        else:
            changed[at : at + 6] = changed[other : other + 6]
        changed = changed or bytearray(b"\x80")
    return bytes(changed)


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {"weight": torch.randn(4, 3, generator=generator), "bias": torch.randn(4, generator=generator)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_is_refused(state: dict[str, torch.Tensor], tmp_path: Path, kind: str) -> None:
    path = saved(state, tmp_path / "file", kind)
    raw = path.read_bytes()
    for length in range(0, len(raw), 7):
        path.write_bytes(raw[:length])
        with pytest.raises(ModelError):
            read_foreign(path)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_behind_the_end_are_refused(state: dict[str, torch.Tensor], tmp_path: Path, kind: str) -> None:
    path = saved(state, tmp_path / "file", kind)
    path.write_bytes(path.read_bytes() + b"cos\nsystem\n.")

    with pytest.raises(ModelError, match="bytes follow after its end"):
        read_foreign(path)


@pytest.mark.parametrize("kind", KINDS)
def test_any_change_gives_a_refusal_or_tensors_and_nothing_else(
    state: dict[str, torch.Tensor], tmp_path: Path, acts: list[str], kind: str
) -> None:
    path = saved(state, tmp_path / "file", kind)
    raw, before = path.read_bytes(), _read(path)
    dice = random.Random(5)
    refused = 0
    acts.clear()
    for _ in range(_MUTATIONS):
        path.write_bytes(_mutated(raw, dice))
        try:
            after = _read(path)
        except ModelError:
            refused += 1
        else:
            # Only a zip has checksums; in the other kinds an altered number is a number.
            assert _same(after, before) or kind != "torch zip"
    assert refused > _MUTATIONS // 2
    assert acts == []


def test_every_flipped_weight_byte_of_a_zip_is_found(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = saved(state, tmp_path / "file", "torch zip")
    raw = path.read_bytes()
    at = raw.index(state["weight"].numpy().tobytes())
    for offset in range(48):
        path.write_bytes(raw[: at + offset] + bytes([raw[at + offset] ^ 4]) + raw[at + offset + 1 :])
        with pytest.raises(ModelError, match="is altered"):
            read_foreign(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "cut short", id="empty"),
        pytest.param(b"seven", "takes more than it holds", id="a word"),
        pytest.param(b"# weights", "the byte 23 is no instruction", id="a text"),
        pytest.param(b"\x89HDF\r\n\x1a\n", "no instruction", id="an HDF5 file"),
        pytest.param(b"PK\x03\x04", "cut short", id="the beginning of a zip"),
        pytest.param(b"(I1\ntR.", "the byte 49 is no instruction", id="a pickle in text"),
        pytest.param(b"\x80\x06N.", "PROTO 6", id="a future protocol"),
        pytest.param(b"\x80\x02.", "takes more than it holds", id="nothing on the stack"),
        pytest.param(b"\x80\x02t.", "no mark", id="no mark"),
        pytest.param(b"\x80\x02h\x05.", "refers to what it does not hold", id="no memo"),
        pytest.param(b"\x80\x02}]Ns.", "a list as a key", id="a list as a key"),
        pytest.param(b"\x80\x02}(Nu.", "a key without a value", id="a key without a value"),
        pytest.param(b"\x80\x02Na.", "takes more", id="an append to nothing"),
        pytest.param(b"\x80\x02NNa.", "a NoneType where a list", id="an append to none"),
        pytest.param(b"\x80\x02ctorch\nSize\nNR.", "a NoneType where a tuple", id="arguments that are none"),
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=words) as error:
        read_foreign(path)
    assert str(path) in error.value.what
    assert error.value.remedy


def _tensor(count: int, offset: bytes, size: bytes, stride: bytes, *, kind: str = "FloatStorage") -> bytes:
    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text("0") + text("cpu") + _int(count) + b"tQ"
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + size + stride + b"\x89}tR."
    return b"\x80\x02" + call


def _int(value: int) -> bytes:
    raw = value.to_bytes(16, "little", signed=True)
    return b"\x8a\x10" + raw


def _ints(*values: int) -> bytes:
    return b"(" + b"".join(map(_int, values)) + b"t"


@pytest.mark.parametrize(
    ("pickled", "words"),
    [
        pytest.param(_tensor(4, _int(0), _ints(5), _ints(1)), "outside its 4 numbers", id="too long"),
        pytest.param(_tensor(4, _int(1), _ints(4), _ints(1)), "outside its 4 numbers", id="moved"),
        pytest.param(_tensor(4, _int(0), _ints(2, 2), _ints(3, 1)), "outside its 4 numbers", id="steps too wide"),
        pytest.param(_tensor(4, _int(5), _ints(0), _ints(1)), "outside its 4 numbers", id="empty behind the end"),
        pytest.param(_tensor(4, _int(-1), _ints(2), _ints(1)), "no whole numbers of 0 or more", id="before the start"),
        pytest.param(_tensor(4, _int(3), _ints(2), _ints(-1)), "no whole numbers of 0 or more", id="backwards"),
        pytest.param(_tensor(4, _int(0), _ints(-4), _ints(1)), "no whole numbers of 0 or more", id="negative size"),
        pytest.param(_tensor(4, _int(0), _ints(2, 2), _ints(1)), "different number", id="a stride missing"),
        pytest.param(_tensor(4, _int(0), _ints(2**62), _ints(0)), "no whole numbers", id="a size without end"),
        pytest.param(_tensor(4, _int(0), _ints(2**30), _ints(0)), "far more numbers than the file", id="expanded"),
        pytest.param(_tensor(4, _int(0), _ints(*[1] * 20), _ints(*[1] * 20)), "no short list", id="20 dimensions"),
        pytest.param(_tensor(9, _int(0), _ints(9), _ints(1)), "36 bytes is 16 bytes long", id="not that many"),
        pytest.param(_tensor(2**41, _int(0), _ints(1), _ints(1)), "no whole number of", id="a header of terabytes"),
        pytest.param(_tensor(-1, _int(0), _ints(1), _ints(1)), "no whole number of", id="a negative count"),
        pytest.param(_tensor(4, _int(0), _ints(4), _ints(1), kind="Size"), "no kind of numbers", id="no storage"),
    ],
)
def test_a_tensor_never_looks_outside_its_numbers(tmp_path: Path, pickled: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(zip_bytes(pickled, **{"data/0": bytes(16)}))

    with pytest.raises(ModelError, match=words):
        read_foreign(path)


def test_a_tensor_inside_its_numbers_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    numbers = struct.pack("<4f", 1, 2, 3, 4)
    path.write_bytes(zip_bytes(_tensor(4, _int(1), _ints(2, 2), _ints(1, 1)), **{"data/0": numbers}))

    assert read_foreign(path).tree.tensor().tolist() == [[2, 3], [3, 4]]


def test_a_storage_that_is_not_in_the_file_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(zip_bytes(_tensor(4, _int(0), _ints(4), _ints(1))))

    with pytest.raises(ModelError, match="numbers of the storage '0' are missing"):
        read_foreign(path)


def test_a_legacy_header_that_claims_more_than_the_file_is_refused(tmp_path: Path) -> None:
    path = saved({"a": torch.ones(6)}, tmp_path / "file", "torch before 1.6")
    raw = path.read_bytes()
    path.write_bytes(raw[:-32] + struct.pack("<q", 2**40) + raw[-24:])

    with pytest.raises(ModelError, match="6 numbers is said to have 1099511627776"):
        read_foreign(path)


def test_big_endian_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(zip_bytes(b"\x80\x02}.", byteorder=b"big"))
    with pytest.raises(ModelError, match="not little-endian"):
        read_foreign(path)

    path.write_bytes(legacy_bytes(b"\x80\x02}.").replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89"))
    with pytest.raises(ModelError, match="not little-endian"):
        read_foreign(path)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(zip_bytes(b"N.", compression=zipfile.ZIP_DEFLATED), "compressed", id="compressed"),
        pytest.param(zip_bytes(b"N.", **{"../evil": b""}), "which torch.save never writes", id="a path above"),
        pytest.param(zip_bytes(b"N.", **{"data/../../evil": b""}), "never writes", id="a path through data"),
        pytest.param(zip_bytes(b"N.", **{"evil.py": b""}), "never writes", id="a program"),
        pytest.param(zip_bytes(b"N.", **{"more/data.pkl": b"N."}), "or several", id="two pickles"),
        pytest.param(zip_bytes(b"N.").replace(b"archive/data.pkl", b"archive/date.pkl"), "no data.pkl", id="no pickle"),
        pytest.param(
            zip_bytes(b"N.").replace(b"archive/", b"../////x"), "not a plain folder|no data.pkl", id="a folder above"
        ),
        pytest.param(zip_bytes(b"N.N."), "bytes follow after the end of its pickle", id="a second pickle behind"),
        pytest.param(
            zip_bytes(b"N.").replace(b"archive/version", b"archive/versioN", 1), "described in two ways", id="two names"
        ),
    ],
)
def test_an_archive_laid_out_otherwise_is_refused(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)

    with pytest.raises(ModelError, match=words):
        read_foreign(path)


def test_an_entry_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a/data.pkl", b"cos\nsystem\n.")

    with pytest.raises(ModelError, match=r"'data\.pkl' twice"):
        read_foreign(path)


def test_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    """Two entries of the list point to the same bytes: many such would make a small file a large one."""
    path = tmp_path / "file"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("a/data/0", bytes(64))
        first = archive.getinfo("a/data/0")
        archive.filelist.append(first)
    path.write_bytes(stream.getvalue())

    with pytest.raises(ModelError, match="overlap|Overlap"):
        read_foreign(path)


def test_an_entry_within_another_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a/version", b"3")
    local = inner.getvalue()[: inner.getvalue().index(b"PK\x01\x02")]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("a/data/0", local)
        hidden = zipfile.ZipInfo("a/version")
        hidden.header_offset = stream.getvalue().index(local)
        hidden.CRC, hidden.file_size, hidden.compress_size = zlib.crc32(b"3"), 1, 1
        archive.filelist.append(hidden)
    path = tmp_path / "file"
    path.write_bytes(stream.getvalue())

    with pytest.raises(ModelError, match="overlap|Overlap"):
        read_foreign(path)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_dictionary_is_a_whole_file(tmp_path: Path, kind: str) -> None:
    assert _read(around(b"\x80\x02}.", tmp_path / "file", kind)) == {}
