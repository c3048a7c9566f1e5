import numpy as np
import pytest
from making_lesion_files import a_ct
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume


@pytest.fixture
def geometry() -> Geometry:
    return Geometry(size=(30, 26, 14), spacing=(1.5, 1.25, 3.0), origin=(-20.0, 12.5, -340.0))


@pytest.fixture
def image(geometry: Geometry) -> Volume:
    return a_ct(geometry)


@pytest.fixture
def masks(geometry: Geometry) -> dict[str, NDArray]:
    """Two lesions without symmetry: an ellipsoid with a nose, and a small box."""
    k, j, i = np.indices(geometry.shape)
    ellipsoid = ((i - 9) / 5) ** 2 + ((j - 8) / 4) ** 2 + ((k - 4) / 2.5) ** 2 <= 1
    nose = (np.abs(i - 15) <= 2) & (j == 8) & (k == 5)
    box = (i >= 20) & (i < 25) & (j >= 17) & (j < 21) & (k >= 8) & (k < 11)
    return {"Tumor left": ellipsoid | nose, "LN 4R": box}
