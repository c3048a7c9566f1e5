"""NRRD, NIfTI and MetaImage files."""
