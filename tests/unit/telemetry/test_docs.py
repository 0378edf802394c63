"""The reference page is that of the tables."""

from pathlib import Path

from gateway.telemetry.docs import PAGE, page
from gateway.telemetry.metrics import TABLE

ROOT = Path(__file__).parents[3]


def test_the_page_is_not_stale() -> None:
    assert (ROOT / PAGE).read_text() == page(), "run `python -m gateway.telemetry.docs`"


def test_every_metric_is_on_it() -> None:
    text = page()
    assert all(text.count(f"| `{metric.name}` |") == 1 for metric in TABLE)
