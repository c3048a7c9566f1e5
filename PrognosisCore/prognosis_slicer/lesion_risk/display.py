"""How results look: choices that outlive a result, laid upon it."""

import slicer

from prognosis.report.wording import shows_percentiles
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters
from prognosis_slicer.scene import lesion_results as results
from prognosis_slicer.scene.result_record import ResultRecord
from prognosis_slicer.scene.risk_colours import Quantity


def apply(parameters: LesionRiskParameters, record: ResultRecord) -> None:
    """Let a result look as chosen; what looks so already is left alone."""
    quantity = Quantity.CONTRIBUTION if parameters.colour_by_contribution else Quantity.RISK
    opacity = parameters.opacity if parameters.show_label_map else 0.0
    least = parameters.least_percentile if parameters.least_percentile > 0 else None
    with slicer.util.RenderBlocker():
        if results.quantity_of(record) is not quantity:
            results.colour_by(record, quantity)
        if results.opacity_of(record) != opacity:
            results.set_opacity(record, opacity)
        if results.shows_legend(record) != parameters.legend:
            results.show_legend(record, parameters.legend)
        if shows_percentiles(record.patient) and results.least_percentile(record) != least:
            results.show_only_above(record, least)
