"""Extracting features as the work of a batch; light to import, for it is sent to every worker."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.biomarkers.modality import Modality
from prognosis.cli.cohort_run import for_a_table
from prognosis.engines.engine import Engine
from prognosis.errors import ModelError, PrognosisError
from prognosis.imaging.lesion_choice import LesionChoice

if TYPE_CHECKING:
    from prognosis.batch.case import Case, Compute, Facts
    from prognosis.biomarkers.extraction import ExtractedPatient
    from prognosis.biomarkers.images.patient_images import PatientFiles
    from prognosis.bundles.bundle import Bundle

KIND = "biomarkers extract"
SHOWN = ("mtv_contour_ml", "tlg_contour_ml", "suv_max")
"""Measures that the summary shows."""
_REMEDIES = {
    "(--series)": "in the column ct_series or pet_series",
    "--series": "the column ct_series or pet_series",
    "--ct-series": "the column ct_series",
    "--pet-series": "the column pet_series",
    "--tumour": "the column tumour",
    **{flag: f"prognosis convert --suv {flag}" for flag in ("--weight-kg", "--dose-bq", "--suv-factor")},
    "--resample-uneven": "prognosis convert --resample-uneven",
}


@dataclass(frozen=True)
class FeatureExtraction:
    """What is extracted from every case.

    Args:
        models: Modality -> folder of its network.
        sha256: Modality -> the network's hash when the run began.
        choice: Which segments of contour files are tumours.
        engine: What computes the networks; not `auto`, so that a run that goes on elsewhere mixes no numbers.
        radiomics: Whether conventional radiomic features are measured.
        scaled: Whether regions grow with the tumour.
    """

    models: Mapping[Modality, Path]
    sha256: Mapping[Modality, str]
    choice: LesionChoice
    engine: Engine
    radiomics: bool = True
    scaled: bool = False

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "kind": KIND,
            "models": {modality.value: sha256 for modality, sha256 in self.sha256.items()},
            "choice": asdict(self.choice),
            "engine": self.engine.value,
            "radiomics": self.radiomics,
            "scaled": self.scaled,
        }

    def prepare(self) -> "Compute":
        """Load the networks.

        Raises:
            ModelError: One is another than when the run began.
        """
        import torch

        from prognosis.batch.masking import Mask
        from prognosis.biomarkers.extracted_case import write_extracted
        from prognosis.biomarkers.extraction import common_region, extract_patient
        from prognosis.biomarkers.networks.extraction import make_extractor
        from prognosis.biomarkers.networks.unet_bundle import load_unet

        torch.set_num_threads(1)  # so that features do not depend on how many workers there are
        segmenters = {modality: load_unet(self._bundle_of(modality)) for modality in self.models}
        extractors = {modality: make_extractor(one.network, engine=self.engine) for modality, one in segmenters.items()}
        region = common_region(segmenters, scaled=self.scaled)

        def extract(case: "Case", folder: Path) -> "Facts":
            try:
                patient = extract_patient(
                    self._files_of(case), segmenters, extractors, region, radiomics=self.radiomics
                )
            except PrognosisError as error:
                raise for_a_table(error, _REMEDIES) from error
            patient = replace(patient, flags=tuple(map(Mask(case, folder), patient.flags)))
            write_extracted(folder, patient)
            return _facts(patient)

        return extract

    def _bundle_of(self, modality: Modality) -> "Bundle":
        from prognosis.bundles.bundle import open_bundle

        bundle = open_bundle(self.models[modality])
        if bundle.sha256 != self.sha256[modality]:
            raise ModelError("The model changed while the run began.", remedy="Run the same command again.")
        return bundle

    def _files_of(self, case: "Case") -> "PatientFiles":
        from prognosis.biomarkers.images.patient_images import PatientFiles

        files = case.inputs
        return PatientFiles(
            ct=files.get("ct"),
            pet=files.get("pet"),
            tumour=files.get("tumour"),
            ct_tumour=files.get("ct_tumour"),
            pet_tumour=files.get("pet_tumour"),
            ct_series=case.options.get("ct_series"),
            pet_series=case.options.get("pet_series"),
            choice=self.choice,
        )


def _facts(patient: "ExtractedPatient") -> "Facts":
    shown = {name: patient.conventional.get(name, math.nan) for name in SHOWN}
    return {
        **{name: value if math.isfinite(value) else None for name, value in shown.items()},
        "warnings": "; ".join(patient.flags),
    }
