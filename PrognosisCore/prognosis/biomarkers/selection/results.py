"""What a selection yields. Files, figures and the report are all drawn from these."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.options import SelectionOptions

_OUTSIDE = 0.025


@dataclass(frozen=True)
class Band:
    """A count beside what it is when the outcomes are dealt anew to the patients.

    Args:
        observed: The count.
        expected: Its mean over permutations.
        low: Lower end of the 95 % band of the permutations.
        high: Its upper end.
        p_value: Share of permutations, the observed labelling among them, that reach the count.
    """

    observed: float
    expected: float
    low: float
    high: float
    p_value: float

    @staticmethod
    def of(observed: float, permuted: ArrayLike) -> "Band":
        """Compare a count with those of (R,) permutations, at least 40."""
        values = np.sort(np.asarray(permuted, float))
        low, high = band_ends(values)
        reached = 1 + int((values >= observed).sum())
        return Band(float(observed), float(values.mean()), float(low), float(high), reached / (len(values) + 1))

    @property
    def outside(self) -> bool:
        """Whether the count lies outside of the band."""
        return not self.low <= self.observed <= self.high


def band_ends(permuted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper end of the 95 % band of (R, ...) permutations.

    They are order statistics so chosen that a further permutation lies between them with at least 95 %; with fewer than
    39 permutations they are the lowest and the highest.
    """
    values = np.sort(np.asarray(permuted, float), axis=0)
    outside = max(int(_OUTSIDE * (len(values) + 1)), 1)
    return values[outside - 1], values[len(values) - outside]


@dataclass(frozen=True)
class EndpointFlow:
    """What became of the patients at an endpoint.

    Args:
        endpoint: Which.
        events: Patients with the event by the horizon.
        event_free: Patients without, followed to it.
        censored: Left out: censored before it.
        other_cause: Left out: met another cause, or one that is not known, by it.
        left_out: Why the endpoint is not studied; '' where it is.
    """

    endpoint: Endpoint
    events: int
    event_free: int
    censored: int
    other_cause: int
    left_out: str = ""


@dataclass(frozen=True)
class Combination:
    """Features with p below 0.05 at exactly some endpoints.

    Args:
        endpoints: Their keys, in the study's order.
        features: How many, beside chance.
    """

    endpoints: tuple[str, ...]
    features: Band


@dataclass(frozen=True)
class ModalityTests:
    """The t-tests of a modality's features.

    Args:
        modality: Which.
        tested: Features that differ between any two patients.
        p_values: (endpoints, features); NaN where a feature could not be tested.
        histogram: (endpoints, BINS) features by p-value.
        histogram_expected: Its mean over permutations.
        histogram_low: Lower end of its 95 % band.
        histogram_high: Upper end.
        significant: Features with p below 0.05, an entry an endpoint.
        everywhere: Features with p below 0.05 at all endpoints.
        combinations: The same for every set of endpoints, fewer endpoints first.
    """

    modality: Modality
    tested: int
    p_values: NDArray[np.float64]
    histogram: NDArray[np.int64]
    histogram_expected: NDArray[np.float64]
    histogram_low: NDArray[np.float64]
    histogram_high: NDArray[np.float64]
    significant: tuple[Band, ...]
    everywhere: Band
    combinations: tuple[Combination, ...]


@dataclass(frozen=True)
class OtherPenalty:
    """What another penalty would have chosen.

    Args:
        fraction: The penalty as a fraction of the smallest that leaves no feature.
        chosen: How many features it chooses.
        shared: How many of them are among the chosen.
    """

    fraction: float
    chosen: int
    shared: int


@dataclass(frozen=True)
class Chosen:
    """The features of a modality chosen for an endpoint.

    Args:
        endpoint: Its key.
        modality: Whose features.
        features: Names, the most often included first.
        indices: (k,) their indices among the modality's features.
        inclusion: (k,) in which share of the resamples each has a coefficient.
        coefficient: (k,) its mean over all resamples, per standard deviation of the feature; above 0 for the event.
        probability: (p,) inclusion of every feature of the modality; 0 for one that the LASSO never saw.
        penalty: Of the LASSO: lambda of the mean log loss on standardised features.
        fraction: The penalty as a fraction of the smallest that leaves no feature.
        how: How the penalty was found, in words.
        patients: Patients the LASSO learnt from.
        events: Of whom with the event.
        seen: Features the LASSO saw; of both modalities where they stand in one.
        rarely_active: Features of the modality left out because they are non-zero in too few patients.
        others: Other penalties, for comparison.
    """

    endpoint: str
    modality: Modality
    features: tuple[str, ...]
    indices: NDArray[np.int64]
    inclusion: NDArray[np.float64]
    coefficient: NDArray[np.float64]
    probability: NDArray[np.float64]
    penalty: float
    fraction: float
    how: str
    patients: int
    events: int
    seen: int
    rarely_active: int
    others: tuple[OtherPenalty, ...]


@dataclass(frozen=True)
class ChanceInclusion:
    """Inclusion probabilities when the outcomes are dealt anew to the patients, for one endpoint and modality.

    Args:
        expected: (top,) mean over permutations of the highest inclusion, the second highest and so on.
        high: (top,) upper end of their 95 % band, or the highest where permutations are few.
        above: (R,) features above the paper's line of 0.3 in each permutation.
        bootstraps: Resamples each rests on.
    """

    expected: NDArray[np.float64]
    high: NDArray[np.float64]
    above: NDArray[np.int64]
    bootstraps: int


@dataclass(frozen=True)
class Conventional:
    """A chosen feature beside the conventional measures.

    Args:
        feature: Its name.
        tlg: Squared correlation with total lesion glycolysis; NaN where it could not be had.
        closest: The measure it is most correlated with, '' where there is none.
        closest_squared: That squared correlation.
        correlated: With how many measures the squared correlation is at least `CORRELATED`.
    """

    feature: str
    tlg: float
    closest: str
    closest_squared: float
    correlated: int


@dataclass(frozen=True)
class BesidePaper:
    """A count beside the paper's.

    Args:
        key: For files.
        what: In words.
        ours: The count.
        band: What permutations of the outcomes give; None where none were made.
        paper: The paper's figure, in words; '' where it has none.
    """

    key: str
    what: str
    ours: float
    band: Band | None
    paper: str


@dataclass(frozen=True)
class SelectionStudy:
    """Everything `prognosis biomarkers select` writes.

    Args:
        options: What was asked for.
        patients: Patients with features and outcome.
        annotations: Their annotations.
        deaths: Patients seen to die.
        flow: What became of them, an entry an endpoint asked for.
        endpoints: Endpoints that were studied.
        tests: An entry a modality.
        chosen: An entry an endpoint and modality.
        chance: Key of an endpoint and modality -> inclusion by chance; empty where no permutations were made.
        conventional: Of every chosen feature, by name.
        tlg: Name of the measure taken for total lesion glycolysis, '' where there is none.
        measures: Names of the conventional measures.
        beside_paper: Counts beside the paper's.
        assumptions: (what, stated by the paper, our assumption, used) rows.
        methods: The methods paragraph.
        warnings: What the reader should know.
        networks: What the features come from.
        phantom: Whether any patient is simulated.
        versions: Program and library versions.
        features_sha256: Hash of the features' file.
        cohort_sha256: Hash of the cohort table.
    """

    options: SelectionOptions
    patients: int
    annotations: int
    deaths: int
    flow: tuple[EndpointFlow, ...]
    endpoints: tuple[Endpoint, ...]
    tests: tuple[ModalityTests, ...]
    chosen: tuple[Chosen, ...]
    chance: Mapping[tuple[str, Modality], ChanceInclusion]
    conventional: Mapping[str, Conventional]
    tlg: str
    measures: tuple[str, ...]
    beside_paper: tuple[BesidePaper, ...]
    assumptions: tuple[tuple[str, str, str, str], ...]
    methods: str
    warnings: tuple[str, ...]
    networks: Mapping[Modality, NetworkUsed]
    phantom: bool
    versions: Mapping[str, str]
    features_sha256: str
    cohort_sha256: str

    @property
    def demonstration(self) -> bool:
        """Whether any of the networks is a demonstration."""
        return any(network.demonstration for network in self.networks.values())

    def chosen_features(self, modality: Modality) -> tuple[str, ...]:
        """Names of a modality's features chosen at any endpoint, each once, in order of their index."""
        return tuple(sorted({name for one in self.chosen if one.modality is modality for name in one.features}))
