"""The CPU figures as a picture: bars with their range, the floor as the part of each bar that nobody can save."""

from pathlib import Path

from msgspec import UNSET

from bench.results import Results

COLOURS = {"floor": "#9aa5b1", "sallygate": "#0b7285", "nginx": "#2f9e44", "haproxy": "#e8590c"}


def colour(name: str) -> str:
    return COLOURS.get(name.partition("-")[0], "#495057")


def draw(results: Results, file: Path) -> bool:
    """False where there is nothing to draw, or nothing to draw it with."""
    if results.cpu is UNSET:
        return False
    try:
        import matplotlib as mpl  # noqa: PLC0415 -- an optional dependency, and slow to import

        mpl.use("Agg")
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError:
        return False
    levels = results.cpu
    names = [name for name in results.peers if name in levels[0].cpu_us]
    figure, axes = plt.subplots(1, len(levels), figsize=(3.6 * len(levels), 3.8), sharey=True, squeeze=False)
    for axis, level in zip(axes[0], levels, strict=True):
        spreads = [level.cpu_us[name] for name in names]
        heights = [each.median for each in spreads]
        reach = [[each.median - each.low for each in spreads], [each.high - each.median for each in spreads]]
        quiet = ["//" if name.endswith("-quiet") else "" for name in names]
        axis.bar(names, heights, yerr=reach, color=[colour(name) for name in names], hatch=quiet, capsize=3)
        if "floor" in level.cpu_us:
            axis.axhline(level.cpu_us["floor"].median, color=COLOURS["floor"], linestyle="--", linewidth=1)
        axis.set_title(f"{level.connections} connections")
        axis.tick_params(axis="x", labelrotation=60)
        axis.set_ylim(bottom=0)
    axes[0][0].set_ylabel("CPU µs per request")
    figure.suptitle(f"{results.facts['cpu']}, one core, keep-alive")
    figure.tight_layout()
    figure.savefig(file)
    plt.close(figure)
    return True
