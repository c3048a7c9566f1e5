"""What the report of a selection says, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.options import SHOWN_INCLUSION
from prognosis.biomarkers.selection.results import ModalityTests, SelectionStudy
from prognosis.report.selection_study.words import band_words, count, reached_words, squared_words
from prognosis.report.survival_study.words import NONE, number

_FEATURES_LISTED = 3


@dataclass(frozen=True)
class Headline:
    """What was found of a modality, in a line, and what that means."""

    title: str
    figure: str
    meaning: str


def headlines(study: SelectionStudy) -> list[Headline]:
    """Whether more features are tied to survival than chance gives, a modality each."""
    return [_headline(study, tests) for tests in study.tests]


def count_rows(study: SelectionStudy) -> list[tuple[str, str, str, str, str]]:
    """(what, ours, chance, p of chance, the paper's)."""
    return [
        (
            row.what,
            squared_words(row.ours) if row.key.endswith("_tlg") else count(row.ours),
            band_words(row.band),
            reached_words(row.band),
            row.paper or NONE,
        )
        for row in study.beside_paper
    ]


def chosen_rows(study: SelectionStudy) -> list[tuple[str, ...]]:
    """(endpoint, modality, chosen, above the line, above it by chance, penalty, other penalties, the first)."""
    shown = {endpoint.key: endpoint.shown for endpoint in study.endpoints}
    rows: list[tuple[str, ...]] = []
    for one in study.chosen:
        chance = study.chance.get((one.endpoint, one.modality))
        rows.append(
            (
                shown[one.endpoint],
                one.modality.shown,
                str(len(one.features)),
                str(int((one.probability > SHOWN_INCLUSION).sum())),
                NONE if chance is None else f"{count(chance.above.mean())} (at most {chance.above.max()})",
                f"{one.fraction:.2f}, {one.how}",
                "; ".join(f"{other.shared} of {other.chosen} at {other.fraction:.2f}" for other in one.others) or NONE,
                ", ".join(
                    f"{name} {number(float(inclusion), 2)}"
                    for name, inclusion in zip(one.features[:_FEATURES_LISTED], one.inclusion, strict=False)
                )
                or NONE,
            )
        )
    return rows


def conventional_rows(study: SelectionStudy) -> list[tuple[str, str, str, str]]:
    """(feature, squared correlation with TLG, closest measure, its squared correlation), the most correlated first."""
    ordered = sorted(study.conventional.values(), key=lambda one: (-_or_zero(one.closest_squared), one.feature))
    return [
        (one.feature, squared_words(one.tlg), one.closest or NONE, squared_words(one.closest_squared))
        for one in ordered
    ]


def network_rows(study: SelectionStudy) -> list[tuple[str, str]]:
    """(modality, the network and its hash)."""
    return [
        (
            f"{modality.shown} network",
            f"{network.name}, SHA-256 {network.sha256}{', demonstration' if network.demonstration else ''}",
        )
        for modality, network in study.networks.items()
    ]


def penalty_note(study: SelectionStudy) -> str:
    """What the fractions of a penalty mean."""
    together = "CT and PET stand in one LASSO. " if study.options.joint else ""
    return (
        f"{together}The penalty is given as a fraction of the smallest that leaves no feature. Other penalties: how "
        "many of the features they choose are among the chosen. Where the largest penalty tried was the best, no LASSO "
        "told left-out patients apart better than hardly any feature does. A smaller one is no sign of the contrary: "
        "with few patients cross-validation often takes one where there is nothing to find."
    )


def _headline(study: SelectionStudy, tests: ModalityTests) -> Headline:
    modality = tests.modality
    above = [
        endpoint.key
        for endpoint, band in zip(study.endpoints, tests.significant, strict=True)
        if band.observed > band.high
    ]
    chosen = len(study.chosen_features(modality))
    figure = f"{chosen} feature{'s' * (chosen != 1)} chosen"
    if not above:
        meaning = (
            "No endpoint has more features with p < 0.05 than permuted outcomes give: their number is one that chance "
            "gives."
        )
    elif len(above) == len(study.endpoints):
        meaning = "More features have p < 0.05 than permuted outcomes give, at every endpoint."
    else:
        meaning = (
            f"More features have p < 0.05 than permuted outcomes give at {_listed(above)}; at the others, no more than "
            "chance."
        )
    return Headline(
        f"{modality.shown}, {count(tests.tested)} features tested", figure, f"{meaning} {_line(study, modality)}"
    )


def _line(study: SelectionStudy, modality: Modality) -> str:
    """The inclusion of the most included feature beside that by chance."""
    best = max(
        (one for one in study.chosen if one.modality is modality and one.features),
        key=lambda one: float(one.inclusion[0]),
        default=None,
    )
    if best is None:
        return "The LASSO includes none."
    text = f"The most included, {best.features[0]}, is in {100 * float(best.inclusion[0]):.0f} of 100 resamples"
    chance = study.chance.get((best.endpoint, modality))
    if chance is None:
        return f"{text}."
    return f"{text}; by chance the most included is in {100 * float(chance.expected[0]):.0f}."


def _or_zero(value: float) -> float:
    return value if value == value else 0.0


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
