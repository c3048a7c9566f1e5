"""Which number a lesion's colour stands for."""

from collections.abc import Sequence
from enum import Enum

import slicer

from prognosis.lesions.colours import NOT_SCORED, colour_of_percentile
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.report.wording import DEMONSTRATION, shows_percentiles

# A contribution of so many SDs has the last colour: fixed, so that two patients compare.
LARGEST_CONTRIBUTION = 2.0

_LEGEND_COLOURS = 101

Rgb = tuple[float, float, float]


class Quantity(Enum):
    """What lesions are coloured by: r, or r x s."""

    RISK = "risk"
    CONTRIBUTION = "contribution"


def colour_of(lesion: ScoredLesion, quantity: Quantity) -> Rgb:
    """Red, green and blue, each 0 to 1."""
    if quantity is Quantity.RISK:
        return _scaled(lesion.colour)
    if lesion.contribution is None:
        return _scaled(NOT_SCORED)
    place = 50.0 * (1.0 + lesion.contribution / LARGEST_CONTRIBUTION)
    return _scaled(colour_of_percentile(min(max(place, 0.0), 100.0)))


def fill_lesion_colours(
    colours: slicer.vtkMRMLColorTableNode,
    lesions: Sequence[ScoredLesion],
    quantity: Quantity,
    shown: Sequence[int],
) -> None:
    """Give each label value of the label map the colour and name of its lesion.

    Args:
        colours: Filled anew.
        lesions: Of the patient.
        quantity: What colours stand for.
        shown: Labels of the lesions to be seen; others are transparent.
    """
    colours_of_values = [
        ("background", (0.0, 0.0, 0.0), 0.0),
        *((lesion.name, colour_of(lesion, quantity), float(lesion.label in shown)) for lesion in lesions),
    ]
    _fill(colours, colours_of_values)


def fill_legend_colours(colours: slicer.vtkMRMLColorTableNode) -> None:
    """The scale from blue to red."""
    scale = range(_LEGEND_COLOURS)
    _fill(colours, [(f"{percentile}", _scaled(colour_of_percentile(percentile)), 1.0) for percentile in scale])


def legend_title(patient: ScoredPatient, quantity: Quantity) -> str:
    """What the colours mean, marked when a demonstration model made the numbers."""
    if quantity is Quantity.CONTRIBUTION:
        title = "contribution (risk x scale)"
    else:
        title = "risk percentile" if shows_percentiles(patient) else "risk, low to high"
    return f"{title}\n{DEMONSTRATION}" if patient.model.demonstration else title


def legend_range(quantity: Quantity) -> tuple[float, float]:
    """The numbers at the two ends of the scale."""
    if quantity is Quantity.CONTRIBUTION:
        return -LARGEST_CONTRIBUTION, LARGEST_CONTRIBUTION
    return 0.0, 100.0


def _fill(colours: slicer.vtkMRMLColorTableNode, entries: Sequence[tuple[str, Rgb, float]]) -> None:
    """Give the values from 0 their names, colours and opacities."""
    with slicer.util.NodeModify(colours):
        if colours.GetNumberOfColors() != len(entries):
            colours.SetNumberOfColors(len(entries))
        for value, (name, colour, opacity) in enumerate(entries):
            colours.SetColor(value, name, *colour, opacity)
        if colours.GetColorName(0) != entries[0][0]:
            # Older versions invent names unless told that they are given; newer ones complain when told so.
            colours.NamesInitialisedOn()
            for value, (name, _, _) in enumerate(entries):
                colours.SetColorName(value, name)


def _scaled(colour: Sequence[int]) -> Rgb:
    red, green, blue = (part / 255 for part in colour)
    return red, green, blue
