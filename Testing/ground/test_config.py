from dataclasses import dataclass
from enum import Enum

import pytest

from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Options:
    epochs: int = 30
    rate: float = 0.1
    colour: Colour = Colour.RED
    window: tuple[float, float] = (0.0, 1.0)
    name: str | None = None


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path):
    file = tmp_path / "o.toml"
    file.write_text('epochs = 5\nrate = 1\ncolour = "blue"\nwindow = [1, 2]\n', encoding="utf-8")
    options = resolve(Options, file, {"epochs": 7, "name": None})
    assert options == Options(epochs=7, rate=1.0, colour=Colour.BLUE, window=(1.0, 2.0))
    assert as_plain(options) == {"epochs": 7, "rate": 1.0, "colour": "blue", "window": [1.0, 2.0], "name": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 5", "Unknown option 'epoch'.*Known options: epochs"),
        ('epochs = "five"', "option 'epochs'.*type int.*'five'"),
        ("epochs = true", "option 'epochs'.*True"),
        ('colour = "green"', "'green'.*red, blue"),
        ("window = [1]", "option 'window'.*needs a list"),
        ("epochs =", "no valid TOML"),
    ],
    ids=["unknown key", "text for a number", "truth for a number", "closed set", "list too short", "broken file"],
)
def test_a_wrong_option_is_named(tmp_path, text, message):
    file = tmp_path / "o.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        resolve(Options, file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.toml cannot be read"):
        resolve(Options, tmp_path / "nowhere.toml")
