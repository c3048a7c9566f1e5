"""Covariates must be known when the image is taken: time runs from there."""

from datetime import date

from prognosis.cohort.cells import EMPTY, read_date
from prognosis.cohort.contract import date_column_of, is_covariate
from prognosis.cohort.csv_table import CsvTable
from prognosis.cohort.faults import Faults


def check_dates(table: CsvTable, faults: Faults) -> list[date | None]:
    """List covariates 'X' whose 'X_date' is after the row's `image_date`, and dates that cannot be read.

    Args:
        table: The table.
        faults: Where they are listed.

    Returns:
        The date of each row's image, None where the table does not tell.
    """
    image_dates = [
        None if cell in EMPTY else faults.read(row, "image_date", cell, read_date)
        for row, cell in zip(table.rows, table.column("image_date"), strict=True)
    ]
    for covariate in table.columns:
        date_column = date_column_of(covariate)
        if date_column not in table.columns or not is_covariate(covariate, table.columns):
            continue
        if "image_date" not in table.columns:
            faults.table(f"there is a column {date_column} but no image_date, before which {covariate} must be known")
            continue
        cells = zip(
            table.rows, table.column(covariate), table.column(date_column), table.column("image_date"), image_dates,
            strict=True,
        )  # fmt: skip
        for row, value, cell, image_cell, image_date in cells:
            measured = None if cell in EMPTY else faults.read(row, date_column, cell, read_date)
            if measured is None or value in EMPTY:
                continue
            if image_cell in EMPTY:
                faults.cell(row, "image_date", f"it is empty, so that {date_column} cannot be compared with it")
            elif image_date is not None and measured > image_date:
                faults.cell(row, date_column, f"{covariate} is of {measured}, after the image of {image_date}")
    return image_dates
