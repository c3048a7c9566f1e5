"""The picture of a predicted survival curve."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from prognosis.report.survival_figure import draw_survival, survival_figure
from prognosis.survival.predicted_survival import PredictedSurvival


def texts_of(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_axes_are_years_and_per_cent(a_lesion, a_patient, a_curve):
    (axes,) = survival_figure(a_patient(a_lesion(), survival=a_curve)).axes
    assert axes.get_xlabel() == "years after the image"
    assert axes.get_ylabel() == "predicted survival (%)"
    curve = axes.lines[0]
    assert curve.get_drawstyle() == "steps-post"
    years, per_cent = np.asarray(curve.get_xdata(), float), np.asarray(curve.get_ydata(), float)
    assert (years[0], per_cent[0]) == (0.0, 100.0)
    assert years[-1] == pytest.approx(1440 / 365.25)
    assert per_cent[-1] == pytest.approx(100 * np.exp(-1440 / 1500))


def test_the_end_of_follow_up_is_marked_and_nothing_stands_beyond(a_lesion, a_patient, a_curve):
    figure = survival_figure(a_patient(a_lesion(), survival=a_curve))
    assert "training follow-up ends\nat 3.9 years" in texts_of(figure)
    (axes,) = figure.axes
    assert max(float(np.max(line.get_xdata())) for line in axes.lines) <= 1440 / 365.25
    assert axes.get_xlim()[1] > 5


def test_known_horizons_are_written(a_lesion, a_patient, a_curve):
    texts = texts_of(survival_figure(a_patient(a_lesion(), survival=a_curve)))
    assert "78 % at 1 year" in texts
    assert "62 % at 2 years" in texts
    assert not any("at 5 years" in text for text in texts)


def test_a_demonstration_curve_is_marked(a_lesion, a_patient, a_curve):
    patient = a_patient(a_lesion(), demonstration=True, survival=a_curve, watermark="DEMONSTRATION NUMBERS")
    texts = texts_of(survival_figure(patient))
    assert "DEMONSTRATION NUMBERS" in texts
    assert any("DEMONSTRATION MODEL" in text for text in texts)
    assert "Research use only. Not for diagnosis or treatment." in texts


def test_it_is_a_png(a_lesion, a_patient, a_curve):
    picture = Image.open(io.BytesIO(draw_survival(a_patient(a_lesion(), survival=a_curve))))
    assert (picture.format, picture.size) == ("PNG", (1200, 680))


@pytest.mark.parametrize("survival", [None, PredictedSurvival((), (), {})], ids=["no curve", "no times"])
def test_a_patient_without_a_curve_is_refused(a_lesion, a_patient, survival):
    with pytest.raises(ValueError, match="survival curve"):
        draw_survival(a_patient(a_lesion(), survival=survival))


def test_words_with_dollars_are_drawn_as_they_are(a_lesion, a_patient, a_curve):
    model = replace(a_patient().model, name="net $\\frac{$")
    patient = a_patient(a_lesion(), survival=a_curve, watermark="$\\frac{$", model=model)
    assert {"$\\frac{$", "model net $\\frac{$ 1.2.0"} <= set(texts_of(survival_figure(patient)))
    assert draw_survival(patient).startswith(b"\x89PNG")
