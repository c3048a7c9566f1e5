"""NRRD files for the worker: uncompressed, written piece by piece, since they live for seconds."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import UsageError
from prognosis.imaging.geometry import Geometry

_NAME_OF_TYPE = {"float32": "float", "float64": "double"}


def write_nrrd(
    path: Path,
    geometry: Geometry,
    pieces: Iterable[NDArray],
    dtype: np.dtype,
    *,
    layers: int = 1,
    keys: Mapping[str, str] | None = None,
) -> None:
    """Write an image.

    Args:
        path: A `.nrrd` file.
        geometry: The image's lattice.
        pieces: Slabs [k, j, i], or [k, j, i, layer] where there are several layers, which together are the image.
        dtype: Of all pieces.
        layers: Number of layers.
        keys: Further header fields.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        with path.open("wb") as stream:
            stream.write(_header(geometry, np.dtype(dtype), layers, keys or {}))
            for piece in pieces:
                stream.write(np.ascontiguousarray(piece).data)
    except OSError as error:
        raise UsageError(
            f"The temporary file {path} cannot be written: {error.strerror}.", remedy="Free some disk space."
        ) from error


def _header(geometry: Geometry, dtype: np.dtype, layers: int, keys: Mapping[str, str]) -> bytes:
    columns = [_vector(column) for column in geometry.affine[:3, :3].T]
    listed = layers > 1
    fields = [
        f"type: {_NAME_OF_TYPE.get(dtype.name, dtype.name)}",
        f"dimension: {4 if listed else 3}",
        "space: left-posterior-superior",
        "sizes: " + " ".join(map(str, ((layers,) if listed else ()) + geometry.size)),
        "space directions: " + " ".join(["none"] * listed + columns),
        "kinds: " + " ".join(["list"] * listed + ["domain"] * 3),
        f"endian: {sys.byteorder}",
        "encoding: raw",
        f"space origin: {_vector(geometry.origin)}",
    ]
    pairs = [f"{key}:={text.replace(chr(92), chr(92) * 2)}" for key, text in keys.items()]
    return ("\n".join(["NRRD0004", *fields, *pairs]) + "\n\n").encode()


def _vector(values: Iterable[float]) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"
