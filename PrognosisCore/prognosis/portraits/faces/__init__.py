"""Photos in, one upright and centred face out, with how well it can be seen."""
