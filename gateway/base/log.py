"""Lines for people on stderr: an event in words, then `key=value` for what belongs to it."""

import json
import os
import re
from collections.abc import Mapping
from enum import Enum
from typing import Final, TextIO

_BARE: Final = re.compile(r"[^\s\"=\\\x00-\x20\x7f-\x9f]+")


class Level(Enum):
    """With its colour on a terminal."""

    DEBUG = "\x1b[2m"
    INFO = ""
    WARNING = "\x1b[33m"
    ERROR = "\x1b[31m"


class Log:
    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ, level: Level = Level.INFO) -> None:
        self._stream = stream
        self._colour = stream.isatty() and not environment.get("NO_COLOR")
        self._levels = list(Level)
        self._least = self._levels.index(level)

    def debug(self, event: str, **values: object) -> None:
        self._write(Level.DEBUG, event, values)

    def info(self, event: str, **values: object) -> None:
        self._write(Level.INFO, event, values)

    def warning(self, event: str, **values: object) -> None:
        self._write(Level.WARNING, event, values)

    def error(self, event: str, **values: object) -> None:
        self._write(Level.ERROR, event, values)

    def _write(self, level: Level, event: str, values: Mapping[str, object]) -> None:
        if self._levels.index(level) < self._least:
            return
        line = " ".join([level.name.lower(), event, *(f"{name}={shown(value)}" for name, value in values.items())])
        if self._colour and level.value:
            line = f"{level.value}{line}\x1b[0m"
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except OSError:
            return  # nobody reads any more, which is no reason to stop


def shown(value: object) -> str:
    """A value in one word, or in quotes: it can never break out of its line or look like another key."""
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)
