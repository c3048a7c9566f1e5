"""The heat test: calibrated under noise, sure of what was planted, blind to what any map of a tumour shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.heat_test import (
    Statistic,
    heat_test,
    heat_tests,
    rotated_copies,
    same_tissue,
    tissue_classes,
    tumour_centre,
    tumour_distance_map,
)
from prognosis.errors import InputError

SHAPE, SPACING = (48, 96, 96), (1.0, 1.0, 1.0)
Mask = NDArray[np.bool_]


def _ellipsoid(centre: tuple[float, float, float], axes: tuple[float, float, float]) -> Mask:
    k, j, i = np.ogrid[tuple(slice(n) for n in SHAPE)]
    (x, y, z), (a, b, c) = centre, axes
    return ((i - x) / a) ** 2 + ((j - y) / b) ** 2 + ((k - z) / c) ** 2 <= 1.0


@pytest.fixture(scope="module")
def tumour() -> Mask:
    return _ellipsoid((47.0, 48.0, 24.0), (16.0, 10.0, 11.0))


@pytest.fixture(scope="module")
def place(tumour: Mask) -> Mask:
    """Two satellites and a tube 10 to 25 mm outside the tumour."""
    parts = [((25.0, 66.0, 26.0), (4.0, 4.0, 4.0)), ((20.0, 60.0, 20.0), (3.0, 6.0, 3.0))]
    where = _ellipsoid(*parts[0]) | _ellipsoid(*parts[1]) | _ellipsoid((32.0, 74.0, 22.0), (7.0, 2.0, 2.0))
    distance = ndimage.distance_transform_edt(~tumour)
    return where & (distance >= 10) & (distance <= 25)


@pytest.fixture(scope="module")
def tissue(place: Mask) -> NDArray[np.int8]:
    """Lung with a chest wall, and the place's own growth."""
    hu = np.full(SHAPE, -850.0)
    hu[:, :, 88:] = 40.0
    hu[place] = 30.0
    return tissue_classes(hu)


@pytest.fixture(scope="module", params=[0.0, 2.0], ids=["white noise", "smooth noise"])
def noise(request: pytest.FixtureRequest) -> dict[str, NDArray]:
    rng = np.random.default_rng(3)
    maps = (ndimage.gaussian_filter(rng.standard_normal(SHAPE, np.float32), request.param) for _ in range(120))
    return {str(number): heat for number, heat in enumerate(maps)}


@pytest.mark.parametrize("statistic", list(Statistic))
def test_heat_without_meaning_hits_one_time_in_twenty(
    noise: dict[str, NDArray], tumour: Mask, place: Mask, tissue: NDArray[np.int8], statistic: Statistic
) -> None:
    results = heat_tests(noise, place, tumour, tissue, spacing=SPACING, statistic=statistic, seed=1).values()
    assert all(result.decided for result in results)
    assert 0.01 <= np.mean([result.hit for result in results]) <= 0.10
    assert 42 <= np.mean([result.percentile for result in results]) <= 58


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**31), sign=st.sampled_from([1.0, -1.0]))
def test_heat_planted_at_the_place_is_always_found(
    tumour: Mask, place: Mask, tissue: NDArray[np.int8], seed: int, sign: float
) -> None:
    heat = sign * place + 0.5 * np.random.default_rng(seed).standard_normal(SHAPE)
    result = heat_test(heat, place, tumour, tissue, spacing=SPACING, seed=seed)
    assert result.hit
    assert result.percentile == 100.0
    assert result.region_mean > 1.5 * result.chance_mean


def test_only_positive_heat_counts_where_asked(tumour: Mask, place: Mask, tissue: NDArray[np.int8]) -> None:
    cold = -5.0 * place + 0.1
    assert heat_test(cold, place, tumour, tissue, spacing=SPACING).hit
    result = heat_test(cold, place, tumour, tissue, spacing=SPACING, statistic=Statistic.POSITIVE)
    assert not result.hit
    assert result.region_mean == 0.0


def test_a_map_of_the_tumours_place_hits_nothing(tumour: Mask, place: Mask, tissue: NDArray[np.int8]) -> None:
    near = tumour_distance_map(tumour, SPACING)
    assert near[tumour].min() == 1.0
    maps = {"near": near, "far": 1.0 - near, "tumour": 100.0 * tumour, "flat": np.ones(SHAPE)}
    for result in heat_tests(maps, place, tumour, tissue, spacing=SPACING).values():
        assert not result.hit
    assert heat_test(np.ones(SHAPE), place, tumour, tissue, spacing=SPACING).percentile == 50.0


def test_heat_in_another_tissue_does_not_help_or_hurt(tumour: Mask, place: Mask, tissue: NDArray[np.int8]) -> None:
    rng = np.random.default_rng(0)
    heat = place + 0.2 * rng.standard_normal(SHAPE)
    wall = np.zeros(SHAPE)
    wall[:, :, 90:] = 50.0
    plain, with_wall = heat_tests({"a": heat, "b": heat + wall}, place, tumour, tissue, spacing=SPACING).values()
    assert plain.hit
    assert with_wall.percentile == pytest.approx(plain.percentile, abs=3.0)


def test_copies_keep_volume_distance_and_tissue(tumour: Mask, place: Mask, tissue: NDArray[np.int8]) -> None:
    distance = ndimage.distance_transform_edt(~tumour)
    allowed = same_tissue(place, tumour, tissue)
    centre = tumour_centre(tumour)
    assert centre == pytest.approx((47.0, 48.0, 24.0))
    copies = list(rotated_copies(place, centre, SPACING, allowed, 60, 5, distance=distance))
    assert len(copies) == 60
    middles = []
    for copy in copies:
        assert np.count_nonzero(copy) == np.count_nonzero(place)
        assert (allowed | place)[copy].mean() > 0.75
        assert distance[copy].mean() == pytest.approx(distance[place].mean(), abs=0.4)
        middles.append(np.argwhere(copy).mean(axis=0) - [24.0, 48.0, 47.0])
    angles = np.degrees(np.arctan2([m[1] for m in middles], [m[2] for m in middles]))
    assert set(np.digitize(angles, [-90, 0, 90])) == {0, 1, 2, 3}


def test_copies_of_anisotropic_voxels_keep_their_distance_in_mm() -> None:
    spacing = (1.3, 1.3, 3.0)
    region = np.zeros((32, 74, 74), bool)
    region[15:18, 36:39, 57:63] = True
    centre = (37.0, 37.0, 16.0)
    radius = np.linalg.norm((np.argwhere(region)[:, ::-1] - centre) * spacing, axis=1)
    for copy in rotated_copies(region, centre, spacing, np.ones(region.shape, bool), 20, 0):
        at = np.linalg.norm((np.argwhere(copy)[:, ::-1] - centre) * spacing, axis=1)
        assert at.mean() == pytest.approx(radius.mean(), abs=0.8)


def test_the_same_seed_gives_the_same_copies(tumour: Mask, place: Mask, tissue: NDArray[np.int8]) -> None:
    heat = np.random.default_rng(0).standard_normal(SHAPE)
    first, again, other = (
        heat_test(heat, place, tumour, tissue, spacing=SPACING, rotations=50, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.chance_mean != other.chance_mean


def test_a_place_without_its_like_gets_no_verdict(tumour: Mask, place: Mask) -> None:
    tissue = ndimage.binary_dilation(place, iterations=3).astype(np.int8)
    result = heat_test(place * 9.0, place, tumour, tissue, spacing=SPACING, rotations=50)
    assert not result.decided
    assert not result.hit
    assert "too few copies for a verdict" in result.flags
    assert f"only {result.rotations} of 50 rotated copies fit into the same tissue" in result.flags


def test_what_the_tumour_covers_is_left_out_and_said(tumour: Mask, place: Mask, tissue: NDArray[np.int8]) -> None:
    partly = place | (tumour & _ellipsoid((47.0, 48.0, 24.0), (4.0, 4.0, 4.0)))
    heat = np.where(tumour, 1000.0, 0.0) + place
    result = heat_test(heat, partly, tumour, tissue, spacing=SPACING)
    assert result.region_mean == pytest.approx(1.0)
    assert any("of the place, which was left out" in flag for flag in result.flags)


def test_lung_air_and_the_rest_are_told_apart() -> None:
    hu = np.full((12, 12, 30), 40.0)
    hu[:, :, 10:20] = -850.0
    hu[:, :, 20:] = -1000.0
    classes = tissue_classes(hu)
    assert set(np.unique(classes[:, :, :10])) == {0}
    assert set(np.unique(classes[:, :, 10:18])) == {1}
    assert set(np.unique(classes[:, :, 24:])) == {2}


@pytest.mark.parametrize("fault", ["shape", "no tumour", "no place", "covered place", "not finite"])
def test_what_cannot_be_tested_is_refused_in_words(
    tumour: Mask, place: Mask, tissue: NDArray[np.int8], fault: str
) -> None:
    heat = np.ones(SHAPE)
    if fault == "shape":
        heat = heat[:-1]
    if fault == "not finite":
        heat[0, 0, 0] = np.nan
    region = {"no place": np.zeros(SHAPE, bool), "covered place": tumour}.get(fault, place)
    contour = np.zeros(SHAPE, bool) if fault == "no tumour" else tumour
    message = {"shape": "differ in shape", "not finite": "no numbers"}.get(fault, "needs a tumour, and a place")
    with pytest.raises(InputError, match=message):
        heat_test(heat, region, contour, tissue, spacing=SPACING)
