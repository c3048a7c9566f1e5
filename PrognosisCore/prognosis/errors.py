"""The one exception family: every message says what is wrong, where, and what to do."""


class PrognosisError(Exception):
    """Base of every error the program raises on purpose.

    Args:
        what: What is wrong, naming the file, row or tag.
        remedy: What the user can do about it.
    """

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what if not remedy else f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class InputError(PrognosisError):
    """A file, image, segmentation or table that cannot be used as it is."""


class ModelError(PrognosisError):
    """A model bundle that is missing, damaged, or does not fit."""


class UsageError(PrognosisError):
    """A command that was called wrongly, or an output that cannot be written."""


class CancelledError(PrognosisError):
    """The user stopped the work."""
