"""Fitting models and judging them on patients left out."""
