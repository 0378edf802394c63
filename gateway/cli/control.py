"""`sallygate control`: reads manifests or watches a cluster, decides, and publishes to the data plane. Has no listener.

Exit codes: 0 stopped as asked (SIGTERM, SIGINT, or its supervisor is gone) · 1 could not start, or an internal error
· 2 wrong usage. Traffic never depends on this process: the data plane serves on without it.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from gateway.cli.control_flags import EPILOG, add_control_flags, add_data_plane_flags, cluster_flags
from gateway.cli.main import COMMANDS, Exit, Subparsers

DESCRIPTION = """\
Read manifests, or watch a cluster where no PATH is given, decide what is served, and publish it to the data plane
through STATE_DIR/dataplane.sock. Every change and every verdict on an object is one line on stderr.
"""

NO_CLUSTER = ". Or name a PATH of manifests to serve files"

COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}  # by the first word of a line


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "control",
        help=COMMANDS["control"].help,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="manifest, or folder of manifests")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="folder shared with the data plane (required)")
    add_control_flags(parser)
    add_data_plane_flags(parser)
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

    from gateway.kube.errors import KubeconfigError  # noqa: PLC0415
    from gateway.settings.control import SettingsError, load  # noqa: PLC0415

    try:
        settings = load(vars(args), os.environ)
        for line in settings.remarks:
            say(f"control: {line}")
        from gateway import app  # noqa: PLC0415 -- the compiled module is loaded only now

        return Exit.DONE if asyncio.run(app.serve(settings, say)) else Exit.FAILED
    except KubeconfigError as error:
        say(f"control: {error}{'' if cluster_flags(args) else NO_CLUSTER}")
        return Exit.USAGE
    except SettingsError as error:
        say(f"control: {error}")
        return Exit.USAGE
    except OSError as error:
        say(f"control: {error.filename or 'cannot start'}: {error.strerror or error}")
        return Exit.FAILED
