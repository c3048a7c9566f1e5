"""Phantom patients, drawn once."""

import pytest
from making_followups import Scene, planted, write_result

from prognosis.biomarkers.modality import Modality
from prognosis.imaging.writing import write_volume
from prognosis.phantoms.petct.options import PetctPhantomOptions
from prognosis.phantoms.petct.patient import draw_patient

_COHORT = PetctPhantomOptions(patients=40, seed=0, followup=True)
_RECURRED, _ANOTHER = 2, 10


@pytest.fixture(scope="session")
def scene():
    """A patient whose disease came back."""
    return Scene(draw_patient(_COHORT, _RECURRED))


@pytest.fixture(scope="session")
def another():
    """Another patient with a tumour on the same side."""
    return Scene(draw_patient(_COHORT, _ANOTHER))


@pytest.fixture(scope="session")
def result(scene, tmp_path_factory):
    """A result whose heat lies where the disease will come back."""
    heat = planted(scene)
    return write_result(tmp_path_factory.mktemp("scored") / "result", scene, dict.fromkeys(Modality, heat))


@pytest.fixture(scope="session")
def later(scene, tmp_path_factory):
    """The later CT and the recurrence as files."""
    folder = tmp_path_factory.mktemp("later")
    write_volume(scene.followup.ct, folder / "ct.nrrd")
    write_volume(scene.followup.recurrence, folder / "recurrence.nrrd")
    return folder
