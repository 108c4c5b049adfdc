"""Gateway text in Markdown: whatever it holds, it stays the text it is."""

from __future__ import annotations

import re

from clawtop.text import mask, plain

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$@&]|:(?=//)|\A[-+=]|\A\d+(?=[.)](?:\s|\Z)))")
_RUNS = re.compile(r"`+")


def words(text: str) -> str:
    """Text of a gateway inside a sentence: masked, on one line, every mark escaped.

    ``@`` and ``<`` become entities: an escaped one could still call somebody, or be HTML.
    """
    return _SPECIAL.sub(_escaped, plain(mask(text)[0]).strip())


_ENTITIES = {"@": "&#64;", "<": "&lt;", ">": "&gt;", "&": "&amp;", ":": "&#58;"}


def _escaped(match: re.Match[str]) -> str:
    mark = match.group(1)
    if mark.isdigit():
        return f"{mark}\\"  # ``1.`` at the beginning would be a list
    return _ENTITIES.get(mark, f"\\{mark}")


def code(text: str) -> str:
    """A key, an id or a command as code; a backtick in it cannot end it."""
    shown = plain(mask(text)[0])
    ticks = "`" * (max((len(run) for run in _RUNS.findall(shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}" if shown else ""


def block(lines: list[str]) -> list[str]:
    """Lines as they are, in a fence that none of them can close."""
    longest = max((len(run) for line in lines for run in _RUNS.findall(line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return [f"{fence}text", *lines, fence]


def section(title: str, lines: list[str]) -> list[str]:
    """A titled list; nothing at all without lines."""
    return ["", f"### {title}", "", *(f"- {line}" for line in lines)] if lines else []
