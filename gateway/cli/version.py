"""`sallygate version`: the version, and what this build is made of."""

import argparse
import json
import platform

from gateway.cli.main import COMMANDS, Exit, Subparsers


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("version", help=COMMANDS["version"].help)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form of the output")


def facts() -> dict[str, str]:
    """Everything that distinguishes this build from another one, in the order in which it is printed."""
    from gateway import _core  # noqa: PLC0415 -- the library is only loaded where it is needed

    build = _core.version()
    return {
        "version": build["version"],
        "openssl": build["openssl"],
        "tls_library": build["tls_library"],
        "profile": build["profile"],
        "rustc": build["rustc"],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "ir": build["ir"],
        "abi": build["abi"],
    }


def main(args: argparse.Namespace) -> int:
    found = facts()
    if args.output == "json":
        print(json.dumps({"kind": "version/v1", **found}))
        return Exit.DONE
    print(f"sallygate {found.pop('version')}")
    width = max(map(len, found))
    for name, value in found.items():
        print(f"  {name:<{width}}  {value}")
    return Exit.DONE
