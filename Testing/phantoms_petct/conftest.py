"""PET/CT phantoms drawn once: twenty thousand as numbers, a few with voxels."""

import pytest

from prognosis.phantoms.petct import PetctPatient, PetctPhantomOptions, Truths, World, draw_patient, draw_truths

PATIENTS = 20_000


@pytest.fixture(scope="session")
def populations() -> dict[World, Truths]:
    return {world: draw_truths(PetctPhantomOptions(seed=11, world=world), PATIENTS) for world in World}


@pytest.fixture(scope="session")
def petct_patients() -> list[PetctPatient]:
    options = PetctPhantomOptions(seed=40, followup=True)
    return [draw_patient(options, index) for index in range(28)]
