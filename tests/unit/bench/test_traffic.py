"""What the loads are told, and what becomes of their figures."""

import pytest

from bench.measures.transfer import carried
from bench.results import Level
from bench.spread import Ratio, Spread
from bench.traffic import PLAIN, Request


def test_a_plain_request_expects_the_usual_body() -> None:
    assert PLAIN.options() == ["--host", "blue.example.com", "--path", "/", "--expect-bytes", "128"]


@pytest.mark.parametrize(
    ("request_", "last"),
    [
        (Request(fresh=True), "--new-connections"),
        (Request(fresh=True, announced=False), "--unannounced"),
        (Request(upload_bytes=65536), "65536"),
    ],
)
def test_a_request_that_is_not_plain_says_how(request_: Request, last: str) -> None:
    assert request_.options()[-1] == last


def test_bytes_per_cpu_time_are_the_time_of_a_body_turned_over() -> None:
    cpu_us = {"sallygate": Spread(50.0, 40.0, 100.0, 8), "nginx": Spread(100.0, 80.0, 200.0, 8)}
    level = Level(8, [], [], False, cpu_us, {}, {"sallygate": {"nginx": Ratio(0.5, 0.4, 0.8, 8)}})
    found = carried(100_000, up=True, level=level)
    assert found.way == "up"
    assert found.mb_per_cpu_second["sallygate"] == Spread(2000.0, 1000.0, 2500.0, 8)
    assert found.against["sallygate"]["nginx"] == Ratio(2.0, 1.25, 2.5, 8)
