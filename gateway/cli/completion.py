"""`sallygate completion`: what a shell needs to complete our commands, made from the table of commands.

    source <(sallygate completion bash)          # or zsh
    sallygate completion fish | source

Exit codes: 0 printed · 2 wrong usage.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers

SHELLS = ("bash", "zsh", "fish")
DESCRIPTION = """\
Print completion for a shell:
  bash  source <(sallygate completion bash)
  zsh   source <(sallygate completion zsh)
  fish  sallygate completion fish | source
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "completion",
        help=COMMANDS["completion"].help,
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="which one")


def main(args: argparse.Namespace) -> int:
    from gateway.cli import shells  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.grammar import grammar  # noqa: PLC0415

    print(shells.SCRIPTS[args.shell](grammar()), end="")
    return Exit.DONE
