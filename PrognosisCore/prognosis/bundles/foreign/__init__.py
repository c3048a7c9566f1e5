"""Checkpoints of other programs, read as data: their pickles are never unpickled, so nothing in them runs."""
