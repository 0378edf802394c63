"""`sallygate demo`, which `sallygate run --demo` starts: once to prepare the folder, and once to serve the backends."""

import argparse
import contextlib
import sys
from pathlib import Path

from gateway.cli.main import COMMANDS, Exit, Subparsers


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("demo", help=COMMANDS["demo"].help)
    parser.add_argument("part", choices=("prepare", "backends"))
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--backend", action="append", default=[], metavar="NAME=FD")
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--notify", type=int)


def main(args: argparse.Namespace) -> int:
    return _prepare(args) if args.part == "prepare" else _backends(args)


def _prepare(args: argparse.Namespace) -> int:
    """In a process of its own, so that the supervisor need not load the compiled library."""
    from gateway.demo.folder import prepare  # noqa: PLC0415

    try:
        prepare(args.state_dir, args.folder)
    except OSError as error:
        print(f"sallygate demo: {error.filename}: {error.strerror}", file=sys.stderr)
        return Exit.FAILED
    return Exit.DONE


def _backends(args: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415
    import signal  # noqa: PLC0415
    import socket  # noqa: PLC0415

    from gateway.demo.backends import serve  # noqa: PLC0415

    async def until_stopped() -> None:
        pairs = (text.partition("=") for text in args.backend)
        sockets = {name: socket.socket(fileno=int(fd)) for name, _, fd in pairs}
        serving = asyncio.current_task()
        loop = asyncio.get_running_loop()
        if serving is not None:
            loop.add_signal_handler(signal.SIGTERM, serving.cancel)
            if args.lifeline is not None:
                loop.add_reader(args.lifeline, serving.cancel)  # nothing is ever written to it: this is its end
        with contextlib.suppress(asyncio.CancelledError):
            await serve(sockets)

    asyncio.run(until_stopped())
    return Exit.DONE
