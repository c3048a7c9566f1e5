"""Scoring with a worker that does as it is told: what is handed over, and what becomes of the answer."""

from pathlib import Path

import pytest
import slicer
from slicer_host.scripted_modules import install_modules

install_modules()

from making_results import a_result, a_result_folder  # noqa: E402
from prognosis.cli.scoring import _COLUMNS, _mark, _row, patient_document  # noqa: E402
from prognosis.errors import CancelledError, PrognosisError, UsageError  # noqa: E402
from prognosis.files import write_csv, write_json  # noqa: E402
from prognosis.imaging.segmentation.seg_nrrd import read_seg_nrrd  # noqa: E402
from prognosis_slicer.lesion_risk.inputs import Inputs  # noqa: E402
from prognosis_slicer.lesion_risk.scoring import Scoring  # noqa: E402
from prognosis_slicer.scene.segments import read_segments  # noqa: E402
from prognosis_slicer.scene.result_record import records_of  # noqa: E402
from prognosis_slicer.scene.volumes import image_geometry  # noqa: E402
from prognosis_slicer.worker.job import Finished, cancelled  # noqa: E402
