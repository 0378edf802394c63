"""Lines cannot be forged, and colours appear only where they are wanted."""

import errno
import io

import pytest

from gateway.base.log import Level, Log, shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Closed(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(errno.EPIPE, "Broken pipe")


def test_event_and_values() -> None:
    stream = io.StringIO()
    log = Log(stream, {})
    log.info("snapshot served", routes=3, host="shop.example.com", why="two words")
    log.debug("too much detail")
    log.error("gone")
    assert stream.getvalue() == ('info snapshot served routes=3 host=shop.example.com why="two words"\nerror gone\n')


def test_debug_can_be_asked_for() -> None:
    stream = io.StringIO()
    Log(stream, {}, Level.DEBUG).debug("detail")
    assert stream.getvalue() == "debug detail\n"


@pytest.mark.parametrize("value", ["a\nb", "a=b", 'a"b', "", "\x1b[2J", "a\\b", "\u2028"])
def test_values_cannot_break_out_of_their_place(value: str) -> None:
    text = shown(value)
    assert text.startswith('"')
    assert text.isprintable()


def test_colour_only_on_a_terminal_and_never_with_no_color() -> None:
    for environment, coloured in (({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)):
        stream = Terminal()
        Log(stream, environment).warning("careful")
        assert ("\x1b[" in stream.getvalue()) == coloured
    plain = io.StringIO()
    Log(plain, {}).warning("careful")
    assert plain.getvalue() == "warning careful\n"


def test_a_reader_that_is_gone_stops_nothing() -> None:
    Log(Closed(), {}).error("nobody hears this")
