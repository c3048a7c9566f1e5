"""DICOM images: series, the gate they pass, their pixels."""
