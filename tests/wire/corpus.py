"""The cases of `vectors/`, read and expanded; README.md beside this file says what their fields mean.

Knows nothing of sockets and of the engine. `_core/wire/tests/corpus` reads the same files by the same rules.
"""

import functools
import itertools
import json
import re
from pathlib import Path
from typing import Any, Final

Case = dict[str, Any]
FOLDER: Final = Path(__file__).parent / "vectors"
PLACE: Final = re.compile("\u2039(%?)([a-z_]+)\u203a")  # single angle quotes: no byte can be one of them


def octets(text: str | list[Any]) -> bytes:
    """The bytes of a text whose characters are bytes, or of a list of such texts and of `[text, times]`."""
    if isinstance(text, str):
        return text.encode("latin-1")
    return b"".join(
        part.encode("latin-1") if isinstance(part, str) else part[0].encode("latin-1") * part[1] for part in text
    )


@functools.cache
def declared() -> tuple[tuple[str, Case, list[Case]], ...]:
    """Each case as it is written: the name of its file, itself, and the cases that it stands for."""
    files = ((path.stem, json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json")))
    return tuple((stem, case, expand(case, file.get("texts", {}))) for stem, file in files for case in file["cases"])


def cases(side: str = "request") -> list[Case]:
    return [case for _, _, found in declared() for case in found if side_of(case) == side]


def side_of(case: Case) -> str:
    return str(case.get("side", "request"))


def expand(case: Case, texts: dict[str, str]) -> list[Case]:
    """The cases that one stands for: one for each combination of the rows of its axes."""
    axes = [rows_of(axis) for axis in case.get("each", [])]
    found = []
    for number, rows in enumerate(itertools.product(*axes)):
        names = {**texts}
        for row in rows:
            names.update({key: filled(value, names) for key, value in row.items()})  # a row may use rows before it
        one = {key: filled(value, names) for key, value in case.items() if key not in {"each", "name"}}
        label = " ".join(str(row.get("name") or shown(row)) for row in rows)
        one["name"] = f"{case['name']} #{number} {label}" if axes else case["name"]
        found.append(one)
    return found


def rows_of(axis: dict[str, list[Any]] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An axis is a list of rows, or `{key: values}`, where a pair of characters is a range of bytes."""
    if isinstance(axis, list):
        return axis
    ((key, values),) = axis.items()
    rows = []
    for value in values:
        first, last = value if isinstance(value, list) else (value, None)
        span = [first] if last is None else [chr(code) for code in range(ord(first), ord(last) + 1)]
        rows += [{key: one} for one in span]
    return rows


def filled(value: Any, names: dict[str, Any]) -> Any:
    """`value` with its places taken by what they name. A text that is one place becomes the value itself."""
    if isinstance(value, list):
        return [filled(each, names) for each in value]
    if not isinstance(value, str):
        return value
    whole = PLACE.fullmatch(value)
    if whole and not whole[1]:
        return names[whole[2]]

    def put(place: re.Match[str]) -> str:
        text = str(names[place[2]])
        return "".join(f"%{byte:02X}" for byte in text.encode("latin-1")) if place[1] else text

    return PLACE.sub(put, value)


def shown(row: dict[str, Any]) -> str:
    return " ".join(ascii(value)[:40] for value in row.values())


def parts(data: bytes, split: str) -> list[bytes]:
    """The pieces to send: all at once, byte by byte, or split at each CRLF."""
    if split == "whole":
        return [data]
    if split == "bytes":
        return [data[at : at + 1] for at in range(len(data))]
    return re.findall(rb"(?s).*?\r\n|.+", data)
