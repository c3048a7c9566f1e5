"""Parts of screens that the modules share, built on widgets of their .ui files."""
