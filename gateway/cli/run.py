"""`sallygate run`: data plane and control plane together, from manifests or a cluster, in one command.

Serves on 0.0.0.0 as ingress-nginx does; with --demo only on 127.0.0.1, and on free ports.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.cli import banner
from gateway.cli.control_flags import EPILOG, add_control_flags, cluster_flags, given
from gateway.cli.dataplane import add_serving_flags
from gateway.cli.main import COMMANDS, Exit, Subparsers
from gateway.demo import samples
from gateway.supervise.child import Spec, command
from gateway.supervise.link import Event
from gateway.supervise.ready import ReadyFile
from gateway.supervise.sockets import ListenError, Listening, listen
from gateway.supervisor import Plan, Supervisor

PORTS = {"http": 8080, "https": 8443, "health": 10254}
TELLING_SECONDS = 25.0  # for control to take addresses out of the cluster's objects and give up its Lease
FLAGS = {"http": "--http-port", "https": "--https-port", "health": "--healthz-port"}

DESCRIPTION = """\
Serve manifests (files, or folders of them), or a cluster where no PATH is given, and follow their changes.
Ctrl-C or SIGTERM drains and exits 0.
With --demo: sample manifests to edit, servers behind them, and a certificate of a development CA.
"""


class StartError(Exception):
    """Said to the user as it stands, and nothing is started."""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "run",
        help=COMMANDS["run"].help,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="manifest, or folder of manifests")
    parser.add_argument("--demo", action="store_true", help="serve samples: free ports, only on 127.0.0.1")
    add_control_flags(parser)
    add_serving_flags(parser, default_ports=(None, None, None))
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="where state outlives a restart (default: a temporary folder)"
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="JSON with addresses and process ids, written once it serves"
    )


def main(args: argparse.Namespace) -> int:
    wrong = cluster_flags(args)
    if wrong and (args.paths or args.demo):
        other = "--demo serves samples" if args.demo else f"{args.paths[0]} is a PATH of manifests"
        say(f"{wrong[0]} is about a cluster, and {other}; give one or the other: without a PATH a cluster is watched")
        return Exit.USAGE
    if args.ready_file is not None and not args.ready_file.parent.is_dir():
        say(f"--ready-file {args.ready_file}: the folder {args.ready_file.parent} does not exist")
        return Exit.USAGE
    try:
        with _state_dir(args.state_dir) as state_dir:
            return _serve(args, state_dir)
    except (StartError, ListenError) as error:
        say(str(error))
        return Exit.FAILED


def say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be reading any more; serving goes on
        print(f"sallygate: {line}", file=sys.stderr, flush=True)


def _serve(args: argparse.Namespace, state_dir: Path) -> int:
    listening = _listening(args)
    demo = _Demo(state_dir) if args.demo else None
    try:
        if demo:
            demo.prepare()
        plan = Plan(
            dataplane=_dataplane(args, state_dir, listening),
            others=[_control(args, state_dir, demo), *([demo.spec()] if demo else [])],
            listening=listening,
            stop_seconds=args.shutdown_grace_period + args.drain_timeout,
            others_seconds=0.0 if args.paths or args.demo else TELLING_SECONDS,
        )
        announcer = Announcer(args.paths, {name: each.address for name, each in listening.items()}, demo)
        return Supervisor(plan, ReadyFile(args.ready_file), announcer.observe, say).run()
    finally:
        for each in [*listening.values(), *(demo.listening.values() if demo else ())]:
            each.close()


def _listening(args: argparse.Namespace) -> dict[str, Listening]:
    host = args.bind_address or ("127.0.0.1" if args.demo else "0.0.0.0")  # noqa: S104 -- as ingress-nginx
    wanted = {"http": args.http_port, "https": args.https_port, "health": args.healthz_port}
    found: dict[str, Listening] = {}
    try:
        for name, number in wanted.items():
            port = number if number is not None else 0 if args.demo else PORTS[name]
            count = 1 if name == "health" else args.workers
            found[name] = listen(host, port, count, flag=FLAGS[name])
    except ListenError:
        for each in found.values():
            each.close()
        raise
    return found


def _dataplane(args: argparse.Namespace, state_dir: Path, listening: Mapping[str, Listening]) -> Spec:
    sockets = [f"--{name}-fds={','.join(map(str, each.fds))}" for name, each in listening.items()]
    return command(
        "dataplane",
        f"--state-dir={state_dir}",
        f"--workers={args.workers}",
        f"--access-log={args.access_log}",
        f"--access-log-format={args.access_log_format}",
        f"--shutdown-grace-period={args.shutdown_grace_period}",
        f"--drain-timeout={args.drain_timeout}",
        f"--keep-alive-requests={args.keep_alive_requests}",
        f"--upstream-keepalive-requests={args.upstream_keepalive_requests}",
        *(f"--{side}-trailers={','.join(names)}" for side, names in _trailers(args) if names is not None),
        *sockets,
        fds=[fd for each in listening.values() for fd in each.fds],
    )


def _trailers(args: argparse.Namespace) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    return ("request", args.request_trailers), ("response", args.response_trailers)


def _control(args: argparse.Namespace, state_dir: Path, demo: "_Demo | None") -> Spec:
    maps = [*(demo.maps() if demo else []), *(args.map or [])]  # the user's come last, and win
    paths = [*args.paths, *([demo.folder] if demo else [])]
    options = [f"--state-dir={state_dir}", *given(args), *(f"--map={each}" for each in maps)]
    return command("control", *options, "--", *map(str, paths))


@contextlib.contextmanager
def _state_dir(given: Path | None) -> Iterator[Path]:
    """The folder for state; without one a private folder that is gone afterwards."""
    if given is None:
        with tempfile.TemporaryDirectory(prefix="sallygate-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    try:
        given.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"--state-dir {given}: {error.strerror}") from error
    yield given.resolve()


class _Demo:
    """The samples in a folder that the user may edit, and the sockets of the servers behind them."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self.folder = state_dir / "demo"
        self.ca_file = state_dir / "dev-ca.pem"
        self.listening = {backend.name: listen("127.0.0.1", 0, 1, flag="--demo") for backend in samples.BACKENDS}

    def prepare(self) -> None:
        spec = command("demo", "prepare", f"--state-dir={self._state_dir}", f"--folder={self.folder}")
        words = [*spec.program, *spec.arguments]
        if subprocess.run(words, env=spec.environment, check=False).returncode:  # noqa: S603 -- ourselves
            raise StartError(f"the samples could not be put into {self.folder}")

    def maps(self) -> list[str]:
        return [
            f"{samples.NAMESPACE}/{backend.service}={self.listening[backend.name].address}"
            for backend in samples.BACKENDS
        ]

    def spec(self) -> Spec:
        backends = [f"--backend={name}={each.fds[0]}" for name, each in self.listening.items()]
        return command("demo", "backends", *backends, fds=[each.fds[0] for each in self.listening.values()])


class Announcer:
    """Prints the first routes once they are served, and never again: after that, control says what changes."""

    def __init__(self, paths: list[Path], addresses: Mapping[str, str], demo: _Demo | None) -> None:
        self._paths = paths
        self._addresses = addresses
        self._demo = demo
        self._routes: Event | None = None
        self._served = False
        self._done = False

    def observe(self, child: str, event: Event) -> None:
        if child == "dataplane" and event["event"] == "serving":
            self._served = True
        elif child == "control" and event["event"] == "routes":
            self._routes = event
        if self._served and self._routes is not None and not self._done:
            self._done = True
            with contextlib.suppress(OSError, ValueError):  # stdout may be closed: serving goes on
                print(self._text(self._routes), end="", flush=True)

    def _text(self, event: Event) -> str:
        found = event.get("rows")
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        total = event.get("total")
        hosts = {row.get("host") for row in rows}
        curls = ""
        if self._demo:
            curls = "\n".join(
                banner.curl(banner.Request(visit.host, visit.path, visit.tls), self._addresses, self._demo.ca_file)
                for visit in samples.VISITS
                if visit.host in hosts
            )
        place = self._demo.folder / "*.yaml" if self._demo else " ".join(map(str, self._paths))
        edit = f"Edit {place}: changes apply" if place else "Changes in the cluster apply"
        return banner.paragraphs(
            [
                banner.table(rows, total if isinstance(total, int) else len(rows)),
                banner.listeners(self._addresses),
                curls,
                f"{edit} at once. Ctrl-C stops.",
            ]
        )
