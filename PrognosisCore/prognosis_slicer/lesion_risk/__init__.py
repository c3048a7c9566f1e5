"""The module SurvivalLesionRisk: what it does, and beside each part the view that shows it."""
