"""Gets what a command tells: reads files or a cluster once, or asks a running instance."""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from gateway.cli.progress import progress
from gateway.cli.source_flags import paths
from gateway.cli.tables import plain
from gateway.settings.control import ControlSettings, SettingsError, load
from gateway.sources.reading import FILE_BYTES
from gateway.survey.asking import Asked, AskError, ask
from gateway.survey.explain import UnansweredError
from gateway.survey.reading import NotReadError
from gateway.survey.request import RequestError
from gateway.survey.standing import Standing

STDIN: Final = "-"
D = TypeVar("D", bound=Struct)


class InputError(Exception):
    """Said to the user as it stands."""


def say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody may be reading any more
        print(f"sallygate: {plain(text)}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Whatever keeps an answer from coming, as an InputError."""
    from gateway.kube.errors import KubeconfigError  # noqa: PLC0415 -- loaded with the rest

    try:
        yield
    except KubeconfigError as error:
        raise InputError(f"{error}; or name a PATH of manifests") from error
    except (SettingsError, AskError, NotReadError, RequestError, UnansweredError) as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise InputError(f"{error.filename or 'cannot be read'}: {error.strerror or error}") from error


def document(args: argparse.Namespace, asked: Asked, kind: type[D], make: Callable[[Standing], D]) -> D:
    """From a running instance where one is named, otherwise by `make` from what is read. Raises InputError."""
    named = paths(args)
    if not named and args.state_dir is not None:
        with told(), progress("asking the instance"):
            return msgspec.json.decode(asyncio.run(ask(args.state_dir, asked)), type=kind)
    if named and args.state_dir is not None:
        raise InputError(f"--state-dir is a running instance, and {named[0]} is a PATH; give one or the other")
    with read(args) as standing, told():
        return make(standing)


@contextlib.contextmanager
def read(args: argparse.Namespace) -> Iterator[Standing]:
    """Files or a cluster, read once. Raises InputError. Places in files can be told until the block ends."""
    with _on_disk(paths(args)) as found:
        from gateway import app  # noqa: PLC0415 -- the compiled module is loaded only now

        what = "reading manifests" if found else "reading the cluster"
        with told(), progress(what):
            standing = asyncio.run(app.survey(_settings(args, found), say))
        yield standing


def _settings(args: argparse.Namespace, found: list[Path]) -> ControlSettings:
    """Those of a control with the same flags; it has no data plane, so its state folder has no say."""
    given = {**vars(args), "paths": found, "state_dir": os.devnull}
    if not found and args.namespace:
        given["watch_namespace"] = args.namespace
    return load(given, os.environ)


@contextlib.contextmanager
def _on_disk(named: list[str]) -> Iterator[list[Path]]:
    """What comes on stdin stands in a file while it is looked at."""
    if STDIN not in named:
        yield [Path(name) for name in named]
        return
    content = sys.stdin.buffer.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise InputError(f"stdin is larger than {FILE_BYTES} bytes; split it into files")
    name = f"stdin.{'json' if content.lstrip()[:1] in (b'{', b'[') else 'yaml'}"
    others = [Path(other).absolute() for other in named if other != STDIN]
    with tempfile.TemporaryDirectory(prefix="sallygate-") as folder, contextlib.chdir(folder):
        Path(name).write_bytes(content)
        yield [Path(name), *others]  # from there its name is short, as it should be in what is told


def print_json(value: Struct) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
