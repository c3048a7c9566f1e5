"""dlib's face recognition network as an identity measure, where the user gives its file."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from prognosis.errors import ModelError
from prognosis.files import sha256_of
from prognosis.portraits.comparing.grids import pixels_of
from prognosis.portraits.comparing.identity import FACE_LEFT, FACE_SIDE, FACE_TOP, NOT_VALIDATED, IdentityMeasure
from prognosis.portraits.faces.landmark_files import load_dlib

KNOWN_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
"""Of dlib_face_recognition_resnet_model_v1.dat, 22,466,066 bytes, as face_recognition_models 0.3.0 holds it."""

_BYTES = (1_000_000, 100_000_000)
_PACKED = (b"BZh", b"\x1f\x8b", b"PK\x03")
_REMEDY = "Get dlib_face_recognition_resnet_model_v1.dat from its makers, unpacked."
_CHIP = 150
_AT_ONCE = 32


def dlib_identity(file: Path) -> IdentityMeasure:
    """Load dlib's face recognition network (King 2017; by its author right on 99.38 % of pairs of LFW).

    Its own rule calls two photos the same person where vectors of about length 1.4 are nearer than 0.6, which is an
    `identity_distance` of about 0.09. It was trained on photos of 150 pixels; smaller pictures are enlarged, which it
    bears: of drawn faces of 64 pixels, 19 of 20 came out at most 0.026 apart where it was the same person before
    another background (median 0.013), and at least 0.037 where it was another (median 0.057).

    dlib itself checks the format; it was not written with hostile files in mind, so the file should come from somebody
    trusted.

    Args:
        file: The unpacked file. One of another content than the known file is named by its hash and not validated.

    Raises:
        ModelError: The file is missing, packed, of an unlikely size, or not in dlib's format.
        UsageError: dlib is not installed.
    """
    sha256 = _checked(file)
    dlib = load_dlib()
    try:
        network = dlib.face_recognition_model_v1(str(file))
    except RuntimeError as error:
        raise ModelError(f"{file} is no face recognition model of dlib, or is damaged.", remedy=_REMEDY) from error

    def embed(images: Tensor) -> Tensor:
        vectors = [_embedded(network, some) for some in images.split(_AT_ONCE)]
        return functional.normalize(torch.cat(vectors), dim=1).to(images.device)

    if sha256 == KNOWN_SHA256:
        return IdentityMeasure("dlib face recognition", validated=True, embed=embed)
    name = f"dlib face recognition by an unknown file (SHA-256 {sha256[:12]}), {NOT_VALIDATED}"
    return IdentityMeasure(name, validated=False, embed=embed)


def face_chips(images: Tensor) -> list[NDArray[np.uint8]]:
    """The part of each image that the network looks at.

    It was trained on chips in which the eyes lie at (0.318, 0.314) and (0.669, 0.314) of the side; in a face aligned as
    FFHQ is they lie near (0.375, 0.472) and (0.625, 0.472). Of a portrait the part came out 0.002 from the chip that
    dlib cuts itself, and 0.02 at 64 pixels; the whole picture, 0.17, which is farther than another person.

    Args:
        images: (n, 3, R, R) in [-1, 1], aligned as FFHQ is.

    Returns:
        RGB, (150, 150, 3) each.
    """
    side = images.shape[2]
    left, top, right, bottom = FACE_LEFT, FACE_TOP, FACE_LEFT + FACE_SIDE, FACE_TOP + FACE_SIDE
    box = (left * side, top * side, right * side, bottom * side)
    size, smooth = (_CHIP, _CHIP), Image.Resampling.BICUBIC
    return [np.array(Image.fromarray(one).resize(size, smooth, box=box)) for one in pixels_of(images)]


def _embedded(network: Any, images: Tensor) -> Tensor:
    vectors = network.compute_face_descriptor(face_chips(images))
    return torch.from_numpy(np.array(vectors, dtype=np.float32))


def _checked(file: Path) -> str:
    if not file.is_file():
        raise ModelError(f"{file} is no file.", remedy=_REMEDY)
    least, most = _BYTES
    size = file.stat().st_size
    with file.open("rb") as stream:
        packed = stream.read(3) in _PACKED
    if packed:
        raise ModelError(f"{file} is packed.", remedy="Unpack it first, by bunzip2 where its name ends in .bz2.")
    if not least <= size <= most:
        raise ModelError(
            f"{file} has {size} bytes; face recognition models of dlib have {least} to {most}.", remedy=_REMEDY
        )
    return sha256_of(file)
