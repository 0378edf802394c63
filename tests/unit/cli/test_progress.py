"""The line on stderr while something takes long."""

import threading

import pytest

from gateway.cli.progress import _tell, progress


class Waits(threading.Event):
    """Answers `wait` from a list: is it done yet?"""

    def __init__(self, *answers: bool) -> None:
        super().__init__()
        self._answers = list(answers)

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout
        return self._answers.pop(0)


def test_what_is_fast_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    _tell("reading", Waits(True))
    assert capsys.readouterr() == ("", "")


def test_what_takes_long_is_told_on_stderr_and_wiped_away(capsys: pytest.CaptureFixture[str]) -> None:
    _tell("reading", Waits(False, False, False, True))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("reading …") == 3
    assert err.endswith("\r\x1b[2K")


def test_without_a_terminal_there_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("reading"):
        assert threading.active_count() >= 1
    assert capsys.readouterr() == ("", "")
