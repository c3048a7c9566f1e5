"""Small networks and faces of no one to be projected."""

import torch
from encoder_making import SIZE, small_discriminator, small_generator

from prognosis.portraits.comparing.features import discriminator_features
from prognosis.portraits.projecting.latent_space import LatentSpace
from prognosis.portraits.projecting.options import Space


class Drawn:
    """A generator, the network faces are compared by, and its spaces."""

    def __init__(self):
        self.generator = small_generator().requires_grad_(False)
        self.features = discriminator_features(small_discriminator(), "small-faces")
        self.spaces = {space: LatentSpace.of(self.generator, space) for space in Space}

    @torch.no_grad()
    def faces(self, count, seed=3):
        """Latents z and their images."""
        z = torch.randn(count, SIZE.z_dim, generator=torch.Generator().manual_seed(seed))
        return z * (SIZE.z_dim**0.5 / z.norm(dim=1, keepdim=True)), self.generator(z)
