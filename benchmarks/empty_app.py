"""The least a Textual program can be: one word on the screen."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """One word."""

    def compose(self) -> ComposeResult:
        yield Static("clawtop")


if __name__ == "__main__":
    EmptyApp().run()
