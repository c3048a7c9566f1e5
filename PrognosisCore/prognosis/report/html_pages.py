"""Pages that load nothing from elsewhere and run no script: their templates, and pictures within them."""

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

_TEMPLATES = Path(__file__).parent / "templates"


def page_template(name: str, *, tight: bool = False) -> Template:
    """A template whose values are escaped, and which refuses to be rendered without one of them.

    Args:
        name: Its file.
        tight: Whether lines of instructions leave no empty lines.
    """
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=tight,
        lstrip_blocks=tight,
    )  # fmt: skip
    return pages.get_template(name)


def embedded_png(png: bytes) -> str:
    """The data address of a picture."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
