"""What the words of an unfinished command line are: commands, options, values."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

Action = argparse.Action


class Typed:
    """Follows a parser word by word, and remembers where on the line it is.

    ``waits``: the option whose value comes next; ``values``: what was given by name of the
    namespace, only the newest of each; ``command``: the command, once there is one.
    """

    def __init__(self, parser: argparse.ArgumentParser, words: Iterable[str] = ()) -> None:
        self.command: str | None = None
        self.values: dict[str, str] = {}
        self.flags: set[str] = set()
        self.waits: Action | None = None
        self.only_values = False  # after --
        self._enter(parser)
        for word in words:
            self._take(word)

    def _enter(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser
        self._positionals = [one for one in parser._actions if not one.option_strings]

    def _take(self, word: str) -> None:
        if self.waits is not None:
            self.values[self.waits.dest], self.waits = word, None
        elif word == "--" and not self.only_values:
            self.only_values = True
        elif self.is_option(word):
            self._option(word)
        else:
            self._positional(word)

    def is_option(self, word: str) -> bool:
        """Whether it would be read as an option here."""
        return word.startswith("-") and word != "-" and not self.only_values

    def _option(self, word: str) -> None:
        name, given, value = word.partition("=")
        action = self.option(name)
        if action is None:
            return
        if action.nargs == 0:
            self.flags.add(action.dest)
        elif given:
            self.values[action.dest] = value
        else:
            self.waits = action

    def option(self, name: str) -> Action | None:
        """The option of that name, or of the only name that begins so."""
        known = self.parser._option_string_actions
        if name in known:
            return known[name]
        found = [
            one for full, one in known.items() if name.startswith("--") and full.startswith(name)
        ]
        return found[0] if len(found) == 1 else None

    @property
    def positional(self) -> Action | None:
        """What the next word is that is no option; None when nothing more belongs there."""
        return self._positionals[0] if self._positionals else None

    def _positional(self, word: str) -> None:
        action = self.positional
        if action is None:
            return
        if isinstance(action, argparse._SubParsersAction):
            self.command = word
            self._enter(action.choices.get(word) or argparse.ArgumentParser(add_help=False))
        elif action.nargs != "*":
            self.values[action.dest] = word
            self._positionals.pop(0)


def command_word(parser: argparse.ArgumentParser, argv: list[str]) -> str | None:
    """The command, told before anything is parsed: what is wrong with a line depends on it."""
    return Typed(parser, argv).command
