"""A small PET series whose SUV are known, for tests to restate in other units and to spoil."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from making_pet import COLUMNS, DOSE_BQ, INJECTED, ROWS, SCANNED, SLICES, WEIGHT_KG, Pet, decayed, pet_slice
from pydicom.uid import generate_uid


@pytest.fixture
def pet(tmp_path: Path) -> Pet:
    """A PET of F-18 in Bq/ml, injected at 10:00, corrected for decay to the start of the scan at 11:00."""
    stored = np.random.default_rng(7).integers(1, 8000, (SLICES, ROWS, COLUMNS)).astype(np.int16)
    series, frame_of_reference = generate_uid(), generate_uid()
    slices = [pet_slice(values, k, series, frame_of_reference) for k, values in enumerate(stored)]
    made = Pet(slices, stored, tmp_path / "pet")
    made.injected(INJECTED).acquired(*(SCANNED,) * SLICES)
    return made.worth(DOSE_BQ * decayed(3600.0) / (WEIGHT_KG * 1000.0))


@pytest.fixture
def later() -> Callable[[float], list[datetime]]:
    """Starts of acquisition of three bed positions of two slices each, so many seconds apart."""
    return lambda apart_s: [SCANNED + timedelta(seconds=apart_s * (k // 2)) for k in range(SLICES)]
