"""Heat at the recurrence is told from heat anywhere, and noise is not."""

import numpy as np
import pytest
from making_followups import smooth_noise
from scipy import ndimage, stats

from prognosis.biomarkers.following.hotness import heat_share, judge_heat
from prognosis.biomarkers.following.options import FollowUpOptions, HeatChoice
from prognosis.biomarkers.following.overlap import judge_overlap
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError, UsageError

SHAPE, SPACING = (32, 48, 48), (2.0, 2.0, 2.0)
_K, _J, _I = np.indices(SHAPE)
TUMOUR = (_K - 16) ** 2 + (_J - 24) ** 2 + (_I - 24) ** 2 <= 5**2
RECURRENCE = (_K - 16) ** 2 + (_J - 24) ** 2 + (_I - 36) ** 2 <= 3**2
LUNG = np.where(TUMOUR, 40.0, -800.0).astype(np.float32)


def _judge(heat, *, recurrence=RECURRENCE, rotations=199, hot_percent=5.0):
    hotness = judge_heat({Modality.CT: heat}, TUMOUR, SPACING, choice=HeatChoice.CT, hot_percent=hot_percent)
    return hotness, judge_overlap(hotness, recurrence, TUMOUR, LUNG, SPACING, rotations=rotations, seed=1)


def test_heat_at_the_recurrence_is_told_from_chance():
    _, overlap = _judge(ndimage.gaussian_filter(RECURRENCE.astype(np.float32), 1), hot_percent=0.3)
    assert overlap.rotations == 199
    assert overlap.hot_share.value > 0.9
    for figure in (overlap.hot_share, overlap.heat_percentile, overlap.dice):
        assert figure.p <= 0.05
        assert figure.value > figure.chance_high >= figure.chance_mean >= figure.chance_low


def test_the_p_value_counts_the_recurrence_itself():
    _, overlap = _judge(np.where(RECURRENCE, 1.0, 1e-3 * np.abs(smooth_noise(SHAPE, 5))).astype(np.float32))
    assert overlap.heat_percentile.p == 1 / 200


def test_heat_that_knows_only_the_distance_from_the_tumour_is_no_better_than_chance():
    distance = ndimage.distance_transform_edt(~TUMOUR, sampling=SPACING)
    _, overlap = _judge(np.exp(-distance / 20).astype(np.float32))
    assert overlap.heat_percentile.p > 0.05


def test_p_values_of_noise_are_spread_evenly():
    ps = [_judge(smooth_noise(SHAPE, seed), rotations=59)[1].heat_percentile.p for seed in range(40)]
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    assert np.mean(np.array(ps) < 0.1) < 0.3


def test_figures_are_those_counted_by_hand():
    heat = np.abs(smooth_noise(SHAPE, 3))
    hotness, overlap = _judge(heat)
    size = ndimage.gaussian_filter(heat, 0.5)
    outside, inside = size[~TUMOUR], size[RECURRENCE & ~TUMOUR]
    hot = inside >= np.percentile(outside, 95)
    assert overlap.hot_share.value == pytest.approx(hot.mean())
    below = [np.mean(outside < one) for one in inside]
    assert overlap.heat_percentile.value == pytest.approx(100 * np.mean(below), abs=0.01)
    assert overlap.hot_voxels == np.count_nonzero(hotness.hot) == pytest.approx(0.05 * len(outside), abs=2)
    assert overlap.dice.value == pytest.approx(2 * hot.sum() / (overlap.voxels + overlap.hot_voxels))


def test_the_tumour_is_neither_hot_nor_recurrence():
    heat = TUMOUR * 100.0 + np.abs(smooth_noise(SHAPE, 3))
    both = TUMOUR | RECURRENCE
    hotness, overlap = _judge(heat.astype(np.float32), recurrence=both)
    assert not (hotness.hot & TUMOUR).any()
    assert overlap.voxels == np.count_nonzero(RECURRENCE & ~TUMOUR)


def test_too_few_copies_give_no_verdict():
    face = _I >= 44  # as large as the array's side: turned, it leaves the array
    _, overlap = _judge(smooth_noise(SHAPE, 1), recurrence=face, rotations=40)
    assert overlap.rotations < 40
    assert overlap.hot_share.p is None
    assert overlap.hot_share.chance_low is None
    assert "too few to judge" in overlap.flags[0]


def test_both_take_the_larger_part_of_each_own_scale():
    ct, pet = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    ct[8:12, 8:12, 8:12], pet[20:24, 30:34, 8:12] = 1e-5, -40.0
    hotness = judge_heat({Modality.CT: ct, Modality.PET: pet}, TUMOUR, SPACING, choice=HeatChoice.BOTH, hot_percent=1.0)
    assert hotness.modalities == (Modality.CT, Modality.PET)
    assert hotness.share[10, 10, 10] == pytest.approx(hotness.share[22, 32, 10])
    assert hotness.hot[10, 10, 10]
    assert hotness.hot[22, 32, 10]
    assert not hotness.hot[2, 2, 2]


def test_no_heat_has_no_share():
    assert not heat_share(np.zeros(SHAPE, np.float32), SPACING).any()


@pytest.mark.parametrize(
    ("heat", "choice", "words"),
    [
        ({Modality.CT: np.zeros(SHAPE, np.float32)}, HeatChoice.CT, "zero everywhere"),
        ({Modality.CT: TUMOUR.astype(np.float32) * 0}, HeatChoice.PET, "no heat of the PET"),
    ],
    ids=["zero", "modality without heat"],
)
def test_nothing_is_judged_without_heat(heat, choice, words):
    with pytest.raises(InputError, match=words):
        judge_heat(heat, TUMOUR, SPACING, choice=choice, hot_percent=5.0)


@pytest.mark.parametrize(
    "wrong",
    [{"hot_percent": 0.0}, {"hot_percent": float("nan")}, {"hot_percent": 80.0}, {"rotations": 10}, {"seed": -1}],
    ids=str,
)
def test_options_that_mean_nothing_are_refused(wrong):
    with pytest.raises(UsageError):
        FollowUpOptions(**wrong)
