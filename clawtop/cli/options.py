"""The command line: every command, its options, one line each."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from clawtop import __version__
from clawtop.cli.common import (
    Parser,
    acting,
    answering,
    as_json,
    confirm_gateway,
    copies,
    observe,
    on_incident,
    session_key,
    since,
    terminal,
    where,
)
from clawtop.cli.metric_names import METRICS

NO_GATEWAY = ("actions", "completion", "demo", "replay")  # these ask none


def build_parser(line: Container[str] | None = None) -> Parser:
    """The whole command line. ``line``: what it will parse; only a command that is one of these
    words gets its options then, which is most of the work."""
    parser = Parser(
        prog="clawtop",
        description="What is stuck on an OpenClaw gateway, since when, who holds it, a way out.",
        epilog="example: clawtop snapshot --json --observe 5",
    )
    parser.add_argument("--version", action="version", version=f"clawtop {__version__}")
    where(parser)
    _noises(parser)
    terminal(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, what, example, options in COMMANDS:
        command = commands.add_parser(
            name, help=what, description=what, epilog=f"example: clawtop {example}"
        )
        if line is None or name in line:
            if name not in NO_GATEWAY:
                where(command, again=True)
            options(command)
    return parser


def _noises(parser: Parser) -> None:
    group = parser.add_argument_group("what the dashboard does about incidents beside showing them")
    group.add_argument(
        "--bell", action="store_true", help="ring the terminal's bell for a new critical one"
    )
    on_incident(group)


def _snapshot(parser: Parser) -> None:
    observe(parser)
    as_json(parser)


def _watch(parser: Parser) -> None:
    parser.add_argument_group(
        "for a screen reader",
        "without --json this is the plain mode: first a summary, the worst incident first, then"
        " one fact a line, the time first, in words; no colour, no columns, no names cut short",
    )
    on_incident(parser, again=True)
    as_json(parser, "one JSON document a line")


def _check(parser: Parser) -> None:
    add = parser.add_argument
    observe(parser)
    add("--require", metavar="PART,…", default="locks", help="UNKNOWN if unseen (locks)")
    many: dict[str, Any] = {"action": "append", "default": []}
    add("--ignore", metavar="I-NN[:SESSION]", help="leave out such incidents", **many)
    add("--warning", metavar="METRIC=N", help="WARNING when it is above N", **many)
    add("--critical", metavar="METRIC=N", help="CRITICAL when it is above N", **many)
    add("--no-state", action="store_true", help="neither read nor keep the last look")
    as_json(parser)
    told = "; ".join(f"{name}: {what}" for name, what in METRICS.items())
    parser.add_argument_group("metrics", told)


def _logs(parser: Parser) -> None:
    session_key(parser, nargs="?")
    since(parser, "only the last part of them")


def _report(parser: Parser) -> None:
    add = parser.add_argument
    what = "only this incident, by its key in snapshot --json"
    add("--incident", metavar="INCIDENT_KEY", help=what)
    since(parser, "how far back (24h)", "24h")
    add("-o", "--output", metavar="FILE", help="a new file instead of standard output")


def _release(parser: Parser) -> None:
    add = parser.add_argument
    session_key(parser)
    add("--step", metavar="STEP", help="this step instead of the first that should free it")
    add("--expect-run", metavar="ID", help="refuse unless this run holds it")
    add("--expect-session-id", metavar="ID", help="refuse unless the session has this id")
    add("--accept-loss", action="store_true", help="accept what the step destroys beyond the run")
    confirm_gateway(parser, "for a restart, in place of --yes: its name")
    add("--now", action="store_true", help="a restart that does not wait for what is at work")
    add("--clear-queued", action="store_true", help="an abort that empties the queue as well")
    add("--probe", action="store_true", help="afterwards send one message, to see it answered")
    add("--wait", metavar="DURATION", help="how long to watch for the release")
    acting(parser)


def _deny(parser: Parser) -> None:
    copies(parser, "deny", "approval", "APPROVAL_ID", "oldest|newest|none")
    what = "only approvals of this session"
    parser.add_argument("--session", metavar="SESSION_KEY", help=what)
    acting(parser)


def _cancel_task(parser: Parser) -> None:
    copies(parser, "cancel", "task", "TASK_ID", "oldest|newest")
    acting(parser)


def _drop_event(parser: Parser) -> None:
    add = parser.add_argument
    session_key(parser, "the session it is queued for")
    add("--position", metavar="N", help="its place in that queue, 0 is the oldest (needed)")
    add("--expect-token", metavar="TOKEN", help="refuse if another line is at that position")
    acting(parser)


def _heartbeats(parser: Parser) -> None:
    add = parser.add_argument
    add("act", metavar="status|pause|resume", choices=("status", "pause", "resume"), help="which")
    confirm_gateway(parser, "pause without being asked: the gateway's name")
    acting(parser)


def _companion(parser: Parser) -> None:
    add = parser.add_argument
    acts = ("path", "install", "uninstall", "status")
    add("act", metavar="|".join(acts), choices=acts, help="which")
    add("--allow-release", action="store_true", help="install: let it release locks, too")
    add("--openclaw", metavar="PATH", help="the gateway's own command (openclaw on the PATH)")
    add("--here", action="store_true", help="the gateway runs on this host, whatever it says")
    add("--wait", metavar="DURATION", default="20s", help="for the gateway to take it up (20s)")
    answering(parser, "print what would be done, change nothing")
    as_json(parser, "status: one JSON document on stdout")


def _actions(parser: Parser) -> None:
    since(parser, "only the last part of it")
    as_json(parser)


def _doctor(parser: Parser) -> None:
    as_json(parser)


def _demo(parser: Parser) -> None:
    add = parser.add_argument
    add("scenario", metavar="SCENARIO", nargs="?", help="which trouble; see --list")
    add("--list", action="store_true", help="the scenarios, a line each")
    add("--serve", metavar="PORT", help="serve it to other clients, without a screen (0: any port)")
    add("--speed", metavar="N", default="1", help="shorten the pauses of the story N times")
    add("--seed", metavar="N", default="1", help="the same number plays the same story")
    add("--generation", choices=("april", "september"), help="behave like 2026.5.28 or 2026.9.6")
    add("--no-companion", action="store_true", help="leave out the companion plugin it has")
    terminal(parser, again=True)


def _record(parser: Parser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="a new file; secrets are never in it")
    add("--for", dest="duration", metavar="DURATION", help="end by itself after this long")


def _replay(parser: Parser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="made by clawtop record")
    add("--speed", metavar="N", default="1", help="times faster than it was; or max")
    add("--text", action="store_true", help="print its last picture and the incidents")
    as_json(parser)
    terminal(parser, again=True)


def _completion(parser: Parser) -> None:
    shells = ("bash", "zsh", "fish")
    parser.add_argument("shell", metavar="|".join(shells), choices=shells, help="which")
    parser.add_argument_group("for bash, in ~/.bashrc", "source <(clawtop completion bash)")
    parser.add_argument_group("for zsh, in ~/.zshrc", "source <(clawtop completion zsh)")
    parser.add_argument_group("for fish, in config.fish", "clawtop completion fish | source")


# each with one line of help, an example, and what adds its options
COMMANDS: tuple[tuple[str, str, str, Callable[[Parser], None]], ...] = (
    ("snapshot", "one picture of now", "snapshot --json --observe 5", _snapshot),
    ("watch", "changes as they happen, a line each, until interrupted", "watch --json", _watch),
    (
        "check",
        "one look as a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
        "check --require locks,approvals --critical oldest_lock=30m",
        _check,
    ),
    (
        "logs",
        "the gateway's log lines, or those about one session",
        "logs agent:main:main --since 30m",
        _logs,
    ),
    (
        "report",
        "Markdown for a ticket: timeline, evidence, who waited, what was done",
        "report --since 2h -o incident.md",
        _report,
    ),
    (
        "release",
        "release one held session, by one step",
        "release agent:main:main --dry-run",
        _release,
    ),
    (
        "deny",
        "deny approvals: by id, or all copies but one",
        "deny --duplicates --keep oldest --dry-run",
        _deny,
    ),
    (
        "cancel-task",
        "cancel background tasks: by id, or all copies but one",
        "cancel-task --duplicates --keep oldest --dry-run",
        _cancel_task,
    ),
    (
        "drop-event",
        "take one copy of a queued system event out, through the companion",
        "drop-event agent:main:main --position 2 --dry-run",
        _drop_event,
    ),
    (
        "heartbeats",
        "pause or resume the heartbeats of the whole gateway, or see what clawtop knows of it",
        "heartbeats pause --confirm-gateway edge-1",
        _heartbeats,
    ),
    (
        "companion",
        "the optional plugin inside the gateway: install it, take it out, see whether it is loaded",
        "companion install --allow-release --dry-run",
        _companion,
    ),
    ("actions", "the action log of this host", "actions --since 2h", _actions),
    (
        "doctor",
        "how the gateway was found, what it grants and shows, what we ask it",
        "doctor --url ws://127.0.0.1:18789",
        _doctor,
    ),
    (
        "demo",
        "a gateway that misbehaves on purpose, to look at and to practise on",
        "demo leaked-lock --generation april",
        _demo,
    ),
    (
        "record",
        "write what the gateway says into a file, until interrupted",
        "record night.jsonl --for 8h",
        _record,
    ),
    (
        "replay",
        "look at a recording: on the dashboard, or as text where there is no terminal",
        "replay night.jsonl --speed 20",
        _replay,
    ),
    (
        "completion",
        "a script that lets a shell complete commands, options and what is on the gateway now",
        "completion bash",
        _completion,
    ),
)
