"""Flags of the data plane that it judges itself."""

import argparse
from pathlib import Path

import pytest

from gateway import _core
from gateway.cli.dataplane import USUAL_TRAILERS, add_serving_flags, trailers
from gateway.cli.run import _dataplane


def test_the_usual_trailers_are_those_of_the_engine() -> None:
    assert list(USUAL_TRAILERS) == _core.trailer_names(None)


def test_names_of_trailers_are_read_as_a_list() -> None:
    assert trailers("X-Checksum, server-timing") == ("x-checksum", "server-timing")
    assert trailers("") == ()


@pytest.mark.parametrize("text", ["Host", "x-checksum,Cookie", "a b", "a,,b", ",".join(f"x-{n}" for n in range(33))])
def test_a_name_that_never_may_pass_is_no_flag(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="trailer field"):
        trailers(text)


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        ([], []),
        (["--request-trailers="], ["--request-trailers="]),
        (["--response-trailers=X-A, x-b"], ["--response-trailers=x-a,x-b"]),
    ],
)
def test_run_hands_them_on(tmp_path: Path, given: list[str], handed_on: list[str]) -> None:
    parser = argparse.ArgumentParser()
    add_serving_flags(parser, default_ports=(0, 0, 0))
    spec = _dataplane(parser.parse_args(given), tmp_path, {})
    assert [each for each in spec.arguments if "-trailers" in each] == handed_on
