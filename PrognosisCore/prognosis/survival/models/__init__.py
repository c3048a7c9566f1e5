"""Models of survival, each fitted and tuned on training patients alone."""
