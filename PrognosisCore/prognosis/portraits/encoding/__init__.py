"""From a face straight to a guess of its latents: a small network that learnt from the generator's own faces."""
