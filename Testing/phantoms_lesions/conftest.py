"""Cohorts of lesion phantoms drawn once: thousands as numbers, a few with voxels."""

import pytest

from prognosis.phantoms.lesions import (
    LesionPhantomOptions,
    PatientTruth,
    PhantomPatient,
    World,
    draw_patient,
    draw_truth,
)

PATIENTS = 3000


@pytest.fixture(scope="session")
def cohorts() -> dict[World, list[PatientTruth]]:
    return {
        world: [draw_truth(LesionPhantomOptions(seed=11, world=world), index) for index in range(PATIENTS)]
        for world in World
    }


@pytest.fixture(scope="session")
def drawn_patients() -> list[PhantomPatient]:
    return [draw_patient(LesionPhantomOptions(seed=3), index) for index in range(6)]
