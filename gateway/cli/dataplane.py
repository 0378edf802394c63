"""`sallygate dataplane`: the listeners, with no manifest and no API token. Snapshots come over the control socket."""

import argparse
import contextlib
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Final

from gateway.cli.main import COMMANDS, Exit, Subparsers

USUAL_TRAILERS: Final = (
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "server-timing",
    "content-digest",
    "repr-digest",
    "digest",
)
FORMATS = ("upstreaminfo", "json")
_MOST_REQUESTS: Final = (1 << 32) - 1
_MOST_DESCRIPTORS: Final = 1 << 20  # the kernel's own default for the most that a process may ask for (fs.nr_open)


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "dataplane",
        help=COMMANDS["dataplane"].help,
        description="Serve the snapshots that `sallygate control` publishes through STATE_DIR/dataplane.sock. SIGTERM "
        "drains; SIGHUP and SIGUSR1 open the access log anew.",
    )
    parser.add_argument("--state-dir", type=Path, required=True, metavar="DIR", help="folder shared with control")
    add_serving_flags(parser, default_ports=(8080, 8443, 10254))
    # From a supervisor: sockets that it keeps open while we restart, and two pipes (gateway/supervise/link.py).
    for name in ("http", "https", "health"):
        parser.add_argument(f"--{name}-fds", type=_fds, help=argparse.SUPPRESS)
    parser.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--notify", type=int, help=argparse.SUPPRESS)


def add_serving_flags(
    parser: argparse.ArgumentParser, default_ports: tuple[int | None, int | None, int | None]
) -> None:
    """The flags that `run` hands on to `dataplane`. A default of None means that `run` decides later."""
    http, https, health = default_ports
    parser.add_argument(
        "--bind-address", metavar="A", help="IP address to listen on (default: 0.0.0.0, every IPv4 one)"
    )
    parser.add_argument("--http-port", type=port, default=http, metavar="N", help="default: 8080; 0 takes a free one")
    parser.add_argument("--https-port", type=port, default=https, metavar="N", help="default: 8443; 0 takes a free one")
    parser.add_argument(
        "--healthz-port", type=port, default=health, metavar="N", help="probes and metrics (default: 10254)"
    )
    parser.add_argument(
        "--workers",
        type=workers,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="threads that serve (default: one per CPU this process may use, here %(default)s)",
    )
    parser.add_argument(
        "--access-log", default="-", metavar="FILE", help="a file, - for stdout, or off (default: %(default)s)"
    )
    parser.add_argument(
        "--access-log-format",
        choices=FORMATS,
        default=FORMATS[0],
        help="upstreaminfo is ingress-nginx's default; the option log-format-upstream wins (default: %(default)s)",
    )
    parser.add_argument(
        "--shutdown-grace-period",
        type=seconds,
        default=0.0,
        metavar="S",
        help="seconds to serve on after readiness went off (default: 0)",
    )
    parser.add_argument(
        "--drain-timeout",
        type=seconds,
        default=25.0,
        metavar="S",
        help="seconds that running requests then have to finish (default: 25)",
    )
    parser.add_argument(
        "--keep-alive-requests",
        type=requests,
        default=10_000,
        metavar="N",
        help="requests on one client connection before it is closed (default: %(default)s)",
    )
    parser.add_argument(
        "--upstream-keepalive-requests",
        type=requests,
        default=10_000,
        metavar="N",
        help="requests on one connection to a backend (default: %(default)s)",
    )
    for side, to in (("request", "backends"), ("response", "clients")):
        parser.add_argument(
            f"--{side}-trailers",
            type=trailers,
            metavar="NAMES",
            help=f"trailer fields that go on to {to} behind a body: at most 32 names with commas between them, or "
            f"nothing for none (default: {', '.join(USUAL_TRAILERS)})",
        )


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port; use 0 to 65535")
    return number


def workers(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_024:
        raise argparse.ArgumentTypeError(f"{text} is not a number of workers; use 1 to 1024")
    return number


def requests(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST_REQUESTS:
        raise argparse.ArgumentTypeError(f"{text} is not a number of requests; use 1 to {_MOST_REQUESTS}")
    return number


def trailers(text: str) -> tuple[str, ...]:
    from gateway import _core  # noqa: PLC0415 -- which names never pass is the data plane's to say

    try:
        return tuple(_core.trailer_names([name.strip() for name in text.split(",")] if text.strip() else []))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds; use 0 to 86400")
    return number


def _fds(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _descriptors() -> int:
    """All that this process is allowed to have: the soft limit is for programs that cannot deal with many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    with contextlib.suppress(OSError, ValueError):  # then what there is has to do
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _body_folder() -> str | None:
    """The system's folder for what nobody needs again (TMPDIR, /tmp, …); not the state folder, which may be memory."""
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return None


def say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be reading any more; serving, and leaving, go on
        print(f"sallygate dataplane: {line}", file=sys.stderr, flush=True)


def _lacking(error: Exception) -> str | None:
    """What to say if it was a thread that could not be had, which Python and the engine have words of their own for."""
    text = str(error)
    if "start new thread" not in text and " cannot be started: " not in text:
        return None
    return (
        f"cannot start: {text}; raise the limit on threads (pids.max of the container, ulimit -u), or lower --workers"
    )


def main(args: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 -- not needed for --help

    from gateway import _core  # noqa: PLC0415
    from gateway.dataplane.control_socket import SocketError  # noqa: PLC0415
    from gateway.dataplane.host import Host  # noqa: PLC0415
    from gateway.dataplane.settings import HostSettings  # noqa: PLC0415
    from gateway.dataplane.telemetry import Feed  # noqa: PLC0415
    from gateway.supervise.sockets import ListenError, Listening, adopt, listen  # noqa: PLC0415

    def sockets(name: str, flag: str, number: int, count: int) -> Listening:
        fds: tuple[int, ...] | None = getattr(args, f"{name}_fds")
        return adopt(fds) if fds else listen(args.bind_address or "0.0.0.0", number, count, flag=flag)  # noqa: S104

    try:
        args.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = HostSettings(
            state_dir=args.state_dir,
            workers=args.workers,
            http=sockets("http", "--http-port", args.http_port, args.workers),
            https=sockets("https", "--https-port", args.https_port, args.workers),
            health=sockets("health", "--healthz-port", args.healthz_port, 1),
            access_log=args.access_log,
            access_log_format=args.access_log_format,
            shutdown_grace=args.shutdown_grace_period,
            drain=args.drain_timeout,
            descriptors=_descriptors(),
            body_folder=_body_folder(),
            client_requests=args.keep_alive_requests,
            upstream_requests=args.upstream_keepalive_requests,
            request_trailers=args.request_trailers,
            response_trailers=args.response_trailers,
            lifeline=args.lifeline,
            notify=args.notify,
        )

        async def serve() -> int:
            return await Host(settings, _core, Feed, say).run()

        return asyncio.run(serve())
    except (ListenError, SocketError) as error:
        say(str(error))
    except OSError as error:
        say(_lacking(error) or f"{error.filename or 'cannot start'}: {error.strerror or error}")
    except ValueError as error:
        say(f"cannot start: {error}")
    except RuntimeError as error:
        if (lacking := _lacking(error)) is None:
            raise
        say(lacking)
    return Exit.FAILED
