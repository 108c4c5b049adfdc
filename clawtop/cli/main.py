"""From arguments to an exit code. Errors become one sentence on stderr, never a traceback."""

from __future__ import annotations

import argparse
import gc
import sys
from importlib import import_module
from types import ModuleType

from clawtop.cli.options import build_parser
from clawtop.cli.output import complain, lost, open_closed
from clawtop.cli.typed import command_word
from clawtop.errors import ClawtopError
from clawtop.text import mask

INTERRUPTED = 130
ERROR_SCHEMA = "clawtop.error/1"


def run(argv: list[str]) -> int:
    """Run one command line; its exit code (see the README)."""
    open_closed()
    code = 0
    try:
        code = _ran(argv)
        sys.stdout.flush()  # here, where a failure can be told
    except OSError as error:
        instead = lost(error)
        code = code or instead
    return code


def _ran(argv: list[str]) -> int:
    if argv[:1] == ["complete"]:  # for the scripts of ``completion``, and in no help
        return int(_loaded("complete").main(argv[1:]))
    as_json = "--json" in argv
    try:
        args = _parsed(argv)
        if args is None:
            return int(_loaded("check").main(argv))
        return int(_loaded(args.command or "dashboard").run(args))
    except ClawtopError as error:
        return _fail(error, as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as leaving:  # argparse, after a help
        return int(leaving.code or 0)


def _parsed(argv: list[str]) -> argparse.Namespace | None:
    """What the line says; None for ``check``, which has its own words for what goes wrong.

    Raises UsageError.
    """
    parser = build_parser(argv)
    if command_word(parser, argv) == "check":
        return None
    args: argparse.Namespace = parser.parse_args(argv)
    return args


def _loaded(command: str) -> ModuleType:
    """The command's module, imported only when it is used."""
    module = import_module(f"clawtop.cli.{command.replace('-', '_')}")
    if not gc.isenabled():  # since ``__main__``; what is loaded stays, so it is not walked now
        gc.freeze()
        gc.enable()
    return module


def _fail(error: ClawtopError, as_json: bool) -> int:
    complain(f"clawtop: {error.sentence()}")
    if as_json:
        import json  # the dashboard's first frame does not wait for it

        body = {
            "schema": ERROR_SCHEMA,
            "code": error.code,
            "message": mask(error.message)[0],
            "next": error.next_step or None,
        }
        try:
            print(json.dumps(body), flush=True)
        except OSError as problem:
            lost(problem)
    return error.exit_code
