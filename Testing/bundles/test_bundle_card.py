"""The model card says what people must know."""

from dataclasses import replace

import pytest

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.card import model_card
from prognosis.bundles.manifest import Calibration, Manifest, Method, Requirement, RiskSource

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "words",
    [
        "# tiny-lesions 1.2",
        "RESEARCH USE ONLY",
        "DEMONSTRATION MODEL",
        "To show how the program works.",
        "A higher risk stands for earlier death.",
        "| patients | 200 |",
        "| events | 90 |",
        "| C-index | 0.71 | 0.66 to 0.76 | 200 | out-of-fold, bootstrap over patients |",
        "| slice_thickness_mm | 1 | 5 |",
        "out-of-fold risks",
        "up to 1900 days, never beyond",
        "CC0-1.0",
        "prognosis models verify",
        "hash shows damage, not trust",
        "| architecture | lesion_resnet18 |",
        "| architecture: layers | 1, 2 |",
        "| preprocessing: normalisation: hu_window | -160, 240 |",
        "| augmentation: shift_pixels | 4 |",
    ],
)
def test_the_card_says(manifest: Manifest, words: str) -> None:
    assert words in model_card(manifest)


def test_a_studys_model_bears_no_demonstration_banner(manifest: Manifest) -> None:
    assert "DEMONSTRATION" not in model_card(replace(manifest, demonstration=False))


def test_a_card_of_a_generator_speaks_of_photos_and_promises_no_ranking(manifest: Manifest) -> None:
    counts = {"patients": 60, "annotations": 60, "lesions": 0, "events": 0}
    training = replace(manifest.known_training, **counts, details={"photos_are_counted_as_patients": True})
    card = model_card(replace(manifest, method=Method.PORTRAITS, training=training))
    assert "trained on 60 photos" in card
    assert "can repeat photos" in card
    assert "ranking" not in card
    assert "DEMONSTRATION MODEL" in card


def test_the_card_says_what_is_not_there(manifest: Manifest) -> None:
    calibration = Calibration(1.0, 0.0, RiskSource.VALIDATION)
    card = model_card(replace(manifest, metrics={}, training_ranges={}, baseline=None, calibration=calibration))

    assert "None was measured." in card
    assert "None was recorded." in card
    assert "no survival curve" in card
    assert "risks of validation patients" in card


def test_the_card_names_the_models_it_requires(manifest: Manifest) -> None:
    assert f"ct-unet (SHA-256 {HASH})" in model_card(replace(manifest, requires=(Requirement("ct-unet", HASH),)))


def test_the_card_does_not_depend_on_files_or_order(manifest: Manifest) -> None:
    turned = replace(
        manifest, files={"a.txt": HASH}, training_ranges=dict(reversed(list(manifest.training_ranges.items())))
    )

    assert model_card(turned) == model_card(manifest)


def test_texts_cannot_break_the_card(manifest: Manifest) -> None:
    hostile = replace(manifest, licence="a\n\n## Forged <script>x</script> | ![i](http://x)", versions={"x": "1 | 2"})

    card = model_card(hostile)

    assert "\n## Forged" not in card
    assert "<script>" not in card.replace("\\<", "")
    assert "| made with x | 1 \\| 2 |" in card
    assert "![i](" not in card
    assert "Phantoms \\| made by the program" in card


def test_the_card_lies_in_the_bundle(bundle: Bundle) -> None:
    assert bundle.read("MODEL_CARD.md").decode() == model_card(bundle.manifest)
