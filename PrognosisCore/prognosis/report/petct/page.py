"""The report of one scored PET/CT: a single HTML file that needs nothing else."""

from collections.abc import Mapping

from prognosis.biomarkers.risk.results import Scored
from prognosis.report.html_pages import embedded_png, page_template
from prognosis.report.petct.words import (
    adds_words,
    conventional_rows,
    endpoint_rows,
    explanation,
    feature_rows,
    headline,
    heat_words,
    survival_rows,
)
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE


def render_petct_report(
    scored: Scored,
    *,
    pictures: Mapping[str, bytes],
    survival_png: bytes | None,
    inputs: Mapping[str, str],
    created: str,
) -> str:
    """Render the report as HTML that loads nothing from elsewhere and runs no script.

    Args:
        scored: What scoring yielded.
        pictures: What a picture shows, in words -> PNG.
        survival_png: None without a curve.
        inputs: What was scored and how, name -> text.
        created: When the result was made.
    """
    patient = scored.patient
    heated = next(one for one in patient.endpoints if one.key == scored.heat.endpoint)
    return page_template("petct_report.html").render(
        patient=patient,
        model=patient.model,
        heat=scored.heat,
        heat_words=heat_words(scored.heat),
        research_use=RESEARCH_USE,
        demonstration=DEMONSTRATION,
        headline=headline(patient),
        explanation=explanation(patient),
        endpoints=endpoint_rows(patient),
        heated=heated,
        features=feature_rows(heated),
        adds=adds_words(heated),
        conventional=conventional_rows(patient),
        survival_rows=survival_rows(patient),
        pictures={words: embedded_png(png) for words, png in pictures.items()},
        survival_picture=None if survival_png is None else embedded_png(survival_png),
        inputs=inputs,
        created=created,
    )
