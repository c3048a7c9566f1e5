"""How strongly to augment, by how sure the discriminator is of photos (Karras et al. 2020 ADA, section 3.1)."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class AdaptiveState:
    """Where an adaptive strength is, in plain numbers for a checkpoint.

    Args:
        p: Probability of every change.
        sign_sum: Of the logits of photos since p last moved.
        images: Photos since then.
        batches: Batches since then.
        mean_sign: Mean sign when p last moved; 0 before.
    """

    p: float = 0.0
    sign_sum: float = 0.0
    images: int = 0
    batches: int = 0
    mean_sign: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.p < 1 or self.images < 0 or self.batches < 0 or not abs(self.sign_sum) <= self.images:
            msg = f"p is from 0 to below 1, and signs belong to as many photos, got {self}"
            raise ValueError(msg)


class AdaptiveStrength:
    """A probability p that rises while the discriminator tells photos from generated faces too surely, and falls else.

    Sure is a mean sign of its logits of photos above `target`: 0 is guessing, 1 is knowing all photos by heart. The
    paper warns that changes begin to show in generated faces where p stays above 0.8 or so.

    Args:
        target: Mean sign to hold, -1 to 1.
        images_to_one: Photos it takes from 0 to 1 if p always rises.
        every: Batches between moves.
        ceiling: Most p; below 1, since a change that is always made shows in what is generated.
        state: To go on from.
    """

    def __init__(
        self,
        target: float = 0.6,
        images_to_one: int = 500_000,
        every: int = 4,
        *,
        ceiling: float = 0.99,
        state: AdaptiveState | None = None,
    ) -> None:
        if not -1 < target < 1 or images_to_one < 1 or every < 1 or not 0 < ceiling < 1:
            msg = (
                "target is between -1 and 1, images_to_one and every are 1 or more, ceiling is between 0 and 1, "
                f"got {target}, {images_to_one}, {every}, {ceiling}"
            )
            raise ValueError(msg)
        self.target = target
        self.images_to_one = images_to_one
        self.every = every
        self.ceiling = ceiling
        self.state = state or AdaptiveState()

    @property
    def p(self) -> float:
        """Probability to augment by now."""
        return self.state.p

    def observe(self, sign_sum: float, images: int) -> None:
        """Take note of a batch of photos, all processes together, and move p when it is time.

        Args:
            sign_sum: Sum of the signs of the discriminator's logits of the (augmented) photos.
            images: How many photos.

        Raises:
            ValueError: No such signs; logits that are no numbers give none.
        """
        if images < 1 or not abs(sign_sum) <= images:
            msg = f"the signs of {images} logits cannot add up to {sign_sum}"
            raise ValueError(msg)
        before = self.state
        seen = replace(
            before,
            sign_sum=before.sign_sum + sign_sum,
            images=before.images + images,
            batches=before.batches + 1,
        )
        self.state = self._moved(seen) if seen.batches >= self.every else seen

    def _moved(self, seen: AdaptiveState) -> AdaptiveState:
        mean_sign = seen.sign_sum / seen.images
        direction = (mean_sign > self.target) - (mean_sign < self.target)
        p = seen.p + direction * seen.images / self.images_to_one
        return AdaptiveState(p=min(max(p, 0.0), self.ceiling), mean_sign=mean_sign)
