"""The report of an evaluation: plain words, every number in its place, self-contained, and safe with hostile text."""

import base64
from dataclasses import replace

import pytest
from making_studies import HOSTILE, NAN, hostile_study, make_study, small_study
from test_report_html import Page

from prognosis.report.survival_study.figures import StudyFigure
from prognosis.report.survival_study.page import render_survival_report
from prognosis.survival.estimate import Estimate

SECTIONS = ("flow", "overall", "discrimination", "brier", "risk_groups", "calibration", "decision")
FIGURES = {name: StudyFigure(name, f"shows {name}", b"\x89PNG " + name.encode(), b"<svg/>") for name in SECTIONS}


def page_of(study, figures=FIGURES) -> Page:
    page = Page(render_survival_report(study, figures))
    assert page.open == []
    return page


def with_c_index(*figures) -> Page:
    study = make_study()
    cox = study.models[1]
    cox = replace(cox, metrics={**cox.metrics, "c_index": Estimate(*figures)})
    return page_of(replace(study, models=(study.models[0], cox, study.models[2])))


def row_of(page, *start):
    (row,) = [row for row in page.rows if tuple(row[: len(start)]) == start]
    return row


def test_the_headline_is_the_c_index_in_plain_words():
    text = page_of(make_study()).text
    assert "2 models judged on 240 patients with" in text
    assert "Cox (ridge) C-index 0.74 (0.70 to 0.77)" in text
    assert "the one with the higher risk has the event first in 74 of 100 pairs" in text
    assert "not shown to order patients" not in text


def test_an_interval_that_holds_chance_is_said():
    text = with_c_index(0.56, 0.48, 0.63).text
    assert "in 56 of 100 pairs" in text
    assert "The interval includes 50: it was not shown to order patients." in text


def test_worse_than_chance_is_said():
    assert "in 45 of 100 pairs; a coin reaches 50. The order is worse than chance." in page_of(small_study()).text


def test_a_c_index_that_could_not_be_had_is_said():
    text = with_c_index(NAN, NAN, NAN).text
    assert "C-index not estimable No two patients could be compared." in text


def test_a_c_index_without_interval_claims_nothing_about_it():
    text = with_c_index(0.7, NAN, NAN).text
    assert "C-index 0.70 (interval not estimable)" in text
    assert "The interval includes" not in text


def test_warnings_stand_before_every_number():
    text = page_of(make_study(warnings=("only 20 tested patients had an event",))).text
    assert text.index("only 20 tested patients had an event") < text.index("C-index")
    assert "Warnings" not in page_of(make_study()).text


def test_research_use_stands_first_and_last():
    text = page_of(make_study()).text
    notice = "Research use only. Not for diagnosis or treatment."
    assert text.index(notice) < text.index("2 models judged")
    assert text.endswith(notice)


def test_metrics_stand_beside_the_reference_with_interval_and_seeds():
    page = page_of(make_study())
    assert row_of(page, "Cox (ridge)", "0.7410.701 to 0.771")[2] == "0.7310.671 to 0.761"
    assert row_of(page, "DeepSurv", "0.6840.644 to 0.714seeds 0.674 to 0.694")
    assert row_of(page, "Kaplan-Meier", "0.1400.120 to 0.160")[-1] == "0.1900.170 to 0.210"
    assert row_of(page, "Model", "Brier score at 1 year")[-1] == "Integrated Brier score"
    assert "the spread over training seeds, where a model has any, stands beside them" in page.text


def test_figures_of_the_first_seed_are_said_to_be_so():
    note = "are those of its first seed"
    assert note in page_of(make_study()).text
    assert note not in page_of(small_study()).text


def test_zero_has_no_sign_and_minus_is_a_minus():
    page = page_of(make_study())
    assert row_of(page, "Cox (ridge)", "0.9300.710 to 1.180")[2] == "0.000\u22120.300 to 0.290"


def test_comparisons_mark_the_primary_contrast_and_adjust_the_others():
    page = page_of(make_study())
    contrast = "DeepSurv \u2212 Cox (ridge)"
    assert ["C-indexprimary", contrast, "higher", "\u22120.057 (\u22120.091 to \u22120.022)", "0.004", "–"] in page.rows
    assert ["Integrated Brier score", contrast, "lower", "0.011 (\u22120.002 to 0.023)", "0.090", "0.180"] in page.rows
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "tr"].count("primary") == 1
    assert "With 1000 resamples no p-value can be below 0.002" in page.text


def test_one_model_is_compared_with_nothing():
    text = page_of(small_study()).text
    assert "1 model judged on 30 patients" in text
    assert "No models were compared." in text
    assert "Holm" not in text


def test_short_follow_up_is_said():
    page = page_of(small_study(), {name: FIGURES[name] for name in ("flow", "overall")})
    assert "Follow-up is too short for figures at 1, 3 or 5 years" in page.text
    assert "Median follow-up by reverse Kaplan-Meier: not reached." in page.text
    assert "Decision curves" not in page.text
    assert row_of(page, "Horizons") == ["Horizons", "none: follow-up is too short"]


def test_cohort_assumptions_choices_and_record_are_told():
    page = page_of(make_study())
    for row in (
        ["Characteristic", "all", "train", "test", "missing"],
        ["age", "62 (54-70)", "61 (54-69)", "62 (55-71)", "4"],
        ["Censoring is independent of the outcome", "assumed by every figure"],
        ["Cox (ridge)", "penalty 0.01 (2 times)penalty 0.1"],
        ["Horizons", "1, 3, 5 years"],
        ["Seed", "11"],
        ["Resamples", "1000"],
        ["SHA-256 of the table", "cd" * 32],
        ["lifelines", "0.30.3"],
    ):
        assert row in page.rows
    assert "Models were judged on patients they never saw." in page.text
    assert "5.2 years (1900 days)" in page.text


def test_every_figure_is_embedded_with_its_words():
    page = page_of(make_study())
    pictures = {tags["alt"]: tags["src"] for tag, tags in page.tags if tag == "img"}
    assert list(pictures) == [f"shows {name}" for name in SECTIONS]
    for name in SECTIONS:
        assert base64.b64decode(pictures[f"shows {name}"].removeprefix("data:image/png;base64,")) == FIGURES[name].png
    assert "shows calibration." in page.text


def test_it_opens_without_figures():
    page = page_of(make_study(), {})
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert "Risk groups" not in page.text


@pytest.mark.parametrize("study", [make_study(), hostile_study()], ids=["plain", "hostile"])
def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(study):
    html = render_survival_report(study, FIGURES)
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "form", "a", "base")
        assert "href" not in attributes
        assert attributes.get("src", "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    assert len([tag for tag, _ in page.tags if tag == "img"]) == len(SECTIONS)
    assert "url(" not in html
    assert "@import" not in html
    policy = next(tags["content"] for tag, tags in page.tags if tags.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_hostile_words_are_text_and_unknown_numbers_are_words():
    page = page_of(hostile_study())
    assert page.text.count(HOSTILE) >= 10
    assert row_of(page, "AUC at 1 year")[3:] == ["not estimable"] * 3
    assert "0.700interval not estimable" in "".join(cell for row in page.rows for cell in row)
    assert "nan" not in [cell.lower() for row in page.rows for cell in row]
