"""Torn escape sequences never act; what a person types is never lost."""

from __future__ import annotations

import string

import pytest

from clawtop.screen.terminal.keyboard import TORN_S, Keyboard

ESCAPE = ("escape", "\x1b")
FINALS = [chr(code) for code in range(ord("@"), ord("~") + 1)]


def meant(*keys: tuple[str, str], pause_s: float = 0.3, typing: bool = False) -> list[str]:
    """Which of these keys are believed, with a pause before each of them."""
    keyboard, found = Keyboard(), []
    for count, (key, character) in enumerate(keys):
        if not keyboard.is_rest(key, character, count * pause_s, typing=typing):
            found.append(key)
    return found


def typed(text: str) -> list[tuple[str, str]]:
    return [(character, character) for character in text]


@pytest.mark.parametrize("final", FINALS)
@pytest.mark.parametrize("introducer", ["[", "O", "[1;5", "[?2026;2", "[200"])
def test_no_letter_after_a_torn_escape_is_a_key(introducer: str, final: str) -> None:
    assert meant(ESCAPE, *typed(introducer + final)) == ["escape"]


@pytest.mark.parametrize("final", FINALS)
def test_a_sequence_may_be_torn_after_its_bracket_as_well(final: str) -> None:
    """Textual then tells of no Esc at all."""
    assert meant(*typed("[1;" + final)) == []
    assert meant(("alt+shift+o", "O"), *typed(final)) == []


def test_what_comes_after_the_rest_is_meant() -> None:
    assert meant(ESCAPE, *typed("[BX")) == ["escape", "X"]


def test_two_torn_sequences_in_a_row() -> None:
    assert meant(ESCAPE, *typed("[B"), ESCAPE, *typed("[B"), *typed("j")) == [
        "escape",
        "escape",
        "j",
    ]


@pytest.mark.parametrize("key", [*string.ascii_lowercase, *"XKNT0123456789/?:"])
def test_a_key_after_a_pressed_escape_is_meant(key: str) -> None:
    assert meant(ESCAPE, (key, key)) == ["escape", key]


def test_a_bracket_is_text_in_an_input() -> None:
    assert meant(*typed("x[0]"), typing=True) == ["x", "[", "0", "]"]


def test_a_person_who_comes_much_later_is_believed() -> None:
    assert meant(ESCAPE, *typed("["), ("X", "X"), pause_s=TORN_S + 1) == ["escape", "X"]


def test_keys_without_a_character_end_a_rest() -> None:
    assert not Keyboard().is_rest("down", None, 0.0, typing=False)
