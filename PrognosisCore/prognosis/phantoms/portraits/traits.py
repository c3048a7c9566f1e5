"""What a drawn face is made of: identity, age signs, health signs, and what tells nothing of the person."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]

_SPREAD_LIMIT = 2.2


@dataclass(frozen=True)
class FaceTraits:
    """Traits of n faces; each array has the shape (n,).

    Signs of age and health are 0 for none and 1 for strong. Traits named `_sd` are 0 for the average face and count
    standard deviations; shares lie in [0, 1].

    Args:
        wrinkles, grey_hair, bald, eye_bags: Signs of age.
        pallor, hollow_cheeks, drooping: Signs of illness.
        melanin, warmth_sd: Of the skin: how dark, and how yellow or red.
        width_sd, length_sd, jaw_sd: Of the head.
        eye_distance_sd, eye_size_sd, iris, brow_sd: Eyes; `iris` runs from brown over green to blue.
        nose_length_sd, nose_width_sd, mouth_width_sd, lips_sd: Nose and mouth.
        hair_melanin, hair_red, hair_length, hair_volume_sd, parting_sd: Hair of the head.
        beard, glasses: How much beard; whether glasses are worn (0 or 1).
        smile, yaw_sd, pitch_sd, roll_sd: Expression and pose.
        background, clothes: Colours (n, 3) of what is behind and below, each in [0, 1].
        gown: Whether a hospital gown is worn (0 or 1).
        light_sd, exposure_sd, tint_sd: Direction of the light, brightness and colour of the photo.
        mask, cap: Whether they are worn (0 or 1).
        cover_colours: Colours (n, 3) of mask and cap.
    """

    wrinkles: Values
    grey_hair: Values
    bald: Values
    eye_bags: Values
    pallor: Values
    hollow_cheeks: Values
    drooping: Values
    melanin: Values
    warmth_sd: Values
    width_sd: Values
    length_sd: Values
    jaw_sd: Values
    eye_distance_sd: Values
    eye_size_sd: Values
    iris: Values
    brow_sd: Values
    nose_length_sd: Values
    nose_width_sd: Values
    mouth_width_sd: Values
    lips_sd: Values
    hair_melanin: Values
    hair_red: Values
    hair_length: Values
    hair_volume_sd: Values
    parting_sd: Values
    beard: Values
    glasses: Values
    smile: Values
    yaw_sd: Values
    pitch_sd: Values
    roll_sd: Values
    background: Values
    clothes: Values
    gown: Values
    light_sd: Values
    exposure_sd: Values
    tint_sd: Values
    mask: Values
    cap: Values
    cover_colours: Values

    def __post_init__(self) -> None:
        if len({len(getattr(self, field.name)) for field in fields(self)}) != 1:
            raise ValueError("traits differ in how many faces they describe")

    def __len__(self) -> int:
        return len(self.pallor)

    def __getitem__(self, chosen: slice) -> "FaceTraits":
        return FaceTraits(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def sample_traits(
    count: int,
    random: np.random.Generator,
    *,
    age_signs_sd: Values | None = None,
    health_signs_sd: Values | None = None,
    covered: float = 0.0,
) -> FaceTraits:
    """Draw traits of faces that exist nowhere.

    Args:
        count: How many faces.
        random: Where chance comes from.
        age_signs_sd: How old each looks (count,), 0 for the average; drawn when None.
        health_signs_sd: How ill each looks (count,), 0 for the average; drawn when None.
        covered: Share of faces that wear a mask, and of those that wear a cap, by chance of their own.
    """
    age = _normal(random, count) if age_signs_sd is None else age_signs_sd.astype(np.float32)
    illness = _normal(random, count) if health_signs_sd is None else health_signs_sd.astype(np.float32)
    melanin = random.beta(1.3, 2.0, count).astype(np.float32)
    return FaceTraits(
        wrinkles=_sign(age, random),
        grey_hair=_sign(age, random),
        bald=_sign(age, random) * (random.random(count) < 0.5).astype(np.float32),
        eye_bags=_sign(age, random),
        pallor=_sign(illness, random),
        hollow_cheeks=_sign(illness, random),
        drooping=_sign(illness, random),
        melanin=melanin,
        hair_melanin=1 - (1 - melanin) ** 1.5 * random.beta(1.2, 1.2, count).astype(np.float32),
        hair_red=random.beta(1.0, 3.0, count).astype(np.float32),
        hair_length=random.beta(0.7, 0.9, count).astype(np.float32),
        iris=random.beta(0.8, 1.2, count).astype(np.float32),
        beard=(random.random(count) < 0.25).astype(np.float32) * random.uniform(0.4, 1, count).astype(np.float32),
        glasses=_happens(random, count, 0.2),
        smile=random.beta(1.5, 2.0, count).astype(np.float32),
        background=_muted(random, count, 0.3),
        clothes=_muted(random, count, 0.6),
        gown=_happens(random, count, 0.3),
        mask=_happens(random, count, covered),
        cap=_happens(random, count, covered),
        cover_colours=_cover_colours(random, count),
        **{field.name: _normal(random, count) for field in fields(FaceTraits) if field.name.endswith("_sd")},
    )


def _normal(random: np.random.Generator, count: int) -> Values:
    return np.clip(random.standard_normal(count), -_SPREAD_LIMIT, _SPREAD_LIMIT).astype(np.float32)


def _sign(cause_sd: Values, random: np.random.Generator) -> Values:
    """A sign that follows its cause, but for a fifth of its variance."""
    noisy = np.sqrt(0.8) * cause_sd + np.sqrt(0.2) * _normal(random, len(cause_sd))
    return (1 / (1 + np.exp(-1.4 * noisy))).astype(np.float32)


def _happens(random: np.random.Generator, count: int, share: float) -> Values:
    return (random.random(count) < share).astype(np.float32)


def _muted(random: np.random.Generator, count: int, saturation: float) -> Values:
    """Colours (count, 3), nearer to greys the less saturation there is."""
    grey = random.uniform(0.1, 0.9, (count, 1))
    colours = grey + saturation * (random.uniform(0, 1, (count, 3)) - grey)
    return colours.astype(np.float32)


def _cover_colours(random: np.random.Generator, count: int) -> Values:
    """Blues, greens and whites of hospital textiles."""
    share = random.random((count, 1))
    blue, green, white = np.array([0.45, 0.68, 0.85]), np.array([0.35, 0.65, 0.55]), np.array([0.92, 0.94, 0.95])
    colours = np.where(share < 0.45, blue, np.where(share < 0.7, green, white))
    return np.clip(colours + random.normal(0, 0.04, (count, 3)), 0, 1).astype(np.float32)
