"""What a PET/CT model says of simulated patients whose truth is known: probabilities and heat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from prognosis.biomarkers.heat_test import Statistic, heat_tests, tissue_classes, tumour_distance_map
from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.patient_images import PatientFiles, read_patient_images
from prognosis.biomarkers.images.uptake import measure_uptake
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.attribution import heat
from prognosis.biomarkers.networks.attribution_sanity import shuffled
from prognosis.biomarkers.networks.extraction import make_extractor
from prognosis.biomarkers.risk.model import BiomarkerModel
from prognosis.report.petct.heat_figure import display_heat


@dataclass
class Findings:
    """Numbers of all patients, a row a patient, and verdicts of the heat test, a list a map."""

    frame: pd.DataFrame
    hits: Mapping[str, list[bool]] = field(default_factory=dict)
    decoy_hits: Mapping[str, list[bool]] = field(default_factory=dict)


def study(model: BiomarkerModel, cohort: Path, *, endpoint: str = "os2", heated: int = 60) -> Findings:
    """Score the patients of a phantom cohort; test the heat of the first with growth around it."""
    truth = pd.read_csv(cohort.parent / "truth.csv")
    table = pd.read_csv(cohort).merge(truth, on="patient_id")
    part = next(one for one in model.endpoints if one.endpoint.key == endpoint)
    extractors = {modality: make_extractor(one.network) for modality, one in model.segmenters.items()}
    untrained = {modality: shuffled(one.network, seed=0) for modality, one in model.segmenters.items()}
    rows, hits, decoys = [], {}, {}
    for at, patient in table.iterrows():
        files = {name: cohort.parent / patient[name] for name in ("ct", "pet", "tumour")}
        images = read_patient_images(PatientFiles(**files))
        region = cut_region(images, model.segmenters[Modality.PET].region)
        inputs = {modality: one.normalisation(region.images[modality]) for modality, one in model.segmenters.items()}
        bottlenecks = {modality: extractors[modality](values) for modality, values in inputs.items()}
        values = part.score.values(bottlenecks)
        row = {
            "score": float(part.score(values)),
            "probability": part.probability(values)[0],
            "tlg": measure_uptake(images).as_named()["tlg_contour_ml"],
        }
        if model.cox is not None:
            row["risk"] = float(model.cox.score(model.cox.score.values(bottlenecks)))
        rows.append(row)
        if patient["burden"] > 0 and len(hits.get("PET", [])) < heated:
            maps = _maps(part, model, untrained, inputs, region)
            for name, place in (("periphery", hits), ("decoys", decoys)):
                mask = _placed(files["ct"].parent / f"{name}.nrrd", region.geometry)
                tumour = np.any(list(region.tumours.values()), axis=0)
                if not (mask & ~tumour).any():
                    continue
                tested = heat_tests(
                    maps, mask, tumour, tissue_classes(region.images[Modality.CT]),
                    spacing=region.geometry.spacing, statistic=Statistic.MAGNITUDE, seed=at,
                )  # fmt: skip
                for each, verdict in tested.items():
                    place.setdefault(each, []).append(verdict.hit)
    return Findings(pd.concat([table, pd.DataFrame(rows)], axis=1), hits, decoys)


def _maps(part, model, untrained, inputs, region):
    """Heat of each modality, of networks with shuffled weights, and what must fail: the distance from the tumour."""
    maps = {}
    spacing = region.geometry.spacing
    for modality, segmenter in model.segmenters.items():
        weights = part.score.weights(modality)
        for name, network in (
            (modality.shown, segmenter.network),
            (f"{modality.shown} untrained", untrained[modality]),
        ):
            found = heat(network, inputs[modality], weights)
            maps[name] = display_heat(found, spacing)
    maps["distance"] = tumour_distance_map(np.any(list(region.tumours.values()), axis=0), spacing)
    return maps


def _placed(path: Path, geometry) -> np.ndarray:
    """A label map on the region's lattice."""
    image = sitk.ReadImage(str(path))
    found = sitk.Resample(
        image, geometry.size, sitk.Transform(), sitk.sitkNearestNeighbor, geometry.origin, geometry.spacing,
        geometry.direction, 0,
    )  # fmt: skip
    return sitk.GetArrayFromImage(found) > 0
