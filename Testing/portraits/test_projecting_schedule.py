"""The pace of a search, against the figures of the StyleGAN2 paper, and the options it takes."""

import pytest

from prognosis.config import resolve
from prognosis.errors import UsageError
from prognosis.portraits.projecting.options import GuessedStart, ProjectionOptions, Space
from prognosis.portraits.projecting.schedule import first_quiet_step, learning_rate, noise_strength


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.0), (25, 0.05), (50, 0.1), (400, 0.1), (750, 0.1), (875, 0.05), (1000, 0.0)],
    ids=["begins at 0", "half risen", "risen", "stays", "before it falls", "half fallen", "would end at 0"],
)
def test_the_rate_of_the_paper(step, rate):
    assert learning_rate(ProjectionOptions(), step) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(
    ("step", "strength"), [(0, 0.05), (375, 0.0125), (600, 0.002), (750, 0.0), (999, 0.0)], ids=lambda value: str(value)
)
def test_the_noise_of_the_paper(step, strength):
    assert noise_strength(ProjectionOptions(), step) == pytest.approx(strength, abs=1e-12)


def test_noise_ends_where_it_should_and_never_reaches_the_last_step():
    assert first_quiet_step(ProjectionOptions()) == 750
    assert first_quiet_step(GuessedStart()) == 0
    endless = ProjectionOptions(steps=10, noise_until=1.0)
    assert first_quiet_step(endless) == 9
    assert noise_strength(endless, 8) > 0


def test_without_ramps_the_rate_is_even():
    options = ProjectionOptions(rise=0.0, fall=0.0, noise_until=0.0)
    assert {learning_rate(options, step) for step in (0, 500, 999)} == {0.1}
    assert noise_strength(options, 0) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"restarts": 0},
        {"patience": -1},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"rise": 0.6, "fall": 0.5},
        {"noise_until": 1.5},
        {"pixel_weight": -0.1},
        {"latent_noise": float("inf")},
        {"space": "x"},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError):
        resolve(ProjectionOptions, None, wrong)


def test_a_guess_takes_few_steps_unless_told_otherwise(tmp_path):
    (tmp_path / "options.toml").write_text('space = "w+"\npixel_weight = 0.5\n', encoding="utf-8")
    options = resolve(GuessedStart, tmp_path / "options.toml", {"steps": 30, "patience": None})
    assert (options.space, options.pixel_weight, options.steps) == (Space.W_PLUS, 0.5, 30)
    assert (GuessedStart().steps, GuessedStart().latent_noise) == (100, 0.0)
