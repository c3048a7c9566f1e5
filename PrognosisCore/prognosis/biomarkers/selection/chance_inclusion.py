"""How often the LASSO includes features when the outcomes are dealt anew to the patients."""

from collections.abc import Mapping, Sequence

import numpy as np

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.choosing import bootstraps_at, designs_of, stream_seed
from prognosis.biomarkers.selection.lasso_bootstrap import draw_multiplicities
from prognosis.biomarkers.selection.options import SHOWN_INCLUSION, SelectionOptions
from prognosis.biomarkers.selection.permutation import permuted_orders
from prognosis.biomarkers.selection.results import ChanceInclusion, Chosen, band_ends
from prognosis.biomarkers.selection.standardising import Features
from prognosis.progress import Progress, silent
from prognosis.survival.metrics.horizon import HorizonEndpoint

_ORDERS, _RESAMPLES = range(2)


def chance_inclusion(
    features: Mapping[Modality, Features],
    labels: Mapping[str, HorizonEndpoint],
    chosen: Sequence[Chosen],
    options: SelectionOptions,
    *,
    seed: int,
    progress: Progress = silent,
) -> dict[tuple[str, Modality], ChanceInclusion]:
    """Repeat the resampling with permuted outcomes, the penalty being the same fraction of the largest.

    Args:
        features: Modality -> (n, p), a row a patient.
        labels: Key of an endpoint -> its labels of the n patients.
        chosen: What was chosen with the true outcomes; its fractions are taken.
        options: How many permutations, none for an empty result, and how many resamples.
        seed: Seed of permutations and resamples.
        progress: Told how many permutations are done.
    """
    rounds = options.inclusion_permutations
    if not rounds:
        return {}
    patients = len(next(iter(features.values())))
    orders = permuted_orders(patients, rounds, seed=(seed, _ORDERS))
    draws = draw_multiplicities(np.arange(patients), options.inclusion_bootstraps, stream_seed(seed, _RESAMPLES))
    fractions = {(one.endpoint, one.modality): one.fraction for one in chosen}
    highest = {pair: np.zeros((rounds, options.top)) for pair in fractions}
    above = {pair: np.zeros(rounds, np.int64) for pair in fractions}
    designs = designs_of(features, options)
    for done, order in enumerate(orders):
        for design in designs:
            for key, known in labels.items():
                fraction = fractions[key, next(iter(design.parts))]
                fits = bootstraps_at(design, known.label[order], known.complete[order], draws, fraction)
                inclusion = np.nan_to_num(fits.inclusion, nan=0.0)
                for modality, (_, columns) in design.parts.items():
                    first = np.sort(inclusion[columns])[::-1][: options.top]
                    highest[key, modality][done, : len(first)] = first
                    above[key, modality][done] = int((inclusion[columns] > SHOWN_INCLUSION).sum())
        progress("inclusion by chance", done + 1, rounds)
    return {
        pair: ChanceInclusion(
            expected=values.mean(axis=0),
            high=band_ends(values)[1],
            above=above[pair],
            bootstraps=options.inclusion_bootstraps,
        )
        for pair, values in highest.items()
    }
