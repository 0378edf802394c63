"""`sallygate control`: reads manifests, decides, and publishes to the data plane. Has no public listener.

Exit codes: 0 stopped as asked (SIGTERM, SIGINT, or its supervisor is gone) · 1 could not start, or an internal error
· 2 wrong usage. Traffic never depends on this process: the data plane serves on without it.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from gateway.cli.main import COMMANDS, Exit, Subparsers

DESCRIPTION = """\
Read manifests, decide what is served, and publish it to the data plane through STATE_DIR/dataplane.sock.
Every change and every verdict on an object is one line on stderr.
"""

NO_SOURCE = (
    "control: no PATH of manifests was given, and reading from a cluster comes with the next release; "
    "name at least one file or folder"
)

COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}  # by the first word of a line


def add_parser(subparsers: Subparsers) -> None:
    from gateway.settings.control import SETTINGS  # noqa: PLC0415 -- not needed for the help of other commands

    parser = subparsers.add_parser(
        "control",
        help=COMMANDS["control"].help,
        description=DESCRIPTION,
        epilog="Every flag but PATH can be set in the environment, for example SALLYGATE_INGRESS_CLASS.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="manifest, or folder of manifests")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="folder shared with the data plane (required)")
    for setting in SETTINGS:
        if setting.many:
            parser.add_argument(setting.flag, metavar=setting.metavar, help=setting.help, action="append")
        elif setting.metavar == "BOOL":
            parser.add_argument(setting.flag, metavar="BOOL", help=setting.help, nargs="?", const="true")
        else:
            parser.add_argument(setting.flag, metavar=setting.metavar, help=setting.help)
    # What a supervisor passes: two pipes (gateway/supervise/link.py).
    parser.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--notify", type=int, help=argparse.SUPPRESS)


def say(text: str) -> None:
    """One line, or a few for a traceback. Names come from manifests: nothing in them may move the cursor."""
    shown = "".join(letter if letter.isprintable() or letter == "\n" else f"\\x{ord(letter):02x}" for letter in text)
    with contextlib.suppress(OSError, ValueError):  # nobody may be reading any more; serving goes on
        colour = COLOURS.get(text.partition(" ")[0], "") if _colours_wanted() else ""
        print(f"{colour}{shown}\x1b[0m" if colour else shown, file=sys.stderr, flush=True)


def _colours_wanted() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def main(args: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 -- not needed for --help

    from gateway.settings.control import SettingsError, load  # noqa: PLC0415

    try:
        settings = load(vars(args), os.environ)
        if not settings.sources.paths:
            say(NO_SOURCE)
            return Exit.USAGE
        from gateway import app  # noqa: PLC0415 -- the compiled module is loaded only now

        return Exit.DONE if asyncio.run(app.serve(settings, say)) else Exit.FAILED
    except SettingsError as error:
        say(f"control: {error}")
        return Exit.USAGE
    except OSError as error:
        say(f"control: {error.filename or 'cannot start'}: {error.strerror or error}")
        return Exit.FAILED
