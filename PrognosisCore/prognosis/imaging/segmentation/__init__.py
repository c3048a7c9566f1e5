"""Segmentations of every format, as small masks in patient space."""
