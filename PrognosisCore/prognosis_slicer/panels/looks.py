"""How notices, marks and errors look; readable on light and dark windows."""

import html

NOTICE = "QLabel { background: #fff3cd; color: #4d3b00; border: 1px solid #d9b84a; border-radius: 3px; padding: 4px; }"
MARK = "QLabel { background: #a8071a; color: white; font-weight: bold; border-radius: 3px; padding: 4px; }"
ERROR = "QLabel { background: #fdecea; color: #8c1d18; border: 1px solid #d9534f; border-radius: 3px; padding: 4px; }"
HINT = "QLabel { color: #8a6d00; }"


def show_text(label, text: str) -> None:
    """Show a text, or hide its label when there is none."""
    label.text = text
    label.visible = bool(text)


def tool_tip(text: str) -> str:
    """A tool tip that breaks its lines and takes names of the user's literally."""
    return f"<qt>{html.escape(text)}</qt>" if text else ""
