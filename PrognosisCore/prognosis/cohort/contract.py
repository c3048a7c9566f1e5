"""The columns of a cohort table that have a meaning of their own; every other column is a covariate."""

import re
from collections.abc import Container
from enum import StrEnum

DAYS_PER_MONTH = 365.25 / 12
TIME_COLUMNS = ("time_days", "time_months")
FILE_COLUMNS = (
    "image", "lesions", "organs", "followup_image", "followup_lesions",
    "ct", "pet", "tumour", "ct_tumour", "pet_tumour", "photo",
)  # fmt: skip
# Which series of a DICOM folder is meant, where the folder holds several.
SERIES_COLUMNS = {"image": "series", "followup_image": "followup_series", "ct": "ct_series", "pet": "pet_series"}
_DATE_ENDING = "_date"
_OTHERS = ("patient_id", "annotation_id", "event", "cause", "split", "image_date", "group", "site")
_RESERVED = (*_OTHERS, *TIME_COLUMNS, *FILE_COLUMNS, *SERIES_COLUMNS.values())


class Purpose(StrEnum):
    """What a table is meant for."""

    LESIONS = "lesions"
    SURVIVAL = "survival"
    BIOMARKERS = "biomarkers"
    PORTRAITS = "portraits"


FILES_NEEDED = {
    Purpose.LESIONS: ("image", "lesions"),
    Purpose.SURVIVAL: (),
    Purpose.BIOMARKERS: ("ct", "pet", "tumour"),
    Purpose.PORTRAITS: ("photo",),
}


def is_covariate(name: str, columns: Container[str]) -> bool:
    """Whether a column of a table is a covariate: neither of the contract nor the date of a covariate."""
    return name not in _RESERVED and not (name.endswith(_DATE_ENDING) and name.removesuffix(_DATE_ENDING) in columns)


def nearly_reserved(name: str) -> str | None:
    """The column of the contract that a heading was probably meant to be, such as 'split' for 'Split'."""
    meant = re.sub(r"[\s-]+", "_", name.strip()).casefold()
    return meant if meant in _RESERVED and name != meant else None


def date_column_of(covariate: str) -> str:
    """The column that says when a covariate was measured."""
    return covariate + _DATE_ENDING
