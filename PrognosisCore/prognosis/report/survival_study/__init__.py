"""Figures, tables and the page of an evaluation of survival models."""
