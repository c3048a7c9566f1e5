"""Figures that say what a prediction of survival is worth, and curves of what happened."""
