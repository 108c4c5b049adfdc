"""The options that several commands share, and what they mean.

A metavar says what a value is; ``candidates`` completes it by that word.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from clawtop.errors import UsageError
from clawtop.gateway.find import Options
from clawtop.text import MASK, duration_ms

_SECRET_NAME = re.compile(r"--?[\w-]*(?:tok|pass|pw|secret|key|auth|cred)", re.IGNORECASE)


class Parser(argparse.ArgumentParser):
    """argparse that raises UsageError: one sentence, exit 2, no usage dump."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"See {self.prog} --help")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The whole line. Raises UsageError, which repeats no secret of it."""
        try:
            return super().parse_args(args, namespace)
        except UsageError as error:
            message = _without_secrets(error.message, args or [])
            raise UsageError(message, error.next_step) from None


def _without_secrets(message: str, argv: Sequence[str]) -> str:
    """What argparse says of a line, without the values of options that sound like secrets."""
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        if _SECRET_NAME.match(word):
            value = word.partition("=")[2] or following
            message = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, message)
    return message


class _NoSecret(argparse.Action):
    """An option that is asked for and must not be."""

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        name = self.dest
        raise UsageError(
            f"there is no --{name}: a secret on a command line is visible to every user of this"
            " host",
            f"Use --{name}-file FILE (- for a pipe), or set OPENCLAW_GATEWAY_{name.upper()}",
        )


def where(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Which gateway, and how. ``again``: after the command, where absence must not undo them."""
    group = parser.add_argument_group("which gateway, and how to watch it")

    def add(name: str, what: str, default: object = None, **how: Any) -> None:
        absent = argparse.SUPPRESS if again else default
        group.add_argument(name, help=what, default=absent, **how)

    add("--url", "address of the gateway, like ws://127.0.0.1:18789", metavar="URL")
    add("--gateway", "an entry of clawtop's own config.toml", metavar="ENTRY")
    add("--profile", "the gateway's profile on this host", metavar="NAME")
    add("--config", "the gateway's config file on this host", metavar="PATH")
    add("--token-file", "file with the gateway's token (- or a pipe)", metavar="PATH")
    add("--password-file", "file with its password (- or a pipe)", metavar="PATH")
    add("--tls-fingerprint", "SHA-256 of the certificate to accept", metavar="HEX")
    what = "send the secret to another host where anybody on the way can read it"
    add("--allow-plaintext", what, False, action="store_true")
    add("--read-only", "ask for operator.read, never act", action="store_true")
    add(
        "--approvals",
        "whether to see approvals (auto: where seeing them changes nothing)",
        "auto",
        choices=("auto", "on", "off"),
    )
    add("--stale-after", "silence that is stale (10m)", "10m", metavar="DURATION")
    add("--timeout", "for connecting and for each answer (10s)", "10s", metavar="DURATION")
    for name in ("--token", "--password"):
        group.add_argument(
            name, nargs="?", action=_NoSecret, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def terminal(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """How the dashboard fits its terminal; ``again``: after the command."""
    group = parser.add_argument_group("what the dashboard looks like")
    group.add_argument(
        "--theme",
        metavar="auto|ansi|NAME",
        default=argparse.SUPPRESS if again else None,
        help="one of Textual's; ansi: the terminal's own 16 colours (auto: those over SSH)",
    )
    flags = {"--ascii": "no character beyond ASCII", "--mouse": "use the mouse over SSH, too"}
    for name, what in flags.items():
        absent = argparse.SUPPRESS if again else False
        group.add_argument(name, action="store_true", default=absent, help=what)


def on_incident(group: argparse._ActionsContainer, *, again: bool = False) -> None:
    """The option that runs a command for each incident; ``again``: after the command."""
    group.add_argument(
        "--on-incident",
        metavar="COMMAND",
        default=argparse.SUPPRESS if again else None,
        help="run this for each new or worse one, its JSON on stdin (no shell, 10 s, 10 a minute)",
    )


def as_json(parser: Parser, what: str = "one JSON document on stdout") -> None:
    parser.add_argument("--json", action="store_true", help=what)


def observe(parser: Parser) -> None:
    parser.add_argument("--observe", metavar="DURATION", default="0", help="watch this long first")


def since(parser: Parser, what: str, default: str | None = None) -> None:
    parser.add_argument("--since", metavar="DURATION", default=default, help=what)


def session_key(
    parser: Parser, what: str = "the session, as snapshot shows it", nargs: str | None = None
) -> None:
    parser.add_argument("session_key", metavar="SESSION_KEY", nargs=nargs, help=what)


def copies(parser: Parser, verb: str, noun: str, one: str, keep: str) -> None:
    """Ids, or every copy but one. ``one``: the metavar of an id; ``keep``: words for the one."""
    add = parser.add_argument
    add("ids", metavar=one, nargs="*", help=f"{noun}s to {verb}")
    add("--duplicates", action="store_true", help=f"{verb} the copies of every repeated {noun}")
    add("--keep", metavar=f"{keep}|{one}", help="which copy stays (needed)")


def answering(parser: Parser, dry_run: str = "print the plan, send nothing") -> None:
    """To see the plan, and to answer for it."""
    parser.add_argument("--dry-run", action="store_true", help=dry_run)
    parser.add_argument("--yes", action="store_true", help="answer the confirmation")


def acting(parser: Parser) -> None:
    """What every command that acts on a gateway has."""
    answering(parser)
    parser.add_argument("--reason", metavar="TEXT", help="why; kept in the action log")
    as_json(parser)


def confirm_gateway(parser: Parser, what: str) -> None:
    parser.add_argument("--confirm-gateway", metavar="NAME", help=what)


def find_options(args: argparse.Namespace) -> Options:
    """The options that say where and with what."""
    return Options(
        url=args.url,
        gateway=args.gateway,
        profile=args.profile,
        config=args.config,
        token_file=args.token_file,
        password_file=args.password_file,
        tls_fingerprint=args.tls_fingerprint,
        allow_plaintext=args.allow_plaintext,
    )


def is_read_only(args: argparse.Namespace) -> bool:
    """``--read-only`` or ``CLAWTOP_READ_ONLY=1``."""
    return bool(args.read_only) or os.environ.get("CLAWTOP_READ_ONLY") == "1"


def seconds(text: str, *, least: float = 0.0) -> float:
    """A DURATION option in seconds. Raises UsageError."""
    value = duration_ms(text) / 1000
    if value < least:
        raise UsageError(f"{text!r} is too short", f"Give at least {least:g}s")
    return value
