"""How faces are aligned; read by the command line before anything heavy is loaded."""

from dataclasses import dataclass, field
from pathlib import Path

from prognosis.portraits.faces.landmark_files import SHIPPED

LEAST_SIZE, MOST_SIZE = 64, 1024

_ALL, _LARGEST = "all", "largest"


@dataclass(frozen=True)
class FaceChoice:
    """Which faces of a photo are taken.

    Args:
        number: 1 for the largest, 2 for the next; None for all.
    """

    number: int | None = 1

    def __post_init__(self) -> None:
        if self.number is not None and self.number < 1:
            raise ValueError("faces are numbered from 1, the largest")

    @staticmethod
    def parse(text: str) -> "FaceChoice":
        """Read 'largest', 'all' or a number.

        Raises:
            ValueError: It is none of those.
        """
        if text == _ALL:
            return FaceChoice(None)
        return FaceChoice(1 if text == _LARGEST else int(text))

    def __str__(self) -> str:
        return _ALL if self.number is None else _LARGEST if self.number == 1 else str(self.number)


@dataclass(frozen=True)
class AlignOptions:
    """How faces are aligned.

    Args:
        size: Side of the aligned face, 64 to 1024 pixels.
        choice: Which faces are taken.
        landmarks: Model of 5 or 68 points in dlib's format.
    """

    size: int = 512
    choice: FaceChoice = field(default_factory=FaceChoice)
    landmarks: Path = SHIPPED

    def __post_init__(self) -> None:
        if not LEAST_SIZE <= self.size <= MOST_SIZE:
            raise ValueError(f"size is {LEAST_SIZE} to {MOST_SIZE} pixels, not {self.size}")
