"""Changes of images that keep a discriminator from learning few photos by heart (Karras et al. 2020, ADA)."""
