"""A selection in words and tables: counts beside the paper's, assumptions, methods, warnings."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.biomarkers.feature_names import FEATURES
from prognosis.biomarkers.feature_table import FeatureTable
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.conventional import CORRELATED
from prognosis.biomarkers.selection.labels import Outcomes, SelectionData
from prognosis.biomarkers.selection.options import SHOWN_INCLUSION, SelectionOptions
from prognosis.biomarkers.selection.results import (
    BesidePaper,
    Chosen,
    Conventional,
    EndpointFlow,
    ModalityTests,
)

NO_PROOF = (
    "Features were selected on all of these patients. That they are tied to survival here is no proof that they "
    "predict it in patients who took no part in the selection."
)
_FEW = 10
_FLAGS_LISTED = 5
_COUNT_WORDS = {2: "two", 3: "three", 4: "four"}
_SIGNIFICANT = {Modality.CT: "3,042", Modality.PET: "2,908"}
_EVERYWHERE = {Modality.CT: "299 (139 in a caption)", Modality.PET: "292"}
_CHOSEN = {Modality.CT: "73", Modality.PET: "56"}
_TLG = {Modality.CT: "0.25 (C16704)", Modality.PET: "0.28 (P15398)"}
_CORRELATED = {Modality.CT: "16, with 17 radiomic features", Modality.PET: "18, with 17 radiomic features"}


def beside_paper(
    endpoints: Sequence[Endpoint],
    tests: Sequence[ModalityTests],
    chosen: Sequence[Chosen],
    conventional: Mapping[str, Conventional],
) -> tuple[BesidePaper, ...]:
    """Counts of the paper, ours with what chance gives."""
    rows = []
    for one in tests:
        letter, shown = one.modality.value, one.modality.shown
        for endpoint, band in zip(endpoints, one.significant, strict=True):
            what = f"{shown} features with p < 0.05 at {endpoint.shown}"
            paper = f"{_SIGNIFICANT[one.modality]}; chance alone 2,765"
            rows.append(BesidePaper(f"{letter}_significant_{endpoint.key}", what, band.observed, band, paper))
        if len(endpoints) > 1:
            what = f"{shown} features with p < 0.05 at all {_COUNT_WORDS[len(endpoints)]} endpoints"
            paper = f"{_EVERYWHERE[one.modality]}, at all four endpoints"
            rows.append(BesidePaper(f"{letter}_everywhere", what, one.everywhere.observed, one.everywhere, paper))
    for one in tests:
        names = sorted({name for each in chosen if each.modality is one.modality for name in each.features})
        letter, shown = one.modality.value, one.modality.shown
        what = f"{shown} features chosen at any endpoint"
        rows.append(BesidePaper(f"{letter}_chosen", what, len(names), None, _CHOSEN[one.modality]))
        above = {
            int(index)
            for each in chosen
            if each.modality is one.modality
            for index in np.flatnonzero(each.probability > SHOWN_INCLUSION)
        }
        what = f"{shown} features with an inclusion probability above {SHOWN_INCLUSION:g} at any endpoint"
        rows.append(BesidePaper(f"{letter}_above_line", what, len(above), None, "shown from 0.3 on"))
        largest = [conventional[name].tlg for name in names if np.isfinite(conventional[name].tlg)]
        if largest:
            what = f"Largest R² of a chosen {shown} feature with TLG"
            rows.append(BesidePaper(f"{letter}_tlg", what, max(largest), None, _TLG[one.modality]))
        correlated = sum(conventional[name].correlated > 0 for name in names)
        what = f"Chosen {shown} features with R² ≥ {CORRELATED:g} with a conventional measure"
        rows.append(BesidePaper(f"{letter}_correlated", what, correlated, None, _CORRELATED[one.modality]))
    return tuple(rows)


def assumptions(
    options: SelectionOptions, chosen: Sequence[Chosen], *, annotations: int, patients: int
) -> tuple[tuple[str, str, str, str], ...]:
    """(what, stated by the paper, our assumption, used) rows."""
    tenth = f"{options.least_active:.0%}".replace("%", " %")
    together = "both modalities in one" if options.joint else "each modality by itself"
    return (
        (
            "Endpoints",
            "death and death of the disease by 2 and 5 years",
            "a month is no unit of time here: a year has 365.25 days",
            ", ".join(one.shown for one in options.chosen_endpoints),
        ),
        (
            "Patients censored before a horizon",
            "left out (complete cases)",
            "the event then reads more frequent than it is",
            "left out, counted",
        ),
        (
            "Other deaths before a horizon",
            "not stated",
            "left out of disease-specific endpoints, those without a known cause likewise",
            f"left out, counted; the disease is cause {options.disease_cause} or 'disease'",
        ),
        (
            "Several annotations of a patient",
            "not stated",
            "their features are averaged before anything else",
            f"{annotations} annotations of {patients} patients",
        ),
        (
            "Test of a feature",
            "t-test, p < 0.05, no correction for the number of tests",
            "Welch's, two-sided",
            f"Welch's, beside {options.permutations} permutations of the outcomes",
        ),
        ("Chance", f"5 % of {FEATURES:,} features: 2,765", "features are correlated: the count varies far more",
         "the 95 % band of permutations, all endpoints of a patient together"),
        ("Units rarely active", "not stated", "left out of the LASSO", f"non-zero in under {tenth} of patients"),
        ("Standardisation", "not stated", "mean 0 and variance 1 over patients", "once, before resampling"),
        ("LASSO", "logistic, bootstrapped", "the paper does not say whether modalities stand together", together),
        ("Penalty", "not stated", "5-fold cross-validation, or a fraction of the largest", _penalties(chosen)),
        ("Resamples", "1,000", "patients, with replacement", f"{options.bootstraps:,}"),
        (
            "Chosen",
            "by inclusion probability, 73 CT and 56 PET features over four endpoints",
            "the 20 most included of a modality and endpoint",
            f"the {options.top} most included" + (" of both modalities together" if options.joint else ""),
        ),
        (
            "Correlated with a conventional measure",
            "16 and 18 features, without a rule",
            f"squared Pearson correlation of {CORRELATED:g} or more",
            f"R² ≥ {CORRELATED:g} with at least one measure",
        ),
        ("Names of features", "C00000 … P55295", "the channel runs fastest, then x, y, z", "as assumed"),
    )  # fmt: skip


def methods_paragraph(
    options: SelectionOptions,
    data: SelectionData,
    endpoints: Sequence[Endpoint],
    tests: Sequence[ModalityTests],
    chosen: Sequence[Chosen],
    table: FeatureTable,
) -> str:
    """What was done, ready to be adapted for a manuscript."""
    networks = " and ".join(f"{network.name} ({modality.shown})" for modality, network in table.networks.items())
    modalities = " and ".join(one.modality.shown for one in tests)
    fractions = sorted({one.fraction for one in chosen})
    penalties = f"{fractions[0]:.2f}" if len(fractions) == 1 else f"{fractions[0]:.2f} to {fractions[-1]:.2f}"
    how = "cross-validation by patient" if options.penalty_fraction is None else "choice beforehand"
    sentences = [
        f"{data.patients} patients, of whom {int(data.event.sum())} died, had {modalities} features of the networks "
        f"{networks}; several annotations of a patient were averaged.",
        f"Endpoints were {_listed([one.shown for one in endpoints])}; patients censored before a horizon were left out"
        + (
            ", and at disease-specific endpoints those who had died of another cause."
            if any(one.disease_specific for one in endpoints)
            else "."
        ),
        "Each feature was compared between patients with and without the event by Welch's t-test.",
        f"The number of features with p < 0.05 was set beside that of {options.permutations} permutations of the "
        "outcomes, all endpoints of a patient being permuted together.",
        f"Features non-zero in at least {100 * options.least_active:g} % of patients were standardised and entered "
        "into LASSO logistic regressions, "
        f"{'both modalities together' if options.joint else 'each modality by itself'}, "
        f"in {options.bootstraps} resamples of patients.",
        f"The penalty was {penalties} of the smallest that leaves no feature, by {how}.",
        f"The {options.top} features with the highest inclusion probability were chosen"
        f"{'' if options.joint else ' for each modality'} and endpoint.",
    ]
    if options.inclusion_permutations:
        sentences.append(
            f"Inclusion probabilities were set beside those of {options.inclusion_permutations} permutations with "
            f"{options.inclusion_bootstraps} resamples each."
        )
    return " ".join([*sentences, NO_PROOF])


def study_warnings(
    table: FeatureTable,
    outcomes: Outcomes,
    flow: Sequence[EndpointFlow],
    chosen: Sequence[Chosen],
    options: SelectionOptions,
) -> tuple[str, ...]:
    """What the reader should know."""
    told = []
    if any(network.demonstration for network in table.networks.values()):
        told.append("The features come from demonstration networks: the figures show how the method works, no finding.")
    if table.phantom:
        told.append("There are simulated patients among these: the figures say nothing of real ones.")
    told += [f"{one.endpoint.shown} is not studied: {one.left_out}." for one in flow if one.left_out]
    few = [one for one in flow if not one.left_out and min(one.events, one.event_free) < _FEW]
    told += [
        f"{one.endpoint.shown}: only {min(one.events, one.event_free)} patients "
        f"{'with' if one.events <= one.event_free else 'without'} the event; "
        "which features are chosen is very uncertain."
        for one in few
    ]
    empty = [f"{one.modality.shown} at {one.endpoint}" for one in chosen if not one.features]
    if empty:
        told.append(f"No feature was chosen for {_listed(empty)}.")
    flagged = Counter(flag for number in outcomes.rows if (flag := table.flags[int(number)]))
    told += [f"{count} row(s) of features are flagged: {flag}" for flag, count in flagged.most_common(_FLAGS_LISTED)]
    if len(flagged) > _FLAGS_LISTED:
        told.append(f"{len(flagged) - _FLAGS_LISTED} further kind(s) of flags are in the table of features.")
    if options.bootstraps < 200:
        told.append(f"Inclusion probabilities rest on {options.bootstraps} resamples only.")
    return tuple(text[0].upper() + text[1:] for text in told)


def _penalties(chosen: Sequence[Chosen]) -> str:
    return "; ".join(f"{one.modality.shown} {one.endpoint}: {one.fraction:.2f} ({one.how})" for one in chosen)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
