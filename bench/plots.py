"""Plots of a run, as SVG: rate by size, latency by percentile, memory over time, ratios to peers."""
import math

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.fonttype"] = "none"
matplotlib.rcParams["svg.hashsalt"] = "plenoptic"
import matplotlib.pyplot as plt  # noqa: E402  (the back end is chosen first)

from bench.report import growth_of  # noqa: E402

COLOURS = {"Plenoptic": "tab:blue", "nginx": "tab:green", "PostgreSQL": "tab:purple", "PocketBase": "tab:orange", "Directus": "tab:red"}


def _save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def rate_by_size(results, path):
    sizes = results["sizes"]
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for scenario in results["scenarios"]:
        if scenario != "offset":
            axes.plot(sizes, [measured["rate"] for measured in growth_of(results, scenario)], marker="o", label=scenario)
    axes.set(xscale="log", xlabel="opportunities", ylabel="requests a second", title="Throughput by size", ylim=(0, None))
    axes.set_xticks(sizes, [f"{rows:,}" for rows in sizes])
    axes.minorticks_off()
    axes.grid(True, alpha=0.3)
    axes.legend(fontsize=8)
    _save(figure, path)


def latency(scenarios, path):
    """A curve per contender and scenario; the horizontal axis stretches towards the tail."""
    chosen = [name for name in ("retrieve", "update", "create", "list", "contains", "offset") if name in scenarios]
    if not chosen:
        return
    rows, columns = math.ceil(len(chosen) / 3), min(3, len(chosen))
    figure, grid = plt.subplots(rows, columns, figsize=(4.6 * columns, 3.8 * rows), squeeze=False)
    marks = [50, 90, 99, 99.9]
    for axes in grid.flat[len(chosen):]:
        axes.axis("off")
    for axes, scenario in zip(grid.flat, chosen):
        for name, result in scenarios[scenario].items():
            points = [(100 / (100 - percent), ms) for percent, ms in result["percentiles"] if ms > 0]
            if points:
                axes.plot(*zip(*points), label=name, linewidth=1)
        axes.set(xscale="log", yscale="log", title=scenario, xlabel="percentile", ylabel="ms")
        axes.set_xticks([100 / (100 - mark) for mark in marks], [f"{mark:g}" for mark in marks])
        axes.minorticks_off()
        axes.grid(True, alpha=0.3)
        axes.legend(fontsize=6)
    _save(figure, path)


def memory(samples, path):
    figure, axes = plt.subplots(figsize=(7, 3.2))
    axes.plot([at for at, _ in samples], [mib for _, mib in samples])
    axes.set(xlabel="seconds of mixed load", ylabel="resident MiB", title="Memory over time", ylim=(0, 1.15 * max(mib for _, mib in samples)))
    axes.grid(True, alpha=0.3)
    _save(figure, path)


def ratios(scenarios, path):
    """How many times each contender's rate Plenoptic has."""
    bars = [(f"{scenario}: {name}", measured["Plenoptic"]["rate"] / result["rate"]) for scenario, measured in scenarios.items() for name, result in measured.items() if name != "Plenoptic" and result["rate"]]
    if not bars:
        return
    figure, axes = plt.subplots(figsize=(8, 0.24 * len(bars) + 1.2))
    bars.reverse()
    colours = [COLOURS[name.split(": ")[1].split(",")[0]] for name, _ in bars]
    drawn = axes.barh([name for name, _ in bars], [ratio for _, ratio in bars], color=colours)
    axes.bar_label(drawn, [f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.1f} x" for _, ratio in bars], fontsize=7, padding=2)
    axes.set(xscale="log", xlabel="Plenoptic's rate, times the peer's", title="Beside peers, the same rows", xlim=(min(1, *(ratio for _, ratio in bars)), None), ylim=(-0.6, len(bars) - 0.4))
    axes.grid(True, axis="x", alpha=0.3)
    axes.tick_params(axis="y", labelsize=7)
    axes.margins(x=0.1)
    _save(figure, path)


def draw(results, directory):
    own, peers = results.get("by_size"), results.get("beside_peers")
    if own and own.get("scenarios"):
        if len(own["sizes"]) > 1:
            rate_by_size(own, directory / "rate_by_size.svg")
        latency(own["scenarios"], directory / "latency.svg")
    if own and own.get("mixed", {}).get("memory_mib"):
        memory(own["mixed"]["memory_mib"], directory / "memory.svg")
    if peers and peers.get("scenarios"):
        latency(peers["scenarios"], directory / "latency_beside_peers.svg")
        ratios(peers["scenarios"], directory / "ratios_beside_peers.svg")
