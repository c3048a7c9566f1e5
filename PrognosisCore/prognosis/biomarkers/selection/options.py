"""How features tied to survival are looked for."""

from dataclasses import dataclass

from prognosis.biomarkers.endpoints import PAPER_ENDPOINTS, Endpoint

SIGNIFICANT = 0.05
"""Below which p-value a feature counts as tied to an endpoint."""
SHOWN_INCLUSION = 0.3
"""Above which inclusion probability the paper shows features."""
_KEYS = tuple(one.key for one in PAPER_ENDPOINTS)


@dataclass(frozen=True)
class SelectionOptions:
    """Options of a selection.

    Args:
        endpoints: Keys of the endpoints.
        disease_cause: Text of the cohort table's column `cause` that means the disease; 'disease' always does.
        least_patients: An endpoint needs so many patients with the event, and as many without.
        least_active: Share of patients in whom a unit must be non-zero for the LASSO to see it.
        penalty_fraction: Penalty as a fraction of the smallest that leaves no feature; None for cross-validation.
        inner_folds: Folds of patients of that cross-validation.
        bootstraps: Resamples of patients whose LASSO fits give the inclusion probability.
        top: How many features are chosen a modality and endpoint.
        sensitivity: Whether two other penalties are tried for comparison.
        joint: Whether both modalities stand in one LASSO, `top` features being chosen of both together.
        permutations: Permutations of the outcomes for p-values and counts.
        inclusion_permutations: Permutations of the outcomes for inclusion probabilities; 0 for none.
        inclusion_bootstraps: Resamples in each of them.
        seed: Seed of everything random.

    Raises:
        ValueError: A value cannot be used.
    """

    endpoints: tuple[str, ...] = _KEYS
    disease_cause: str = "1"
    least_patients: int = 5
    least_active: float = 0.1
    penalty_fraction: float | None = None
    inner_folds: int = 5
    bootstraps: int = 1000
    top: int = 20
    sensitivity: bool = True
    joint: bool = False
    permutations: int = 200
    inclusion_permutations: int = 20
    inclusion_bootstraps: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [key for key in self.endpoints if key not in _KEYS]
        wrong = (
            (
                not self.endpoints or bool(unknown) or len(set(self.endpoints)) != len(self.endpoints),
                f"endpoints are some of {', '.join(_KEYS)}, each once",
            ),
            (not self.disease_cause.strip(), "disease_cause needs a text"),
            (self.least_patients < 5, "least_patients is 5 or more"),
            (not 0 <= self.least_active <= 1, "least_active lies between 0 and 1"),
            (
                self.penalty_fraction is not None and not 0 < self.penalty_fraction < 1,
                "penalty_fraction lies between 0 and 1",
            ),
            (not 2 <= self.inner_folds <= self.least_patients, "inner_folds are 2 or more, at most least_patients"),
            (self.bootstraps < 1 or self.inclusion_bootstraps < 1, "bootstraps are 1 or more"),
            (self.top < 1, "top is 1 or more"),
            (self.permutations < 40, "permutations are 40 or more, for a band of 95 %"),
            (self.inclusion_permutations < 0, "inclusion_permutations are 0 or more"),
            (self.seed < 0, "seed is 0 or more"),
        )
        for is_wrong, why in wrong:
            if is_wrong:
                raise ValueError(why)

    @property
    def chosen_endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints in the paper's order."""
        return tuple(one for one in PAPER_ENDPOINTS if one.key in self.endpoints)
