"""The generator of StyleGAN2: from a latent to a face (Karras et al. 2019 and 2020)."""

import torch
from torch import Tensor, nn

from prognosis.portraits.stylegan2.mapping import Mapping
from prognosis.portraits.stylegan2.options import GeneratorOptions, Noise
from prognosis.portraits.stylegan2.synthesis import Synthesis

MEAN_DECAY = 0.995


class Generator(nn.Module):
    """Mapping, truncation and synthesis.

    A state dict holds `mean_w` (w_dim); `mapping.layers.I.weight|bias`; `synthesis.constant` (channels, 4, 4);
    `synthesis.convolutions.I.` with `weight` (out, in, 3, 3), `bias`, `style.weight` (in, w_dim), `style.bias`,
    `noise_strength` () and `noise` (side, side); `synthesis.colours.I.` with `weight` (3, in), `bias`, `style.weight`
    and `style.bias`. Weights are stored with variance 1 and scaled where they are used.

    Args:
        options: Size.
    """

    mean_w: Tensor

    def __init__(self, options: GeneratorOptions) -> None:
        super().__init__()
        self.options = options
        self.mapping = Mapping(options)
        self.synthesis = Synthesis(options)
        self.register_buffer("mean_w", torch.zeros(options.w_dim))

    @property
    def layers(self) -> int:
        """Number of w that an image takes."""
        return self.options.layers

    def map(self, z: Tensor, *, truncation: float = 1.0, truncation_layers: int | None = None) -> Tensor:
        """One w for every layer.

        Args:
            z: (n, z_dim); its length means nothing.
            truncation: How far from the mean w to go: 1 leaves w as it is, 0 gives the mean face.
            truncation_layers: How many of the first layers are truncated; all when None.

        Returns:
            (n, layers, w_dim).

        Raises:
            ValueError: z has another shape, or there are fewer layers.
        """
        if z.ndim != 2 or z.shape[1] != self.options.z_dim:
            msg = f"the generator reads latents z (n, {self.options.z_dim}), got {tuple(z.shape)}"
            raise ValueError(msg)
        count = self.layers if truncation_layers is None else truncation_layers
        if not 0 <= count <= self.layers:
            msg = f"truncation_layers must be from 0 to {self.layers}, got {truncation_layers}"
            raise ValueError(msg)
        w = self.mapping(z)
        if truncation == 1 or count == 0:
            return w.unsqueeze(1).repeat(1, self.layers, 1)
        nearer = self.mean_w.lerp(w, truncation)
        return torch.cat(
            [nearer.unsqueeze(1).expand(-1, count, -1), w.unsqueeze(1).expand(-1, self.layers - count, -1)], dim=1
        )

    def synthesise(
        self,
        ws: Tensor,
        *,
        noise: Noise = Noise.CONSTANT,
        generator: torch.Generator | None = None,
        precision: torch.dtype | None = None,
    ) -> Tensor:
        """Images.

        Args:
            ws: (n, layers, w_dim).
            noise: What the layers add besides.
            generator: Where random noise comes from.
            precision: Kind of number of the activations, 16-bit ones cut at +-256; that of the weights when None.

        Returns:
            (n, 3, resolution, resolution), red, green and blue in about [-1, 1], in the kind of number of the weights.

        Raises:
            ValueError: ws has another shape.
        """
        if ws.ndim != 3 or ws.shape[1:] != (self.layers, self.options.w_dim):
            msg = f"the generator reads (n, {self.layers}, {self.options.w_dim}), got {tuple(ws.shape)}"
            raise ValueError(msg)
        return self.synthesis(ws, noise, generator, precision or self.mean_w.dtype)

    def forward(
        self,
        z: Tensor,
        *,
        truncation: float = 1.0,
        noise: Noise = Noise.CONSTANT,
        generator: torch.Generator | None = None,
        precision: torch.dtype | None = None,
    ) -> Tensor:
        """Images of latents z (n, z_dim), as `synthesise` of `map`."""
        ws = self.map(z, truncation=truncation)
        return self.synthesise(ws, noise=noise, generator=generator, precision=precision)

    @torch.no_grad()
    def follow_mean(self, w: Tensor, *, decay: float = MEAN_DECAY) -> None:
        """Draw `mean_w` towards the mean of (n, w_dim) mapped latents, once a training step."""
        self.mean_w.lerp_(w.detach().mean(dim=0).to(self.mean_w), 1 - decay)
