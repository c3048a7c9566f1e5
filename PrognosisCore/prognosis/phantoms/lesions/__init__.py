"""Chest-like CTs whose lesions carry a known risk."""

from prognosis.phantoms.lesions.cohort import write_cohort
from prognosis.phantoms.lesions.options import LesionPhantomOptions, World
from prognosis.phantoms.lesions.patient import PhantomPatient, draw_patient
from prognosis.phantoms.lesions.truth import LesionTruth, PatientTruth, draw_truth

__all__ = [
    "LesionPhantomOptions",
    "LesionTruth",
    "PatientTruth",
    "PhantomPatient",
    "World",
    "draw_patient",
    "draw_truth",
    "write_cohort",
]
