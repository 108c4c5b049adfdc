"""Characters for a terminal that shows none but ASCII: one for one, so that columns still meet."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

SIGNS = {
    **dict.fromkeys("─━═╌┄▔", "-"),
    **dict.fromkeys("│┃║▎▊▌▐", "|"),
    **dict.fromkeys("┌┐└┘╭╮╰╯├┤┬┴┼┏┓┗┛╔╗╚╝", "+"),
    **dict(zip("▁▂▃▄▅▆▇█", "_.,:;=+#", strict=True)),
    **dict.fromkeys("≥→›»", ">"),
    **dict.fromkeys("≤←‹«", "<"),
    **dict.fromkeys("–—", "-"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‘’", "'"),
    **{"…": "~", "×": "x", "·": "|", "•": "*", "↑": "^", "↓": "v", "µ": "u"},
}
_TABLE = str.maketrans(SIGNS)
UTF_8 = ("utf-8", "utf8")
SIMPLE_TERMINALS = ("linux", "vt100", "vt102", "vt220", "dumb")


def needs_ascii(env: Mapping[str, str]) -> bool:
    """Whether the locale has no UTF-8, or the terminal no such characters."""
    named = (env.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((value for value in named if value), "C").lower()
    return not locale.endswith(UTF_8) or env.get("TERM", "") in SIMPLE_TERMINALS


def ascii_of(text: str) -> str:
    """The same in ASCII, as wide as before; what has no sign of its own is ``?``."""
    if text.isascii():
        return text
    text = text.translate(_TABLE)
    return text if text.isascii() else "".join(map(_sign, text))


def _sign(character: str) -> str:
    return character if character.isascii() else "?" * cell_len(character)


class AsciiOnly(LineFilter):
    """Every line that is painted, in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_of(text), style, control) for text, style, control in segments]
