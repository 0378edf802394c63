"""The results as Markdown."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET, json

from bench.cluster import report as cluster
from bench.measures.syscalls import DATA, WAITS
from bench.results import Held, Level, Lines, Misses, Results, Syscalls, Transfer
from bench.spread import Ratio, Spread


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def spread_text(spread: Spread | None, digits: int = 1) -> str:
    if spread is None:
        return "-"
    return f"{spread.median:.{digits}f} [{spread.low:.{digits}f}-{spread.high:.{digits}f}]"


def ratio_text(ratio: Ratio | None) -> str:
    return "-" if ratio is None else f"{ratio.median:.2f} [{ratio.low:.2f}-{ratio.high:.2f}]"


def ratio_table(columns: Sequence[dict[str, dict[str, Ratio]]], head: Sequence[str], name: str = "sallygate") -> str:
    """Ours over each of the others; nothing where there is no such figure."""
    others = list(dict.fromkeys(other for column in columns for other in column.get(name, {})))
    rows = [[other, *(ratio_text(column.get(name, {}).get(other)) for column in columns)] for other in others]
    return f"\n{table(head, rows)}" if rows else ""


def calmness(title: str, level: Level) -> str:
    samples = [keep for row in level.kept for keep in row.values()]
    text = (
        f"\n{title}: {len(level.rounds)} rounds, {samples.count(False)} of {len(samples)} samples dropped because the "
        "witness or strangers on the core disturbed them."
    )
    if level.disturbed:
        text += " **Too few samples were calm, so all are counted: the figures are too high, the ratios a hint.**"
    return f"{text}\n"


def cpu(levels: dict[str, Level], peers: dict[str, str]) -> str:
    """The levels by what their column says."""
    first, *_ = levels.values()
    names = [name for name in peers if name in first.cpu_us]
    head = ["CPU µs per request, median [range]", *levels]
    text = table(head, ([name, *(spread_text(each.cpu_us[name]) for each in levels.values())] for name in names))
    if "floor" in names:
        title = "own cost of sallygate above the floor, over that of [95 %]"
        text += ratio_table([each.overhead for each in levels.values()], [title, *levels])
    text += ratio_table(
        [each.whole for each in levels.values()], ["whole cost of sallygate over that of [95 %]", *levels]
    )
    text += "".join(calmness(title, level) for title, level in levels.items())
    if "sallygate" in names:
        shares = []
        for title, level in levels.items():
            values = sorted(row["sallygate"].by_role.get("host", 0.0) for row in level.rounds)
            shares.append(f"{values[len(values) // 2]:.2f} µs at {title}")
        text += f"\nOf ours, the host thread (the access log is written there): {', '.join(shares)}.\n"
    return text


def by_connections(levels: list[Level]) -> dict[str, Level]:
    return {f"{level.connections} connections": level for level in levels}


def transfer(rows: list[Transfer], peers: dict[str, str]) -> str:
    titles = [f"{row.bytes // 1024:,} KiB {row.way}" for row in rows]
    names = [name for name in peers if name in rows[0].mb_per_cpu_second]
    head = ["MB per second of CPU time, median [range]", *titles]
    text = table(head, ([name, *(spread_text(row.mb_per_cpu_second[name], 0) for row in rows)] for name in names))
    text += ratio_table([row.against for row in rows], ["bytes of sallygate over those of [95 %]", *titles])
    return text + "".join(calmness(title, row.level) for title, row in zip(titles, rows, strict=True))


def held(found: dict[str, Held]) -> str:
    rows = [
        [name, f"{each.held:,}", f"{each.lost:,}", f"{each.pss:.0f}", f"{each.requests:,}", f"{each.p99_us:,.0f}"]
        for name, each in found.items()
    ]
    return table(["held", "idle connections", "lost", "bytes each (PSS)", "requests meanwhile", "p99, µs"], rows)


def lines(each: Lines) -> list[str]:
    return [f"{each.instructions:,.0f}", f"{each.code:.1f}", f"{each.data:.1f}", f"{each.second:.1f}"]


def misses(found: dict[str, list[Misses]]) -> str:
    head = ["connections", "instructions", "code", "data", "second level"]
    rows = [[name, f"{each.connections}", *lines(each.all)] for name, levels in found.items() for each in levels]
    text = table(["lines missed in user space per request", *head], rows)
    if ours := found.get("sallygate"):
        most = ours[-1]
        stages = sorted(most.stages.items(), key=lambda item: -item[1].instructions)
        rows = [[name, f"{most.connections}", *lines(each)] for name, each in stages]
        text += "\n" + table(["of sallygate, by stage", *head], rows)
    return text


def calls(counted: Syscalls) -> list[str]:
    """Data calls, waits and the others by name, of all threads together."""
    total: dict[str, float] = {}
    for names in counted.by_role.values():
        for name, number in names.items():
            total[name] = total.get(name, 0) + number
    others = {name: number for name, number in total.items() if name not in DATA | WAITS and number >= 0.005}
    rest = ", ".join(f"{name} {number:.2f}" for name, number in sorted(others.items(), key=lambda item: -item[1]))
    data, waits = (sum(total.get(name, 0) for name in names) for names in (DATA, WAITS))
    return [f"{counted.connections}", f"{data:.3f}", f"{waits:.3f}", rest or "none", f"{sum(total.values()):.3f}"]


def facts(results: Results) -> str:
    about = results.facts
    guest = ", a virtual machine" if about["cpu_flags_hypervisor"] else ""
    return (
        f"{about['when']}: {about['cpu']}, {about['cpus']} CPUs{guest}, core {about['core']}, L2 {about['l2']}, "
        f"governor {about['governor'] or 'not visible'}; kernel {about['kernel']}, {about['libc']}; {about['rustc']}; "
        f"load average {about['load_average'][0]:.2f} at the start.\n"
    )


def micro_rows(results: Results) -> list[list[str]]:
    if results.micro is UNSET:
        return []
    return [[name, json.encode(row).decode()] for name, row in results.micro.items()]


def markdown(results: Results) -> str:
    parts = ["# Benchmark\n", facts(results)]
    rows = [[name, str(results.facts["versions"].get(name, "")), title] for name, title in results.peers.items()]
    rows += [[name, "-", reason] for name, reason in results.absent.items()]
    parts.append(table(["contender", "version", "work per request"], rows))
    if results.cpu is not UNSET:
        parts += ["## CPU\n", cpu(by_connections(results.cpu), results.peers)]
    if results.crossed is not UNSET and results.crossed:
        parts += ["## CPU across two cores\n", cpu(by_connections(results.crossed), results.peers)]
    if results.connect is not UNSET and results.connect:
        parts += ["## A connection per request\n", cpu(results.connect, results.peers)]
    if results.transfer is not UNSET and results.transfer:
        parts += ["## Large bodies\n", transfer(results.transfer, results.peers)]
    if results.syscalls is not UNSET:
        head = ["system calls per request", "connections", "data", "waits", "others", "all"]
        rows = [[name, *calls(counted)] for name, levels in results.syscalls.items() for counted in levels]
        parts += ["## System calls\n", table(head, rows)]
    if results.instructions is not UNSET:
        rows = [
            [
                name,
                f"{sum(each.by_role.values()):,.0f}",
                ", ".join(f"{what} {cost:,.0f}" for what, cost in each.top[:5]),
            ]
            for name, each in results.instructions.items()
        ]
        parts += ["## Instructions\n", table(["user-space instructions per request", "all", "dearest functions"], rows)]
    if results.routes is not UNSET and results.routes:
        rows = [[name, f"{sum(each.by_role.values()):,.0f}"] for name, each in results.routes.items()]
        parts.append(table(["instructions of sallygate per request", "all"], rows))
    if results.misses is not UNSET and results.misses:
        parts += ["## Cache misses\n", misses(results.misses)]
    if results.replay is not UNSET and results.replay is not None:
        cost = results.replay["instructions_per_exchange"]
        parts.append(f"The sans-I/O core alone: {cost:,.0f} instructions per exchange.\n")
    if results.lookup is not UNSET and results.lookup is not None:
        rows = [
            [f"{row.routes:,}", f"{row.hosts:,}", f"{row.paths:,}", f"{row.lookup_ns:.0f}"]
            for row in results.lookup.lookups
        ]
        parts += ["## Lookup\n", table(["routes", "hosts", "paths each", "ns per lookup"], rows)]
        parts.append(f"A read that no cache holds cost {results.lookup.miss_ns:.0f} ns meanwhile.\n")
    if results.publish is not UNSET and results.publish is not None:
        parts += ["## Publish\n", publish(results)]
    if results.memory is not UNSET:
        rows = [
            [name, f"{each.pss:.0f}", f"{each.rss:.0f}", f"{each.before_pss_kib:,}"]
            for name, each in results.memory.items()
        ]
        head = ["idle connection", "bytes (PSS)", "bytes (RSS)", "process before, KiB"]
        parts += ["## Memory\n", table(head, rows)]
    if results.held is not UNSET and results.held:
        parts += ["## Held connections\n", held(results.held)]
    if results.cluster is not UNSET and results.cluster is not None:
        parts += ["## Cluster\n", table(*cluster.rows(results.cluster)), cluster.notes(results.cluster)]
    if rows := micro_rows(results):
        parts += ["## Micro\n", table(["script", "result"], rows)]
    return "\n".join(parts)


def publish(results: Results) -> str:
    found = results.publish
    if found is UNSET or found is None:
        return ""
    rows = [["edit of the file to effect", spread_text(found.edit_to_effect), f"{found.edit_to_effect_p99:.1f}"]]
    if found.publish_to_effect_p99 is not None:
        rows.append(["publish to effect", spread_text(found.publish_to_effect), f"{found.publish_to_effect_p99:.1f}"])
    head = [
        f"ms, one of {found.routes:,} routes, {found.workers} workers, {found.edits} edits",
        "median [range]",
        "p99",
    ]
    return (
        table(head, rows)
        + f"\nCold start to served: {found.start_seconds:.1f} s. Meanwhile {found.background_requests:,} "
        f"background requests, {found.background_failed} failed.\n"
    )
