"""Files of the three kinds, made by PyTorch and Python themselves, or put together byte by byte around any pickle."""

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch

KINDS = ("torch zip", "torch before 1.6", "pickle")
MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def saved(content: Any, path: Path, kind: str) -> Path:
    """Save as the other programs do."""
    if kind == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=4))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "torch zip")
    return path


def around(pickled: bytes, path: Path, kind: str) -> Path:
    """A file of that kind whose pickle is given; it has no storages."""
    path.write_bytes({"torch zip": zip_bytes, "torch before 1.6": legacy_bytes, "pickle": bytes}[kind](pickled))
    return path


def legacy_bytes(pickled: bytes) -> bytes:
    before = [pickle.dumps(part, protocol=2) for part in (MAGIC, 1001, SYSTEM)]
    return b"".join([*before, pickled, pickle.dumps([], protocol=2)])


def zip_bytes(pickled: bytes, *, compression: int = zipfile.ZIP_STORED, **further: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in further.items():
            archive.writestr(f"archive/{name}", content)
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


def text(value: str) -> bytes:
    """The instruction that pushes a text, in every protocol from 2 on."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def content_bytes(value: bytes) -> bytes:
    """The instruction that pushes bytes."""
    return b"B" + struct.pack("<I", len(value)) + value
