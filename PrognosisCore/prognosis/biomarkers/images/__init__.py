"""From a patient's PET, CT and contour to what networks read and what is measured."""
