"""What containers of the test cluster can run: one row per image. There is no registry, and nothing is pulled."""

import sys
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]


class Image(Struct, frozen=True):
    """The entrypoint, the environment under the container's own, folders that its user must be able to read."""

    command: list[str]
    environment: dict[str, str] = {}
    folders: list[str] = []


def usual(echo: Path) -> dict[str, Image]:
    """The images of every cluster, by the last element of their names, without a tag."""
    answering = Image([str(echo)], folders=[str(echo.parent)])
    return {
        "echo": answering,
        "echo-basic": answering,
        "sallygate": Image(
            [sys.executable, "-m", "gateway"],
            {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            sorted({str(ROOT), sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parents[1])}),
        ),
        "shell": Image(["/bin/sh"]),
    }
