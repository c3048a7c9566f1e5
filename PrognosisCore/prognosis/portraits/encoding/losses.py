"""What an encoder learns by: errors of its latents, and of the faces its latents make."""

import torch
from torch import Tensor

from prognosis.portraits.comparing.features import FeatureNetwork, perceptual_distance
from prognosis.portraits.encoding.network import Guess
from prognosis.portraits.encoding.samples import Samples, face_of
from prognosis.portraits.stylegan2.generator import Generator


def latent_loss(guess: Guess, samples: Samples, w_variance: Tensor) -> Tensor:
    """1 - the cosine of z, plus the squared error of w over its variance, averaged over faces.

    Args:
        guess: Of the faces.
        samples: Their latents.
        w_variance: () sum over dimensions of the variance of w.
    """
    cosine = torch.cosine_similarity(guess.z, samples.z, dim=1)
    return (1 - cosine).mean() + ((guess.w - samples.w).square().sum(dim=1) / w_variance).mean()


def face_loss(
    guess: Guess,
    samples: Samples,
    generator: Generator,
    features: FeatureNetwork,
    *,
    count: int,
    precision: torch.dtype | None = None,
) -> Tensor:
    """Distance of guessed faces from the samples, a mean over the first `count`: half are made by z, half by w.

    Args:
        guess: Of the samples, which may have been changed before they were seen.
        samples: As they were drawn.
        generator: It makes the guessed faces.
        features: Compares them.
        count: How many, at least 2.
        precision: Kind of number of the generator's activations; that of its weights when None.
    """
    half = count // 2
    w = torch.cat([generator.map(guess.z[:half])[:, 0], guess.w[half:count]])
    with torch.no_grad():
        wanted = features(samples.images[:count])
    return perceptual_distance(features(face_of(generator, w, precision=precision)), wanted).mean()
