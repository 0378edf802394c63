"""The page of limits is what the sources say, and every limit is on it."""

import re
from pathlib import Path

from gateway.dataplane.limits_page import METRICS, MIRROR, PAGE, REGEX, SETTINGS, WIRE, constants, page, settings
from gateway.telemetry.metrics import PROCESS_TABLE, ROUTE_TABLE, WORKER_TABLE

ROOT = Path(__file__).parents[3]


def test_the_page_is_fresh() -> None:
    assert (ROOT / PAGE).read_text() == page(ROOT), "run `python -m gateway.dataplane.limits_page`"


def test_every_limit_has_a_row_and_a_metric_that_exists() -> None:
    fixed = "\n".join((ROOT / source).read_text() for source in (WIRE, REGEX, MIRROR))
    engine = (ROOT / SETTINGS).read_text()
    limits = [*constants(fixed), *settings(engine)]
    assert len(limits) == fixed.count("\npub const ") + engine.count("#[serde(default = ")
    assert {one.name for one in limits} == METRICS.keys()
    known = {metric.name for table in (PROCESS_TABLE, ROUTE_TABLE, WORKER_TABLE) for metric in table}
    assert {re.split(r"[{]", name)[0] for name in METRICS.values()} <= known
