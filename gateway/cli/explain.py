"""`sallygate explain`: what would become of a request, and why. The data plane's own lookup and plan decide.

Exit codes: 0 a route takes it · 1 none does, or it is refused · 2 wrong usage, or nothing could be read.
"""

import argparse

from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.cli.source_flags import EPILOG, add_source_flags

DESCRIPTION = """\
Say which route takes a request and why every other one does not, what the route does and which annotation in which line
says so, and what the upstream receives. No request is sent: the lookup that serves traffic is asked.
"""
CODES = """\
exit codes:
  0  a route takes the request
  1  none does, or the request is refused
  2  wrong usage, or something could not be read

example:
  sallygate explain https://shop.example.com/cart?id=1 -X POST -H 'Cookie: a=b' -f manifests/

"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "explain",
        help=COMMANDS["explain"].help,
        description=DESCRIPTION,
        epilog=CODES + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", metavar="URL", help="such as https://shop.example.com/cart")
    request = parser.add_argument_group("the request")
    request.add_argument("-X", "--method", default="GET", metavar="METHOD", help="default: GET")
    request.add_argument(
        "-H", "--header", action="append", default=[], metavar="'K: V'", help="a header; may be repeated"
    )
    request.add_argument(
        "--client-ip", default="192.0.2.1", metavar="A", help="the client's address (default: %(default)s)"
    )
    request.add_argument("--sni", metavar="NAME", help="the name asked for in TLS (default: the host of the URL)")
    request.add_argument("--body-bytes", type=int, metavar="N", help="declared length of a body (default: no body)")
    add_source_flags(parser, positional=False)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: text)")


def main(args: argparse.Namespace) -> int:
    from gateway.cli import explain_text  # noqa: PLC0415 -- not needed for --help
    from gateway.cli.answers import InputError, document, print_json, say  # noqa: PLC0415
    from gateway.survey.asking import Asked  # noqa: PLC0415
    from gateway.survey.explain import Explanation, explain  # noqa: PLC0415
    from gateway.survey.question import Failed  # noqa: PLC0415
    from gateway.survey.request import Request, RequestError, header  # noqa: PLC0415

    try:
        request = Request(
            url=args.url if "://" in args.url else f"http://{args.url}",
            method=args.method,
            headers=tuple(map(header, args.header)),
            client=args.client_ip,
            sni=args.sni,
            body_bytes=args.body_bytes,
        )
        found = document(args, Asked("explain", "", request), Explanation, lambda standing: explain(standing, request))
    except (InputError, RequestError) as error:
        say(str(error))
        return Exit.USAGE
    if args.output == "json":
        print_json(found)
    else:
        print(explain_text.text(found), end="")
    return Exit.FAILED if found.winner is None or isinstance(found.outcome, Failed) else Exit.DONE
