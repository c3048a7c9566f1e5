"""What a foreign file may ask for, so that a small file never takes the machine."""

from dataclasses import dataclass

LONGEST_TEXT = 1 << 26
LONGEST_LINE = 1000
LARGEST_NUMBER_BYTES = 64
MOST_STEPS = 2_000_000
MOST_DIMENSIONS = 16
_SPARE_BYTES = 1 << 26


class NotDataError(ValueError):
    """The file asks for something that is no data: a function, a class, an instruction that makes objects run."""


@dataclass
class Budget:
    """Counts what reading one file has cost; nested pickles share it.

    Args:
        steps_left: Instructions, and items that are copied.
        bytes_left: Bytes that tensors and copies may stand for together.
    """

    steps_left: int
    bytes_left: int

    @classmethod
    def of_file(cls, size: int) -> "Budget":
        """For a file of `size` bytes: its tensors may share numbers, but not stand for far more than it holds."""
        return cls(MOST_STEPS, 4 * size + _SPARE_BYTES)

    def take_steps(self, count: int = 1) -> None:
        """Raises ValueError where the file has too many objects."""
        self.steps_left -= count
        if self.steps_left < 0:
            raise ValueError(f"it has more than {MOST_STEPS} instructions and objects, more than any network needs")

    def take_bytes(self, count: int) -> None:
        """Raises ValueError where tensors or copies stand for far more than the file holds."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise ValueError("its tensors stand for far more numbers than the file holds")


def shown(text: str) -> str:
    """A text of a foreign file for a message: short, on one line, plain characters."""
    return ascii(text if len(text) <= 100 else f"{text[:97]}...")
