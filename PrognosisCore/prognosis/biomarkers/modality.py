"""The two images of a PET/CT."""

from enum import StrEnum


class Modality(StrEnum):
    """An image of a PET/CT; CT comes first wherever both stand together."""

    CT = "ct"
    PET = "pet"

    @property
    def letter(self) -> str:
        """What names of its features begin with."""
        return "C" if self is Modality.CT else "P"

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.value.upper()
