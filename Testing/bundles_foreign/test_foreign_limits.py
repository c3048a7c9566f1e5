"""Small files that ask for much end soon, with a word."""

import struct
import time
from pathlib import Path

import pytest
from making_checkpoints import around, content_bytes, legacy_bytes, text

from prognosis.bundles.foreign import limits
from prognosis.bundles.foreign.reading import read_foreign
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.errors import ModelError

SECONDS = 20


def _laughs(levels: int) -> bytes:
    """A list of ten times the list below, and so on: 10 ** levels things in a few hundred bytes."""
    steps = [b"\x80\x02]q\x00"]
    for level in range(levels):
        steps.append(b"](" + b"h" + bytes([level]))
        steps[-1] += (b"h" + bytes([level])) * 9 + b"eq" + bytes([level + 1])
    return b"".join(steps) + b"."


def _itself() -> bytes:
    return b"\x80\x02]q\x00h\x00a."


def _wide_itself() -> bytes:
    return b"\x80\x02]q\x00(" + b"h\x00" * 100_000 + b"e."


def _deep() -> bytes:
    return b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."


def _deep_tuple_as_key() -> bytes:
    return b"\x80\x02})" + b"\x85" * 200_000 + b"Ns."


def _large_number() -> bytes:
    return b"\x80\x02\x8b" + struct.pack("<I", 200_000) + b"\x01" * 200_000 + b"."


def _nested_again_and_again() -> bytes:
    nested = legacy_bytes(
        b"\x80\x02(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x01tQ."
    ).replace(b"]q\x00.", b"]q\x00X\x01\x00\x00\x000a.") + struct.pack("<qf", 1, 2.0)
    load = b"ctorch.storage\n_load_from_bytes\n" + content_bytes(nested) + b"\x85q\x01R0"
    again = b"ctorch.storage\n_load_from_bytes\nh\x01R0"
    return b"\x80\x02" + load + again * 400_000 + b"N."


def _text_encoded_again_and_again() -> bytes:
    first = b"(" + text("x" * 1_000_000) + text("latin1") + b"tq\x01"
    return b"\x80\x02" + first + b"c_codecs\nencode\nh\x01R0" * 1000 + b"N."


def _sets_of_one_list() -> bytes:
    numbers = b"](" + b"K\x01" * 50_000 + b"e\x85q\x01"
    return b"\x80\x02" + numbers + b"c__builtin__\nset\nh\x01R0" * 1000 + b"N."


@pytest.mark.parametrize(
    ("pickled", "words"),
    [
        pytest.param(_laughs(12), "unfolds into over", id="a billion laughs"),
        pytest.param(_itself(), "holds itself", id="a list in itself"),
        pytest.param(_wide_itself(), "holds itself", id="a list in itself many times"),
        pytest.param(_deep(), "levels", id="lists in lists"),
        pytest.param(_deep_tuple_as_key(), "a tuple as a key", id="tuples in tuples as a key"),
        pytest.param(_large_number(), "too many digits", id="a number of many digits"),
        pytest.param(b"\x80\x02X\xff\xff\xff\x7fabc.", "cut short", id="a text longer than the file"),
        pytest.param(b"\x80\x04\x8e" + b"\xff" * 8 + b"abc.", "cut short", id="bytes without end"),
        pytest.param(b"\x80\x02\x8b\xff\xff\xff\xff.", "cut short", id="a number longer than the file"),
        pytest.param(_nested_again_and_again(), "more than|far more", id="a nested save read again and again"),
        pytest.param(_text_encoded_again_and_again(), "far more", id="a text copied again and again"),
        pytest.param(_sets_of_one_list(), "more than", id="a list copied again and again"),
    ],
)
def test_a_small_file_does_not_take_the_machine(tmp_path: Path, pickled: bytes, words: str) -> None:
    path = around(pickled, tmp_path / "file", "pickle")
    start = time.monotonic()

    with pytest.raises(ModelError, match=words):
        read_foreign(path)
    assert time.monotonic() - start < SECONDS


def test_too_many_instructions_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_STEPS", 1000)
    path = around(b"\x80\x02" + b"N0" * 600 + b"N.", tmp_path / "file", "pickle")

    with pytest.raises(ModelError, match="more than 1000 instructions"):
        read_foreign(path)


def test_too_long_a_text_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prognosis.bundles.foreign.instructions.LONGEST_TEXT", 10)
    path = around(b"\x80\x02" + text("elf letters") + b".", tmp_path / "file", "pickle")

    with pytest.raises(ModelError, match="a text of 11 bytes"):
        read_foreign(path)


def test_many_names_are_no_fault(tmp_path: Path) -> None:
    entries = b"".join(text(f"name{at}") + b"K\x01" for at in range(20_000))
    path = around(b"\x80\x02}(" + entries + b"u.", tmp_path / "file", "pickle")

    checkpoint = read_foreign(path)
    assert len(checkpoint.tree) == 20_000
    assert flat_tensors(checkpoint.tree) == {}
