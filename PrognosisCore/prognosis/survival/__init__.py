"""Learning from censored outcomes, and being judged by them."""
