"""What a metric is, and how its samples are written in the Prometheus text format. Knows no metric by name."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """One metric. `labels` are label names; `values` are what the last of them can be, where that is fixed."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def render(values: Iterable[tuple[Metric, float | None]]) -> str:
    """Metrics without labels; those whose value is not known are left out."""
    return "".join(family(metric, {(): value}) for metric, value in values if value is not None)


def family(metric: Metric, samples: Mapping[tuple[str, ...], float]) -> str:
    """One metric with all its samples, by the values of its labels; empty where there are none."""
    if not samples:
        return ""
    lines = [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
    for values, value in samples.items():
        pairs = ",".join(f'{name}="{escape(text)}"' for name, text in zip(metric.labels, values, strict=True))
        number = f"{value:.3f}" if isinstance(value, float) else str(int(value))
        lines.append(f"{metric.name}{f'{{{pairs}}}' if pairs else ''} {number}")
    return "\n".join(lines) + "\n"


def escape(value: str) -> str:
    """A label value as the text format wants it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
