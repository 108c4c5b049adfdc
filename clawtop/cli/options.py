"""The command line: every command, every option, one line each."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

from clawtop import __version__
from clawtop.cli.metric_names import METRICS
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


def _json(parser: argparse.ArgumentParser, what: str = "one JSON document on stdout") -> None:
    parser.add_argument("--json", action="store_true", help=what)


def _acting(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--dry-run", action="store_true", help="print the plan, send nothing")
    add("--yes", action="store_true", help="answer the confirmation")
    add("--reason", metavar="TEXT", help="why; kept in the action log")
    _json(parser)


def _noises(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the dashboard does about incidents beside showing them")
    group.add_argument(
        "--bell", action="store_true", help="ring the terminal's bell for a new critical one"
    )
    on_incident(group)


def on_incident(group: argparse._ActionsContainer, *, again: bool = False) -> None:
    """The option that runs a command for each incident; ``again``: after the command."""
    group.add_argument(
        "--on-incident",
        metavar="COMMAND",
        default=argparse.SUPPRESS if again else None,
        help="run this for each new or worse one, its JSON on stdin (no shell, 10 s, 10 a minute)",
    )


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="clawtop",
        description="What is stuck on an OpenClaw gateway, since when, who holds it, a way out.",
        epilog="example: clawtop snapshot --json --observe 5",
    )
    parser.add_argument("--version", action="version", version=f"clawtop {__version__}")
    _common(parser)
    _noises(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _snapshot(commands)
    _watch(commands)
    _check(commands)
    _logs(commands)
    _report(commands)
    _release(commands)
    _deny(commands)
    _cancel_task(commands)
    _drop_event(commands)
    _heartbeats(commands)
    _companion(commands)
    _actions(commands)
    _doctor(commands)
    _demo(commands)
    _record(commands)
    _replay(commands)
    return parser


Commands = argparse._SubParsersAction  # the only name argparse has for it


def _command(commands: Commands[Parser], name: str, what: str, example: str) -> Parser:
    parser = commands.add_parser(
        name, help=what, description=what, epilog=f"example: clawtop {example}"
    )
    if name not in ("actions", "demo", "replay"):
        _common(parser, again=True)
    return parser


def _snapshot(commands: Commands[Parser]) -> None:
    parser = _command(commands, "snapshot", "one picture of now", "snapshot --json --observe 5")
    parser.add_argument("--observe", metavar="DURATION", default="0", help="watch this long first")
    _json(parser)


def _watch(commands: Commands[Parser]) -> None:
    parser = _command(
        commands, "watch", "changes as they happen, a line each, until interrupted", "watch --json"
    )
    on_incident(parser, again=True)
    _json(parser, "one JSON document a line")


def _check(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "check",
        "one look as a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
        "check --require locks,approvals --critical oldest_lock=30m",
    )
    add = parser.add_argument
    add("--observe", metavar="DURATION", default="0", help="watch this long first")
    add("--require", metavar="PART,…", default="locks", help="UNKNOWN if unseen (locks)")
    many: dict[str, Any] = {"action": "append", "default": []}
    add("--ignore", metavar="I-NN[:SESSION]", help="leave out such incidents", **many)
    add("--warning", metavar="METRIC=N", help="WARNING when it is above N", **many)
    add("--critical", metavar="METRIC=N", help="CRITICAL when it is above N", **many)
    add("--no-state", action="store_true", help="neither read nor keep the last look")
    _json(parser)
    told = "; ".join(f"{name}: {what}" for name, what in METRICS.items())
    parser.add_argument_group("metrics", told)


def _logs(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "logs",
        "the gateway's log lines, or those about one session",
        "logs agent:main:main --since 30m",
    )
    add = parser.add_argument
    add("session_key", metavar="SESSION_KEY", nargs="?", help="the session, as snapshot shows it")
    add("--since", metavar="DURATION", help="only the last part of them")


def _report(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "report",
        "Markdown for a ticket: timeline, evidence, who waited, what was done",
        "report --since 2h -o incident.md",
    )
    add = parser.add_argument
    add("--incident", metavar="KEY", help="only this incident, by its key in snapshot --json")
    add("--since", metavar="DURATION", default="24h", help="how far back (24h)")
    add("-o", "--output", metavar="FILE", help="a new file instead of standard output")


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
    add("--confirm-gateway", metavar="NAME", help="for a restart, in place of --yes: its name")
    add("--now", action="store_true", help="a restart that does not wait for what is at work")
    add("--clear-queued", action="store_true", help="an abort that empties the queue as well")
    add("--probe", action="store_true", help="afterwards send one message, to see it answered")
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


def _cancel_task(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "cancel-task",
        "cancel background tasks: by id, or all copies but one",
        "cancel-task --duplicates --keep oldest --dry-run",
    )
    add = parser.add_argument
    add("ids", metavar="TASK_ID", nargs="*", help="tasks to cancel")
    add("--duplicates", action="store_true", help="cancel the copies of every repeated task")
    add("--keep", metavar="oldest|newest|ID", help="which copy stays (needed)")
    _acting(parser)


def _drop_event(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "drop-event",
        "take one copy of a queued system event out, through the companion",
        "drop-event agent:main:main --position 2 --dry-run",
    )
    add = parser.add_argument
    add("session_key", metavar="SESSION_KEY", help="the session it is queued for")
    add("--position", metavar="N", help="its place in that queue, 0 is the oldest (needed)")
    add("--expect-token", metavar="TOKEN", help="refuse if another line is at that position")
    _acting(parser)


def _heartbeats(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "heartbeats",
        "pause or resume the heartbeats of the whole gateway, or see what clawtop knows of it",
        "heartbeats pause --confirm-gateway edge-1",
    )
    add = parser.add_argument
    add("act", metavar="status|pause|resume", choices=("status", "pause", "resume"), help="which")
    add("--confirm-gateway", metavar="NAME", help="pause without being asked: the gateway's name")
    _acting(parser)


def _companion(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "companion",
        "the optional plugin inside the gateway: install it, take it out, see whether it is loaded",
        "companion install --allow-release --dry-run",
    )
    add = parser.add_argument
    acts = ("path", "install", "uninstall", "status")
    add("act", metavar="|".join(acts), choices=acts, help="which")
    add("--allow-release", action="store_true", help="install: let it release locks, too")
    add("--openclaw", metavar="PATH", help="the gateway's own command (openclaw on the PATH)")
    add("--here", action="store_true", help="the gateway runs on this host, whatever it says")
    add("--wait", metavar="DURATION", default="20s", help="for the gateway to take it up (20s)")
    add("--dry-run", action="store_true", help="print what would be done, change nothing")
    add("--yes", action="store_true", help="answer the confirmation")
    _json(parser, "status: one JSON document on stdout")


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


def _demo(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "demo",
        "a gateway that misbehaves on purpose, to look at and to practise on",
        "demo leaked-lock --generation april",
    )
    add = parser.add_argument
    add("scenario", metavar="SCENARIO", nargs="?", help="which trouble; see --list")
    add("--list", action="store_true", help="the scenarios, a line each")
    add("--serve", metavar="PORT", help="serve it to other clients, without a screen (0: any port)")
    add("--speed", metavar="N", default="1", help="shorten the pauses of the story N times")
    add("--seed", metavar="N", default="1", help="the same number plays the same story")
    add("--generation", choices=("april", "september"), help="behave like 2026.5.28 or 2026.9.6")
    add("--no-companion", action="store_true", help="leave out the companion plugin it has")


_VALUED = (
    "--url",
    "--gateway",
    "--profile",
    "--config",
    "--token-file",
    "--password-file",
    "--tls-fingerprint",
    "--approvals",
    "--stale-after",
    "--timeout",
    "--on-incident",
)


def command_word(argv: list[str]) -> str | None:
    """The command, told before anything is parsed: what is wrong with a line depends on it."""
    words = iter(argv)
    for word in words:
        if not word.startswith("-"):
            return word
        if word in _VALUED:
            next(words, None)
    return None


def _record(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "record",
        "write what the gateway says into a file, until interrupted",
        "record night.jsonl --for 8h",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="a new file; secrets are never in it")
    add("--for", dest="duration", metavar="DURATION", help="end by itself after this long")


def _replay(commands: Commands[Parser]) -> None:
    parser = _command(
        commands,
        "replay",
        "look at a recording: on the dashboard, or as text where there is no terminal",
        "replay night.jsonl --speed 20",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="made by clawtop record")
    add("--speed", metavar="N", default="1", help="times faster than it was; or max")
    add("--text", action="store_true", help="print its last picture and the incidents")
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
