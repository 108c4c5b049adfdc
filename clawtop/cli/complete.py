"""``clawtop complete``: what the scripts of ``clawtop completion`` ask. One logic for all shells.

No library is used: argcomplete (3.7) leaves ``~`` and ``#`` bare in bash, so that another session
than the one shown would be named, and shtab's scripts know no live values.
"""

from __future__ import annotations

import argparse
import os
import signal

from clawtop.cli import candidates
from clawtop.cli.bash_line import BashLine
from clawtop.cli.candidates import Found
from clawtop.cli.options import build_parser
from clawtop.cli.typed import Typed
from clawtop.errors import ClawtopError

FILES = 3  # the exit code that says: complete the name of a file
LIMIT_S = 2.0  # a secret that is read from a pipe must not hang a shell
FILE_METAVARS = ("FILE", "PATH")


def main(argv: list[str]) -> int:
    """``SHELL [LINE WORDBREAKS | WORDS…]``: a candidate a line. Silent whatever goes wrong."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        return _bash(*argv[1:]) if argv[:1] == ["bash"] else _words(*argv)
    except ClawtopError:
        return 0
    except Exception:  # noqa: BLE001 - a traceback would be painted over the line being typed
        return 0


def _bash(line: str, breaks: str) -> int:
    typed = BashLine(line, breaks)
    found = complete(typed.words)
    if found is None:
        return FILES
    print("\n".join(text for value in found if (text := typed.reply(value)) is not None))
    return 0


def _words(shell: str, *words: str) -> int:
    """zsh and fish quote by themselves, and show what a candidate is."""
    *before, word = words
    found = complete([*before, BashLine(word, "").words[-1] if shell == "fish" else word])
    if found is None:
        return FILES
    print("\n".join(f"{value}\t{what}" for value, what in found.items()))
    return 0


def complete(words: list[str]) -> Found | None:
    """Candidates for the last of these words, whole; None for the name of a file."""
    top = build_parser()
    *before, word = words[1:]
    typed = Typed(top, before)
    head = ""
    action = typed.waits
    if action is None and typed.is_option(word):
        name, given, value = word.partition("=")
        if not given:
            return _starting(_options(typed.parser), word)
        action, head, word = typed.option(name), f"{name}=", value
    elif action is None:
        action = typed.positional
        if action is None:
            return _options(typed.parser) if not word and not typed.only_values else {}
    if action is None or action.nargs == 0:
        return {}
    if action.metavar in FILE_METAVARS:
        return None
    return _starting(_values(action, word, head, _namespace(top, typed)), head + word)


def _starting(found: Found, text: str) -> Found:
    return {value: what for value, what in found.items() if value.startswith(text)}


def _options(parser: argparse.ArgumentParser) -> Found:
    return {
        name: action.help or ""
        for action in parser._actions
        for name in action.option_strings
        if action.help is not argparse.SUPPRESS and name.startswith("--")
    }


def _values(action: argparse.Action, word: str, head: str, args: argparse.Namespace) -> Found:
    if isinstance(action, argparse._SubParsersAction):
        return {one.dest: one.help or "" for one in action._get_subactions()}
    if action.choices is not None:
        return {head + one: "" for one in action.choices}
    if str(action.metavar).endswith(",…"):
        head += word[: word.rfind(",") + 1]
    found = candidates.of_metavar(str(action.metavar), args)
    return {head + value: what for value, what in found.items()}


def _namespace(top: argparse.ArgumentParser, typed: Typed) -> argparse.Namespace:
    """What parsing the line so far would say of the gateway."""
    known = {one.dest: one.default for one in top._actions if one.default is not argparse.SUPPRESS}
    return argparse.Namespace(**known | typed.values | dict.fromkeys(typed.flags, True))
