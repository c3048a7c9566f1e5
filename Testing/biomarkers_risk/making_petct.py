"""Small PET/CTs, tables of features with known ties to survival, and networks with random weights."""

import numpy as np
import torch

from prognosis.biomarkers.feature_names import FEATURES, parse_feature
from prognosis.biomarkers.feature_table import FeatureTable, NetworkUsed
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.networks.unet import SegmentingUNet, UNetKind, UNetOptions
from prognosis.biomarkers.risk.fit_options import FitOptions
from prognosis.cohort.table import CohortRow
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

PLANTED = ("C00700", "P01234")
QUICK = FitOptions(
    endpoints=("os2", "dss2"), bootstraps=40, fold_bootstraps=20, refits=60, folds=3, top=4, penalty_fraction=0.5
)
_NARROW = UNetOptions(UNetKind.COMPACT, (2, 4, 8, 16, 512))
_LIMITS = {Modality.CT: Normalisation(-500, 200, 60), Modality.PET: Normalisation(0.01, 20, 20)}


def make_segmenter(modality, *, seed=0, name="random", demonstration=False):
    """A narrow network with random weights that 16 bits hold exactly."""
    torch.manual_seed(seed)
    network = SegmentingUNet(_NARROW).eval()
    with torch.no_grad():
        for name, value in network.down[-1].named_parameters():
            if name.endswith("N.bias"):
                value.fill_(2.0)  # so that hardly any feature is silent
        for value in (*network.parameters(), *network.buffers()):
            if value.is_floating_point():
                value.copy_(value.half().float())
    used = NetworkUsed(f"{name}-{modality.value}", f"{seed:02d}" * 32, demonstration)
    return Segmenter(network, modality, _LIMITS[modality], RegionOptions(), used)


def make_table(networks, *, patients=160, strength=1.6, seed=0, phantom=False):
    """Features of which the planted ones carry log odds of death by two years, and the cohort that goes with them."""
    generator = np.random.default_rng(seed)
    features = {}
    for modality in Modality:
        values = generator.gamma(0.6, 1.0, (patients, FEATURES)).astype(np.float32)
        values[:, 400:] *= generator.random((patients, FEATURES - 400)).astype(np.float32) < 0.05
        features[modality] = values
    score = np.zeros(patients)
    for name in PLANTED:
        feature = parse_feature(name)
        column = generator.normal(size=patients).astype(np.float32)
        features[feature.modality][:, feature.index] = np.maximum(column + 2, 0)
        score += strength * column
    scale = 900 * np.exp(-score / 1.5)
    uniform = generator.random(patients)
    time = scale * (uniform / (1 - uniform)) ** (1 / 1.5)
    censored = generator.uniform(500, 4000, patients)
    rows = [
        CohortRow(
            number=number + 2,
            patient_id=f"p{number}",
            annotation_id="",
            time_days=float(max(min(time[number], censored[number]), 1)),
            event=bool(time[number] <= censored[number]),
            group="",
            files={},
            cause=("1" if number % 4 else "2") if time[number] <= censored[number] else "",
        )
        for number in range(patients)
    ]
    table = FeatureTable(
        patient_ids=tuple(row.patient_id for row in rows),
        annotation_ids=("",) * patients,
        features=features,
        conventional=np.exp(generator.normal(3, 1, (patients, 3))),
        conventional_names=("mtv_contour_ml", "tlg_contour_ml", "suv_max"),
        networks=networks,
        settings={},
        flags=("",) * patients,
        phantom=phantom,
    )
    return table, rows


def make_petct(*, phantom=None):
    """A ball of soft tissue and high uptake in lung: CT of 2 mm, PET of 4 mm, on lattices of their own."""
    ct = Geometry((70, 70, 40), (2.0, 2.0, 2.5), (-70.0, -70.0, -50.0))
    pet = Geometry((36, 36, 26), (4.0, 4.0, 4.0), (-71.0, -71.0, -51.0))

    def ball(geometry, radius):
        k, j, i = np.indices(geometry.shape)
        points = geometry.to_patient(np.stack([i, j, k], axis=-1))
        return np.linalg.norm(points - (5, -3, 2), axis=-1) <= radius

    generator = np.random.default_rng(1)
    hu = np.where(ball(ct, 15), 40, -800) + generator.normal(0, 20, ct.shape)
    suv = np.where(ball(pet, 15), 8.0, 0.5) + generator.uniform(0, 0.1, pet.shape)
    images = (
        Volume(hu.astype(np.int16), ct, modality="CT", phantom=phantom),
        Volume(suv.astype(np.float32), pet, modality="PT", phantom=phantom),
    )
    return *images, Volume(ball(ct, 15).astype(np.uint8), ct, phantom=phantom)
