"""The command line: every command, every option, one line each."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

from clawtop import __version__
from clawtop.errors import UsageError
from clawtop.gateway.find import Options
from clawtop.text import duration_ms

_TOKEN_SENTENCE = (
    "there is no --token: a secret on a command line is visible to every user of this host."
    " Use --token-file FILE (- for a pipe), or set OPENCLAW_GATEWAY_TOKEN"
)


class Parser(argparse.ArgumentParser):
    """argparse that raises UsageError: one sentence, exit 2, no usage dump."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"See {self.prog} --help")


class _NoToken(argparse.Action):
    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise UsageError(*_TOKEN_SENTENCE.split(". ", 1))


def _common(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """The common options. ``again``: after the command, where absence must not undo them."""
    group = parser.add_argument_group("which gateway, and how to watch it")

    def add(name: str, what: str, default: object = None, **how: Any) -> None:
        absent = argparse.SUPPRESS if again else default
        group.add_argument(name, help=what, default=absent, **how)

    add("--url", "address of the gateway, like ws://127.0.0.1:18789", metavar="URL")
    add("--gateway", "an entry of clawtop's own config.toml", metavar="NAME")
    add("--profile", "the gateway's profile on this host", metavar="NAME")
    add("--config", "the gateway's config file on this host", metavar="PATH")
    add("--token-file", "file with the gateway's token (- or a pipe)", metavar="PATH")
    add("--password-file", "file with its password (- or a pipe)", metavar="PATH")
    add("--tls-fingerprint", "SHA-256 of the certificate to accept", metavar="HEX")
    add("--read-only", "ask for operator.read, never act", action="store_true")
    add(
        "--approvals",
        "whether to see approvals (auto: where seeing them changes nothing)",
        "auto",
        choices=("auto", "on", "off"),
    )
    add("--stale-after", "silence that is stale (10m)", "10m", metavar="DURATION")
    add("--timeout", "for connecting and for each answer (10s)", "10s", metavar="DURATION")
    group.add_argument(
        "--token", nargs="?", action=_NoToken, default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _acting(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--dry-run", action="store_true", help="print the plan, send nothing")
    add("--yes", action="store_true", help="answer the confirmation")
    add("--reason", metavar="TEXT", help="why; kept in the action log")
    _json(parser)


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="clawtop",
        description="What is stuck on an OpenClaw gateway, since when, who holds it, a way out.",
        epilog="example: clawtop snapshot --json --observe 5",
    )
    parser.add_argument("--version", action="version", version=f"clawtop {__version__}")
    _common(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _snapshot(commands)
    _release(commands)
    _deny(commands)
    _actions(commands)
    _doctor(commands)
    return parser


Commands = argparse._SubParsersAction  # the only name argparse has for it


def _command(commands: Commands[Parser], name: str, what: str, example: str) -> Parser:
    parser = commands.add_parser(
        name, help=what, description=what, epilog=f"example: clawtop {example}"
    )
    if name != "actions":
        _common(parser, again=True)
    return parser


def _snapshot(commands: Commands[Parser]) -> None:
    parser = _command(commands, "snapshot", "one picture of now", "snapshot --json --observe 5")
    parser.add_argument("--observe", metavar="DURATION", default="0", help="watch this long first")
    _json(parser)


def _release(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "release",
        "release one held session, by one step",
        "release agent:main:main --dry-run",
    )
    add = parser.add_argument
    add("session_key", metavar="SESSION_KEY", help="the session, as snapshot shows it")
    add("--step", metavar="STEP", help="this step instead of the first that should free it")
    add("--expect-run", metavar="ID", help="refuse unless this run holds it")
    add("--expect-session-id", metavar="ID", help="refuse unless the session has this id")
    add("--accept-loss", action="store_true", help="accept what the step destroys beyond the run")
    add("--wait", metavar="DURATION", help="how long to watch for the release")
    _acting(parser)


def _deny(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "deny",
        "deny approvals: by id, or all copies but one",
        "deny --duplicates --keep oldest --dry-run",
    )
    add = parser.add_argument
    add("ids", metavar="ID", nargs="*", help="approvals to deny")
    add("--duplicates", action="store_true", help="deny the copies of every repeated request")
    add("--keep", metavar="oldest|newest|none|ID", help="which copy stays (needed)")
    add("--session", metavar="KEY", help="only approvals of this session")
    _acting(parser)


def _actions(commands: Commands[Parser]) -> None:
    parser = _command(commands, "actions", "the action log of this host", "actions --since 2h")
    parser.add_argument("--since", metavar="DURATION", help="only the last part of it")
    _json(parser)


def _doctor(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "doctor",
        "how the gateway was found, what it grants and shows, what we ask it",
        "doctor --url ws://127.0.0.1:18789",
    )
    _json(parser)


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
