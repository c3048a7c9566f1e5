"""NaN and infinity in NIfTI files, which ITK's reader turns into zeros without a word."""

import gzip
import struct
from pathlib import Path

import numpy as np

_DECIMAL_TYPES = {16: "f4", 64: "f8"}
_CHUNK_BYTES = 1 << 22


def first_non_finite(path: Path) -> float | None:
    """Return the first NaN or infinite voxel value of a whole .nii or .nii.gz file, None when all are finite."""
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        header = stream.read(348)
        order = "<" if struct.unpack("<i", header[:4])[0] == 348 else ">"
        kind = _DECIMAL_TYPES.get(struct.unpack_from(order + "h", header, 70)[0])
        if kind is None:
            return None
        stream.read(int(struct.unpack_from(order + "f", header, 108)[0]) - len(header))
        while chunk := stream.read(_CHUNK_BYTES):
            values = np.frombuffer(chunk, order + kind, count=len(chunk) // int(kind[1]))
            odd = values[~np.isfinite(values)]
            if odd.size:
                return float(odd[0])
    return None
