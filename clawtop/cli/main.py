"""From arguments to an exit code. Errors become one sentence on stderr, never a traceback."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module

from clawtop.cli.options import build_parser
from clawtop.cli.typed import command_word
from clawtop.errors import ClawtopError
from clawtop.text import mask, shown

INTERRUPTED = 130
ERROR_SCHEMA = "clawtop.error/1"


def run(argv: list[str]) -> int:
    """Run one command line; its exit code (see the README)."""
    if argv[:1] == ["complete"]:  # for the scripts of ``completion``, and in no help
        from clawtop.cli import complete

        return complete.main(argv[1:])
    as_json = "--json" in argv
    try:
        parser = build_parser()
        if command_word(parser, argv) == "check":
            from clawtop.cli import check  # it has its own words and codes for what goes wrong

            return check.main(argv)
        args = parser.parse_args(argv)
        return _command(args.command)(args)
    except ClawtopError as error:
        return _fail(error, as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader went away; keep the interpreter from complaining about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _command(name: str | None) -> Callable[[argparse.Namespace], int]:
    """The command's module, imported only when it is used."""
    module = import_module(f"clawtop.cli.{(name or 'dashboard').replace('-', '_')}")
    command: Callable[[argparse.Namespace], int] = module.run
    return command


def _fail(error: ClawtopError, as_json: bool) -> int:
    print(f"clawtop: {shown(error.sentence())}", file=sys.stderr)
    if as_json:
        body = {
            "schema": ERROR_SCHEMA,
            "code": error.code,
            "message": mask(error.message)[0],
            "next": error.next_step or None,
        }
        print(json.dumps(body), flush=True)
    return error.exit_code
