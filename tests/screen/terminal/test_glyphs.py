"""ASCII in the place of every other character, and of the same width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

import clawtop
from clawtop.screen.terminal.glyphs import ascii_of, needs_ascii


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("─ 2 LOCKS  4 held · 1 leaked ─", "- 2 LOCKS  4 held | 1 leaked -"),
        ("≥2m08s ×14 agent:…:main", ">2m08s x14 agent:~:main"),
        ("╭─╮│╰╯", "+-+|++"),
        ("▁▄█", "_:#"),
        ("寿司 für e\u0301", "???? f?r e"),
        ("plain ASCII stays", "plain ASCII stays"),
    ],
)
def test_each_sign_has_one_in_ascii(text: str, shown: str) -> None:
    assert ascii_of(text) == shown
    assert cell_len(shown) == cell_len(text)


def test_every_sign_of_our_own_words_has_one() -> None:
    """A question mark is for the gateway's text, not for ours."""
    for path in Path(clawtop.__file__).parent.glob("screen/**/*.py"):
        for sign in set(re.findall(r"[^\x00-\x7f]", path.read_text(encoding="utf-8"))):
            assert ascii_of(sign) != "?", f"{sign!r} in {path}"


@pytest.mark.parametrize(
    ("env", "needed"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, False),
        ({}, True),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
    ],
)
def test_where_it_is_needed(env: dict[str, str], needed: bool) -> None:
    assert needs_ascii(env) is needed
