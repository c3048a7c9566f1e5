"""Which features are tied to survival: t-tests, LASSO bootstraps, and what chance alone would give."""
