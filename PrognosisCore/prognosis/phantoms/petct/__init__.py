"""Chest-like PET/CTs whose log odds of death are known from the tumour and what grows around it."""

from prognosis.phantoms.petct.cohort import write_cohort
from prognosis.phantoms.petct.followup import FollowUp, Pose
from prognosis.phantoms.petct.options import PetctPhantomOptions, World
from prognosis.phantoms.petct.patient import PetctPatient, draw_patient
from prognosis.phantoms.petct.truth import Cause, PatientTruth, Truths, draw_truth, draw_truths

__all__ = [
    "Cause",
    "FollowUp",
    "PatientTruth",
    "PetctPatient",
    "PetctPhantomOptions",
    "Pose",
    "Truths",
    "World",
    "draw_patient",
    "draw_truth",
    "draw_truths",
    "write_cohort",
]
