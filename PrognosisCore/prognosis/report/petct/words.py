"""The sentences and table cells of a PET/CT report."""

from dataclasses import dataclass

from prognosis.biomarkers.risk.results import EndpointRisk, Heat, ScoredPetct

_NONE = "–"
_MOST_FEATURES = 12
_UNITS = {"ml": "ml", "mm": "mm", "mm3": "mm³", "g": "g", "hu": "HU"}


@dataclass(frozen=True)
class EndpointRow:
    """One endpoint as the reader sees it, all cells as text."""

    shown: str
    probability: str
    interval: str
    percentile: str
    score: str
    auc: str
    features: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FeatureRow:
    """One feature's contribution, as text."""

    name: str
    image: str
    channel: str
    position: str
    standardised: str
    log_odds: str
    direction: str


def headline(patient: ScoredPetct) -> str:
    """What was found, in one line."""
    first = patient.endpoints[0]
    if first.probability is None:
        return f"Score for {first.shown}: {first.score:.2f} — for ranking only"
    interval = "" if first.low is None else f" ({_interval(first)})"
    return f"Probability of {first.shown}: {100 * first.probability:.0f} %{interval}"


def explanation(patient: ScoredPetct) -> str:
    """What the headline's number means, and what it does not."""
    first = patient.endpoints[0]
    if first.probability is None:
        return (
            "Log odds before calibration. They order patients scored with this model and say nothing about how long "
            "one of them will live."
        )
    return (
        "How often it happens to patients with such a score, not this patient's own chance. Read from features of "
        "networks that were trained to outline tumours only. The interval comes from fits to resampled patients; it "
        "holds neither the choice of features nor the training of the networks."
    )


def endpoint_rows(patient: ScoredPetct) -> list[EndpointRow]:
    return [
        EndpointRow(
            shown=one.shown,
            probability=_NONE if one.probability is None else f"{100 * one.probability:.0f} %",
            interval=_interval(one),
            percentile=_NONE if one.percentile is None else f"{one.percentile:.0f}",
            score=f"{one.score:.2f}",
            auc=one.auc,
            features=str(len(one.contributions)),
            notes=one.notes,
        )
        for one in patient.endpoints
    ]


def feature_rows(endpoint: EndpointRisk) -> list[FeatureRow]:
    """The features of an endpoint that add most, whichever way."""
    return [
        FeatureRow(
            name=one.name,
            image="CT" if one.name.startswith("C") else "PET",
            channel=str(one.channel),
            position="z {} · y {} · x {}".format(*one.position),
            standardised=f"{one.standardised:+.2f}",
            log_odds=f"{one.log_odds:+.2f}",
            direction="raises" if one.log_odds > 0 else "lowers" if one.log_odds < 0 else "none",
        )
        for one in endpoint.contributions[:_MOST_FEATURES]
    ]


def adds_words(endpoint: EndpointRisk) -> str:
    """What features add to, in words."""
    return "to the score" if endpoint.probability is None else "to the probability's log odds"


def heat_words(heat: Heat) -> str:
    """How far the heat can be trusted, in words."""
    sentences = []
    for modality, correlation in heat.shuffled_correlation.items():
        seen = heat.weights_seen[modality]
        told = [
            f"{100 * share:.0f} % of the weights that {what} the score"
            for share, what in ((seen.positive, "raise"), (seen.negative, "lower"))
            if share == share
        ]
        sentences.append(
            f"The {modality.shown} map shows {' and '.join(told)}; with shuffled weights of the network it would "
            f"correlate {correlation:.2f} with what it is."
        )
    if sentences:
        sentences.append("A correlation near 1 would mean that a map shows the image rather than what was learnt.")
    return " ".join(sentences)


def conventional_rows(patient: ScoredPetct) -> list[tuple[str, str]]:
    """Names such as 'mtv_contour_ml' and their values, in words."""
    rows = []
    for name, value in patient.conventional.items():
        stem, _, unit = name.rpartition("_")
        words, shown_unit = (stem, _UNITS[unit]) if unit in _UNITS else (name, "")
        number = _NONE if value != value else f"{value:,.2f}".replace(",", "\u202f")
        rows.append((_in_words(words), f"{number} {shown_unit}".strip()))
    return rows


def survival_rows(patient: ScoredPetct) -> list[tuple[str, str]]:
    """The horizon and the predicted survival at it; empty without a curve."""
    if patient.survival is None:
        return []
    return [
        (f"{year} year" if year == 1 else f"{year} years", _share(share))
        for year, share in sorted(patient.survival.at_years.items())
    ]


def _share(share: float | None) -> str:
    return "beyond the training follow-up" if share is None else f"{100 * share:.0f} %"


def _interval(one: EndpointRisk) -> str:
    return _NONE if one.low is None or one.high is None else f"{100 * one.low:.0f} to {100 * one.high:.0f} %"


def _in_words(name: str) -> str:
    shown = {
        "mtv": "MTV", "tlg": "TLG", "suv": "SUV", "largest": "largest tumour:", "contour": "of the contour",
        "41pct": "from 41 % of the", "suv2.5": "from SUV 2.5", "suv4.0": "from SUV 4.0",
    }  # fmt: skip
    return " ".join(shown.get(word, word) for word in name.split("_"))
