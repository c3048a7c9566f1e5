"""The file a landmark model comes in, and the library that reads it."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from prognosis import resources
from prognosis.errors import ModelError, UsageError
from prognosis.files import sha256_of

SHIPPED = Path(resources.__file__).parent / "faces" / "shape_predictor_5_face_landmarks.dat"
SHIPPED_SHA256 = "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"

_BYTES = (1_000, 300_000_000)
OTHER_FILE = "Get the file shape_predictor_68_face_landmarks.dat from its makers, unpacked."


def check_landmark_file(file: Path) -> str:
    """Check what can be checked of a landmark model without dlib, and return its SHA-256.

    Raises:
        ModelError: The file is missing or of an unlikely size, or it is the shipped one and was altered.
    """
    if not file.is_file():
        raise ModelError(f"{file} is no file.", remedy=OTHER_FILE)
    least, most = _BYTES
    if not least <= file.stat().st_size <= most:
        raise ModelError(
            f"{file} has {file.stat().st_size} bytes; landmark models have {least} to {most}.", remedy=OTHER_FILE
        )
    sha256 = sha256_of(file)
    if file == SHIPPED and sha256 != SHIPPED_SHA256:
        raise ModelError("The shipped landmark model was altered.", remedy="Install the program again.")
    return sha256


def load_dlib() -> ModuleType:
    """Import dlib at the moment of use.

    Raises:
        UsageError: It is not installed.
    """
    try:
        return import_module("dlib")
    except ImportError as error:
        raise UsageError("Finding faces needs dlib.", remedy="Install slicer-prognosis[portraits].") from error
