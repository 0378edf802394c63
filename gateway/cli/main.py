"""The entry point and the table of commands. A command's module is imported only when that command is run.

Data goes to stdout, talk to stderr. Exit codes, the same for every command:
0 done, or stopped as asked · 1 could not start or could not do it · 2 wrong usage · 3 the stop was not clean.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias, cast

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 -- it has no public name


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNCLEAN = 3


class CommandModule(Protocol):
    """What the module of a command offers."""

    def add_parser(self, subparsers: Subparsers) -> None: ...
    def main(self, args: argparse.Namespace) -> int: ...


class Command(NamedTuple):
    module: str
    help: str
    hidden: bool = False  # started by `run`, of no use to a person


COMMANDS = MappingProxyType(
    {
        "run": Command("gateway.cli.run", "serve manifests or a cluster: data plane and control plane together"),
        "control": Command(
            "gateway.cli.control", "run only the control plane (reads manifests or a cluster, serves nobody)"
        ),
        "dataplane": Command("gateway.cli.dataplane", "run only the data plane (listeners; reads no manifest)"),
        "validate": Command(
            "gateway.cli.validate", "say what is wrong with manifests or a cluster, and how to mend it"
        ),
        "explain": Command("gateway.cli.explain", "say what would become of a request, and why"),
        "routes": Command("gateway.cli.routes", "list what is served"),
        "backends": Command("gateway.cli.backends", "list where requests go"),
        "certs": Command("gateway.cli.certs", "list certificates, the one that expires first on top"),
        "migrate": Command("gateway.cli.migrate", "say what becomes of an installation of ingress-nginx here"),
        "annotations": Command("gateway.cli.annotations", "list annotations, or say all about one"),
        "explain-code": Command("gateway.cli.explain_code", "say what a code of a finding means"),
        "webhook": Command("gateway.cli.webhook", "answer the API server's admission reviews of Ingresses"),
        "completion": Command("gateway.cli.completion", "print completion for bash, zsh or fish"),
        "version": Command("gateway.cli.version", "print the version, and what this build is made of"),
        "demo": Command("gateway.cli.demo", "the parts of `run --demo`", hidden=True),
    }
)

EPILOG = """\
exit codes:
  0  done, or stopped as asked
  1  could not start, or could not do it
  2  wrong usage
  3  the stop was not clean: something had to be killed

`sallygate COMMAND --help` says more. NO_COLOR=1 turns colours off.
"""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        arguments = ["version"]
    parser, module = _parser(arguments)
    args = parser.parse_args(arguments)
    if module is None:
        parser.print_help(sys.stderr)
        return Exit.USAGE
    try:
        return module.main(args)
    except KeyboardInterrupt:
        return Exit.FAILED
    except BrokenPipeError:
        # Whoever read our output has left (`| head`). Keep the interpreter from failing once more at its last flush.
        sys.stdout = None
        return Exit.FAILED


def _parser(arguments: Sequence[str]) -> tuple[argparse.ArgumentParser, CommandModule | None]:
    """The parser for these arguments, and the module of the command they name; the other commands stay unloaded."""
    parser = argparse.ArgumentParser(
        prog="sallygate",
        description="An ingress gateway for Kubernetes that also runs on a laptop, from plain manifests.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    module: CommandModule | None = None
    for name, command in COMMANDS.items():
        if name == chosen:
            module = cast(CommandModule, importlib.import_module(command.module))
            module.add_parser(subparsers)
        elif not command.hidden:
            subparsers.add_parser(name, help=command.help)
    return parser, module
