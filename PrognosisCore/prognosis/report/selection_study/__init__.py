"""Figures, tables and the page of a selection of features."""
