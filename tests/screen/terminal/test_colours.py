"""Which theme, and whether sixteen colours can be read on any background."""

from __future__ import annotations

import pytest
from rich.style import Style

from clawtop.errors import UsageError
from clawtop.screen.terminal.colours import readable
from clawtop.screen.terminal.theme import theme_of

SSH = {"SSH_CONNECTION": "198.51.100.7 50000 198.51.100.8 22"}


@pytest.mark.parametrize(
    ("wish", "env", "theme"),
    [
        ("auto", {}, None),
        ("auto", SSH, "ansi-dark"),
        ("auto", {"SSH_TTY": "/dev/pts/3"}, "ansi-dark"),
        ("auto", {"TERM": "linux"}, "ansi-dark"),
        ("ansi", {}, "ansi-dark"),
        ("nord", {}, "nord"),
        ("nord", SSH, "nord"),
        ("nord", {"NO_COLOR": "1"}, "ansi-dark"),
    ],
)
def test_the_theme_of_a_wish(wish: str, env: dict[str, str], theme: str | None) -> None:
    assert theme_of(wish, env) == theme


def test_a_wrong_name_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no theme 'nrod'") as told:
        theme_of("nrod", {})
    assert "auto, ansi, " in told.value.sentence()
    assert " nord," in told.value.sentence()


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("bold red", "bold red"),
        ("yellow", "magenta"),
        ("bright_yellow", "magenta"),
        ("green", "default"),
        ("cyan", "default"),
        ("blue on default", "default on default"),
        ("bright_white", "default"),
        ("black on white", "black on white"),
        ("dim", "dim"),
        ("reverse", "reverse"),
        ("#ff8800", "#ff8800"),
    ],
)
def test_only_colours_that_are_readable_on_dark_and_on_light(style: str, shown: str) -> None:
    assert readable(Style.parse(style)) == Style.parse(shown)
