"""For every code: what brings it about, and what to do. Read by people who ask about a code, so one table of words.

A test holds it against all codes there are. Verdicts themselves name the object, the value and the fix of the case at
hand; this is for whoever wants to know what the code is about before there is one.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.verdicts.lessons_ingress import INGRESS
from gateway.verdicts.lessons_objects import OBJECTS
from gateway.verdicts.lessons_options import OPTIONS


class Lesson(NamedTuple):
    """`example` is text of a manifest, a command or a file that brings the code about; `fix` is a sentence or two."""

    example: str
    fix: str


LESSONS: Final[Mapping[str, Lesson]] = {
    code: Lesson(*words) for part in (OBJECTS, INGRESS, OPTIONS) for code, words in part.items()
}
