"""The results of the measure `cluster` as Markdown."""

from bench.results import Cluster, Controller, Effect
from bench.spread import Spread


def rows(found: Cluster) -> tuple[list[str], list[list[str]]]:
    """The head of the table, and its rows: one per figure, one column per contender."""
    controllers = list(found.controllers.values())
    head = [f"{found.ingresses:,} Ingresses, {found.slices:,} EndpointSlices", *found.controllers]

    def row(title: str, *texts: str) -> list[str]:
        return [title, *texts]

    secrets = f"with {found.secrets:,} Secrets"
    return head, [
        row("cold start to ready, s", *(_seconds(each.start.ready) for each in controllers)),
        row("cold start to served, s", *(_seconds(each.start.served) for each in controllers)),
        row("CPU seconds for that", *(_seconds(each.start.cpu) for each in controllers)),
        row("requests for that", *(f"{each.start.requests.median:.0f}" for each in controllers)),
        row(f"cold start {secrets} to ready, s", *(_seconds(each.secrets_start.ready) for each in controllers)),
        row(f"cold start {secrets} to served, s", *(_seconds(each.secrets_start.served) for each in controllers)),
        row("CPU seconds for that", *(_seconds(each.secrets_start.cpu) for each in controllers)),
        row("requests for that", *(f"{each.secrets_start.requests.median:.0f}" for each in controllers)),
        row("Ingress created to served, ms", *(_effect(each.created) for each in controllers)),
        row("endpoint changed to effect, ms", *(_effect(each.moved) for each in controllers)),
        row("memory of the process that watches, MiB (PSS)", *(f"{each.control_pss_mib:.0f}" for each in controllers)),
        row("memory of all, MiB (PSS)", *(f"{each.pss_mib:.0f}" for each in controllers)),
        row("requests per minute, idle", *(f"{each.idle_per_minute:.0f}" for each in controllers)),
        row("connections per minute, API server gone", *(f"{each.killed.connections:.0f}" for each in controllers)),
        row("connections and pieces per minute, frozen", *(_frozen(each) for each in controllers)),
        row("failed of requests and handshakes while all changes", *(_mixed(each) for each in controllers)),
    ]


def notes(found: Cluster) -> str:
    versions = ", ".join(f"{name} is {each.version}" for name, each in found.controllers.items())
    missing = "".join(f" {name}: {reason}." for name, reason in found.absent.items())
    load = f"load average before the turns {min(found.load):.1f}-{max(found.load):.1f}" if found.load else ""
    return f"{versions}.{missing} Filled in {found.fill_seconds:.0f} s; {load}.\n"


def _seconds(found: Spread | None) -> str:
    return "-" if found is None else f"{found.median:.2f} [{found.low:.2f}-{found.high:.2f}]"


def _effect(found: Effect) -> str:
    ms = found.ms
    return f"{ms.median:.0f} [{ms.low:.0f}-{ms.high:.0f}], p99 {found.p99:.0f}, n {ms.count}"


def _frozen(found: Controller) -> str:
    return f"{found.frozen.connections:.0f} + {found.frozen.pieces:.0f}"


def _mixed(found: Controller) -> str:
    mixed = found.mixed
    of = f"{mixed.requests:,} + {mixed.handshakes:,}"
    return f"{mixed.failed} of {of} ({mixed.changes:,} changes, {mixed.seconds:.0f} s)"
