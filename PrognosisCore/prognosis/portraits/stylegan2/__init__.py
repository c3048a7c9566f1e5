"""StyleGAN2: a generator of faces, its discriminator, and the official checkpoints that fit them."""
