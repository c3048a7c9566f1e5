import math
from dataclasses import asdict

import pytest

from prognosis.portraits.augmentation.adaptive import AdaptiveState, AdaptiveStrength

SURE, GUESSING = 1.0, 0.0


def shown(strength, mean_sign, images, batch=100):
    """Show a strength photos whose logits have a mean sign."""
    for _ in range(images // batch):
        strength.observe(mean_sign * batch, batch)


def test_it_starts_with_no_augmentation():
    assert AdaptiveStrength().p == 0


@pytest.mark.parametrize(("mean_sign", "expected"), [(0.61, 0.1), (0.59, 0.0), (0.6, 0.05)], ids=["up", "down", "on"])
def test_it_moves_towards_the_target(mean_sign, expected):
    strength = AdaptiveStrength(state=AdaptiveState(p=0.05))
    shown(strength, mean_sign, 25_000, batch=250)
    assert strength.p == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("batch", [25, 50, 250])
def test_its_pace_is_counted_in_photos_not_in_batches(batch):
    strength = AdaptiveStrength()
    shown(strength, SURE, 100_000, batch)
    assert strength.p == pytest.approx(0.2)


def test_another_pace_can_be_chosen():
    strength = AdaptiveStrength(images_to_one=100_000)
    shown(strength, SURE, 50_000)
    assert strength.p == pytest.approx(0.5)


def test_it_moves_every_fourth_batch_by_the_mean_of_them():
    strength = AdaptiveStrength(images_to_one=1000)
    steps = []
    for signs in (10, 10, 10, -5, 10, 10, 10, -7):  # means 0.625 and 0.575
        strength.observe(signs, 10)
        steps.append(strength.p)
    assert steps == pytest.approx([0, 0, 0, 0.04, 0.04, 0.04, 0.04, 0])
    assert strength.state.mean_sign == pytest.approx(23 / 40)


def test_it_stays_a_probability_below_1():
    strength = AdaptiveStrength(images_to_one=1000)
    shown(strength, SURE, 5000)
    assert 0.9 < strength.p < 1
    shown(strength, GUESSING, 5000)
    assert strength.p == 0


def test_its_ceiling_can_be_that_of_the_paper():
    strength = AdaptiveStrength(images_to_one=1000, ceiling=0.8)
    shown(strength, SURE, 5000)
    assert strength.p == 0.8


def test_it_holds_p_where_the_discriminator_is_at_the_target():
    """A discriminator that p confuses: its mean sign is 1 - p, so that 0.6 is held by p = 0.4."""
    strength = AdaptiveStrength(images_to_one=20_000)
    for _ in range(1000):
        strength.observe((1 - strength.p) * 32, 32)
    assert strength.p == pytest.approx(0.4, abs=0.02)


def test_a_team_moves_as_one_process_would():
    alone, team = AdaptiveStrength(), AdaptiveStrength()
    for signs in ([8, 6], [-2, 8], [8, 8], [4, 6]):
        alone.observe(sum(signs), 16)
        team.observe(float(sum(signs)), 8 + 8)
    assert team.state == alone.state
    assert team.p > 0


def test_it_goes_on_from_plain_numbers():
    whole = AdaptiveStrength(images_to_one=1000)
    shown(whole, SURE, 600)
    shown(whole, 0.2, 500)
    first = AdaptiveStrength(images_to_one=1000)
    shown(first, SURE, 600)
    state = AdaptiveState(**asdict(first.state))
    assert state.batches == 2  # in the middle of four
    second = AdaptiveStrength(images_to_one=1000, state=state)
    shown(second, 0.2, 500)
    assert second.state == whole.state


@pytest.mark.parametrize(
    ("signs", "images"), [(math.nan, 10), (11, 10), (0, 0)], ids=["no numbers", "too many", "none"]
)
def test_impossible_signs_are_refused(signs, images):
    strength = AdaptiveStrength()
    with pytest.raises(ValueError, match="cannot add up"):
        strength.observe(signs, images)
    assert strength.state == AdaptiveState()


@pytest.mark.parametrize(
    "wrong",
    [{"target": 1.0}, {"images_to_one": 0}, {"every": 0}, {"ceiling": 1.0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="got"):
        AdaptiveStrength(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"p": 1.0}, {"p": math.nan}, {"sign_sum": 9.0, "images": 8}, {"images": -1}, {"batches": -1}],
    ids=["p is 1", "p is no number", "more signs than photos", "no photos", "no batches"],
)
def test_a_state_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="got AdaptiveState"):
        AdaptiveState(**wrong)
