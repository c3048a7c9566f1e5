import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from encoder_making import QUICK, SIZE, SMALL, small_discriminator, small_generator

from prognosis.errors import CancelledError, ModelError
from prognosis.portraits.comparing.features import FeatureNetwork, discriminator_features, perceptual_distance
from prognosis.portraits.encoding import fitting
from prognosis.portraits.encoding.fitting import fit_encoder
from prognosis.portraits.encoding.losses import face_loss, latent_loss
from prognosis.portraits.encoding.measuring import guess_held_out, judge
from prognosis.portraits.encoding.network import Encoder, Guess
from prognosis.portraits.encoding.samples import Samples, draw_samples, face_of
from prognosis.portraits.encoding.training import train_encoder


@pytest.fixture(scope="module")
def generator():
    return small_generator().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def features():
    return discriminator_features(small_discriminator(), "small faces")


def fitted(generator, features, options=QUICK, **more):
    return fit_encoder(generator, features, SMALL, options, **more)


def same_weights(first, second):
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


class TestFitting:
    def test_an_encoder_learns_latents_of_faces_it_never_saw(self, generator, features):
        options = replace(QUICK, steps=120, batch=16, learning_rate=5e-3, feature_share=0.1, held_out=48)
        trained = train_encoder(generator, features, options, architecture=SMALL)
        assert trained.metrics["encoder_w_r2"].low > 0.2
        assert trained.metrics["encoder_z_cosine"].low > 0.2
        nearer, mean = (trained.metrics[f"encoder_distance_{name}"] for name in ("by_w", "by_mean_face"))
        assert nearer.high < mean.low
        losses = trained.record["losses"]
        assert np.mean(losses[70:90]) < 0.7 * np.mean(losses[:10])

    @pytest.mark.parametrize("break_at", [2, 4], ids=["latents alone", "comparing faces"])
    def test_an_interrupted_training_is_bit_for_bit_the_uninterrupted_one(
        self, generator, features, tmp_path, monkeypatch, break_at
    ):
        whole = fitted(generator, features)
        seen = 0

        def interrupting(*arguments):
            nonlocal seen
            seen += 1
            if seen > break_at:
                raise KeyboardInterrupt
            return latent_loss(*arguments)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(fitting, "latent_loss", interrupting)
            fitted(generator, features, state_folder=tmp_path)
        told = []
        resumed = fitted(generator, features, state_folder=tmp_path, progress=lambda *words: told.append(words[1]))
        assert told == list(range(break_at + 1, 7))
        assert same_weights(resumed.encoder, whole.encoder)
        assert resumed.losses == whole.losses

    def test_who_cancels_loses_no_whole_step(self, generator, features, tmp_path):
        def cancelling(step, done, total):
            if done == 3:
                raise CancelledError("Enough.")

        with pytest.raises(CancelledError):
            fitted(generator, features, state_folder=tmp_path, progress=cancelling)
        told = []
        fitted(generator, features, state_folder=tmp_path, progress=lambda *words: told.append(words[1]))
        assert told == [4, 5, 6]

    @pytest.mark.parametrize("other", ["generator", "seed", "features"])
    def test_the_state_of_another_training_is_not_resumed(self, generator, features, tmp_path, other):
        fitted(generator, features, state_folder=tmp_path)
        told = []
        fitted(
            small_generator(seed=5) if other == "generator" else generator,
            None if other == "features" else features,
            replace(QUICK, seed=1) if other == "seed" else QUICK,
            state_folder=tmp_path,
            progress=lambda *words: told.append(words[1]),
        )
        assert told[0] == 1

    def test_each_step_is_told_with_the_last_loss_that_is_whole(self, generator):
        told = []
        losses = fitted(generator, None, progress=lambda *words: told.append(words)).losses
        names = ["training the encoder", *(f"training the encoder, loss {loss:.3f}" for loss in losses[:-1])]
        assert told == [(name, number + 1, 6) for number, name in enumerate(names)]

    def test_a_long_trainings_losses_are_a_hundred_means(self, generator, monkeypatch):
        def steadily(encoder, optimizer, generator, features, options, jitter, step):
            return torch.tensor(float(step))

        monkeypatch.setattr(fitting, "_gradients", steadily)
        losses = fitted(generator, None, replace(QUICK, steps=250)).losses
        assert len(losses) == 100
        assert losses[:3] == pytest.approx((1.0, 3.5, 6.0))
        assert losses[-1] == pytest.approx(248.5)

    def test_the_generator_stays_as_it_is(self, generator, features):
        before = copy.deepcopy(generator.state_dict())
        fitted(generator, features)
        after = generator.state_dict()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
        learning = small_generator()
        fitted(learning, features)
        assert all(parameter.requires_grad and parameter.grad is None for parameter in learning.parameters())

    def test_faces_are_compared_in_the_last_steps_alone(self, generator, features):
        shown = []

        def spying(images):
            shown.append(len(images))
            return features.layers(images)

        fitted(generator, FeatureNetwork("spy", validated=False, layers=spying))
        assert shown == [2, 2] * 3

    def test_w_is_guessed_around_the_mean_of_the_generators(self, generator):
        encoder = fitted(generator, None).encoder
        w = generator.map(torch.randn(20_000, SIZE.z_dim, generator=torch.Generator().manual_seed(3)))[:, 0]
        assert torch.allclose(encoder.w_mean, w.mean(dim=0), atol=0.05 * float(w.std(dim=0).max()))
        assert torch.allclose(encoder.w_sd, w.std(dim=0), rtol=0.05)

    def test_what_is_kept_is_a_running_mean_of_the_weights(self, generator, monkeypatch):
        """Weights of the steps 1, 2, ...: the mean remembers (1 + t) / (10 + t) of itself after t steps."""
        step = 0

        def counting(optimizer):
            nonlocal step
            step += 1
            with torch.no_grad():
                optimizer.param_groups[0]["params"][0].fill_(float(step))

        monkeypatch.setattr(torch.optim.Adam, "step", counting)
        kept = fitted(generator, None, replace(QUICK, steps=2)).encoder
        torch.manual_seed(QUICK.seed)
        start = next(Encoder(SMALL).parameters())
        expected = (0.1 * start + 0.9 * 1.0) * 2 / 11 + 9 / 11 * 2.0
        assert torch.allclose(next(kept.parameters()), expected, atol=1e-5)

    def test_the_rate_rises_over_a_twentieth_and_falls_along_half_a_cosine(self, generator, monkeypatch):
        rates = []
        monkeypatch.setattr(fitting, "_gradients", lambda *_: torch.tensor(0.0))
        monkeypatch.setattr(torch.optim.Adam, "step", lambda optimizer: rates.append(optimizer.param_groups[0]["lr"]))
        fitted(generator, None, replace(QUICK, steps=200, learning_rate=0.1))
        assert rates[:2] == pytest.approx([0.002, 0.012], rel=0.01)
        assert rates[5] == pytest.approx(0.052, rel=0.01)
        assert max(rates) == rates[10]
        expected = [0.05 * (1 + np.cos(np.pi * step / 200)) for step in range(10, 200)]
        assert rates[10:] == pytest.approx(expected)

    def test_a_training_that_diverges_is_ended_with_words(self):
        broken = small_generator()
        with torch.no_grad():
            broken.synthesis.constant.fill_(float("nan"))
        with pytest.raises(ModelError, match=r"diverged.*learning-rate"):
            fitted(broken, None)


class TestLosses:
    def test_the_latents_loss_is_the_one_written_down(self):
        guess = Guess(torch.tensor([[1.0, 1.0], [2.0, 0.0]]), torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
        truth = Samples(torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.empty(0))
        expected = ((1 - 0.5**0.5) + (1 - 0)) / 2 + (4 / 8 + 25 / 8) / 2
        assert float(latent_loss(guess, truth, torch.tensor(8.0))) == pytest.approx(expected)

    def test_half_of_the_faces_are_made_by_z_and_half_by_w(self, generator, features):
        drawn = draw_samples(generator, 5, torch.Generator().manual_seed(0))
        guess = Guess(drawn.z.roll(1, 0), drawn.w.roll(2, 0))
        made = [face_of(generator, generator.map(guess.z[:2])[:, 0]), face_of(generator, guess.w[2:4])]
        expected = perceptual_distance(features(torch.cat(made)), features(drawn.images[:4])).mean()
        loss = face_loss(guess, drawn, generator, features, count=4)
        assert float(loss.detach()) == pytest.approx(float(expected), rel=1e-5)

    def test_both_latents_learn_from_faces(self, generator, features):
        drawn = draw_samples(generator, 4, torch.Generator().manual_seed(0))
        guess = Guess(drawn.z.roll(1, 0).requires_grad_(), drawn.w.roll(1, 0).requires_grad_())
        face_loss(guess, drawn, generator, features, count=4).backward()
        assert guess.z.grad[:2].abs().sum(dim=1).min() > 0
        assert guess.w.grad[2:].abs().sum(dim=1).min() > 0
        assert float(guess.z.grad[2:].abs().max()) == 0

    def test_true_latents_make_nearer_faces_than_wrong_ones(self, generator, features):
        drawn = draw_samples(generator, 8, torch.Generator().manual_seed(0))
        right, wrong = (
            float(face_loss(guess, drawn, generator, features, count=8).detach())
            for guess in (Guess(drawn.z, drawn.w), Guess(drawn.z.roll(1, 0), drawn.w.roll(1, 0)))
        )
        assert right < 0.2 * wrong


class Knowing(Encoder):
    """An encoder that was told the latents of the held-out faces, or guesses the mean of all."""

    def __init__(self, generator, guess):
        super().__init__(SMALL)
        w = generator.map(torch.randn(10_000, 8, generator=torch.Generator().manual_seed(0)))[:, 0].detach()
        self.w_mean.copy_(w.mean(dim=0))
        self.guess = guess

    def forward(self, images):
        return self.guess(self, images)


class TestMeasuring:
    @pytest.fixture
    def knowing(self, generator, monkeypatch):
        """Give the encoder the truth through the samples it is measured on."""
        last = {}

        def remembering(*arguments, **options):
            last["drawn"] = draw_samples(*arguments, **options)
            return last["drawn"]

        monkeypatch.setattr("prognosis.portraits.encoding.measuring.draw_samples", remembering)
        return Knowing(generator, lambda *_: Guess(last["drawn"].z, last["drawn"].w)).eval()

    def test_who_knows_the_latents_is_right(self, generator, features, knowing):
        judged = judge(knowing, generator, features, count=40, seed=0)
        estimates = {name: metric.estimate for name, metric in judged.metrics.items()}
        assert estimates["encoder_z_cosine"] == pytest.approx(1, abs=1e-5)
        assert estimates["encoder_w_r2"] == pytest.approx(1, abs=1e-6)
        assert estimates["encoder_distance_by_z"] == pytest.approx(estimates["encoder_distance_by_w"], rel=1e-4)
        assert estimates["encoder_distance_by_w"] < 0.2 * estimates["encoder_distance_by_mean_face"]
        assert judged.warnings == ()
        assert {metric.n for metric in judged.metrics.values()} == {40}

    def test_who_guesses_the_mean_explains_nothing(self, generator, features):
        def mean(encoder, images):
            w = generator.mean_w.expand(len(images), -1)
            return Guess(w, w)

        metrics = judge(Knowing(generator, mean).eval(), generator, features, count=40, seed=0).metrics
        assert metrics["encoder_w_r2"].estimate == pytest.approx(0, abs=0.02)
        by_w, by_mean = (metrics[f"encoder_distance_{name}"] for name in ("by_w", "by_mean_face"))
        assert by_w.estimate == pytest.approx(by_mean.estimate, rel=1e-5)

    def test_who_guesses_at_random_is_warned_of(self, generator, features):
        randomness = torch.Generator().manual_seed(9)

        def anything(encoder, images):
            z = torch.randn(len(images), 8, generator=randomness)
            return Guess(z, generator.map(z.roll(1, 0))[:, 0])

        warnings = judge(Knowing(generator, anything).eval(), generator, features, count=40, seed=0).warnings
        assert warnings == (
            "The encoder was not shown to guess z better than chance.",
            "Faces made from guessed z were not shown to be nearer than the mean face is.",
            "Faces made from guessed w were not shown to be nearer than the mean face is.",
        )

    def test_numbers_are_means_over_faces_with_their_intervals(self, generator, features):
        torch.manual_seed(0)
        encoder = Encoder(SMALL).eval()
        found = guess_held_out(encoder, generator, features, count=40, seed=0)
        metrics = judge(encoder, generator, features, count=40, seed=0).metrics
        assert metrics["encoder_z_cosine"].estimate == pytest.approx(found.cosine.mean())
        assert metrics["encoder_w_r2"].estimate == pytest.approx(1 - found.w_error.sum() / found.w_spread.sum())
        assert metrics["encoder_distance_by_z"].estimate == pytest.approx(found.by_z.mean())
        drawn = np.random.default_rng(1).integers(0, 40, (4000, 40))
        low, high = np.percentile(found.by_z[drawn].mean(axis=1), (2.5, 97.5))
        assert metrics["encoder_distance_by_z"].low == pytest.approx(low, rel=0.03)
        assert metrics["encoder_distance_by_z"].high == pytest.approx(high, rel=0.03)

    def test_the_network_that_compared_is_named_where_it_compared(self, generator, features):
        metrics = judge(Encoder(SMALL).eval(), generator, features, count=8, seed=0).metrics
        named = {name for name, metric in metrics.items() if "discriminator of small faces, not a val" in metric.how}
        assert named == {f"encoder_distance_{name}" for name in ("by_z", "by_w", "by_mean_face")}

    def test_without_a_network_nothing_is_compared(self, generator):
        metrics = judge(Encoder(SMALL).eval(), generator, None, count=8, seed=0).metrics
        assert set(metrics) == {"encoder_z_cosine", "encoder_w_r2"}


def test_a_record_says_how_the_encoder_came_about(generator, features):
    trained = train_encoder(generator, features, QUICK, architecture=SMALL)
    assert trained.record["training"]["steps"] == 6
    assert trained.record["faces_drawn"] == 24
    assert trained.record["features"] == {"name": "discriminator of small faces", "validated": False}
    assert len(trained.record["generator_sha256"]) == 64
    assert len(trained.record["losses"]) == 6
    assert not trained.encoder.training
    alone = train_encoder(generator, None, QUICK, architecture=SMALL)
    assert alone.record["features"] is None
    assert any("latents alone" in words for words in alone.warnings)


def test_an_encoder_of_another_size_than_the_generators_is_refused(generator):
    with pytest.raises(ValueError, match=r"must be the generator's \(64, 8, 8\), got \(64, 9, 8\)"):
        train_encoder(generator, None, QUICK, architecture=replace(SMALL, z_dim=9))
