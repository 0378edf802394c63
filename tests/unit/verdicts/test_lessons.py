"""Whoever asks about a code is told what brings it about and what to do."""

import pytest

from gateway.survey.codes import codes, text
from gateway.translate.docs import all_reasons
from gateway.verdicts.lessons import LESSONS
from gateway.verdicts.lessons_ingress import INGRESS
from gateway.verdicts.lessons_objects import OBJECTS
from gateway.verdicts.lessons_options import OPTIONS


def test_every_code_has_its_lesson_and_no_lesson_is_left_over() -> None:
    assert {reason.code for reason in all_reasons()} == LESSONS.keys()
    assert len(LESSONS) == sum(map(len, (OBJECTS, INGRESS, OPTIONS))), "one code stands in two parts"


@pytest.mark.parametrize("code", LESSONS)
def test_a_lesson_says_something_of_its_own(code: str) -> None:
    lesson = LESSONS[code]
    assert lesson.example.strip() == lesson.example
    assert len(lesson.example) >= 8
    assert lesson.fix[0].isupper()
    assert lesson.fix.endswith(".")


def test_the_command_shows_meaning_example_and_fix() -> None:
    one = next(one for one in codes().codes if one.code == "GW325")
    shown = text(one)
    assert one.explanation in shown.replace("\n", " ")
    assert "    data:\n      proxy-real-ip-cidr: 10.0.0.0/8" in shown
    assert "What to do:\n\nSet the option that it waits for" in shown
