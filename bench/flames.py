"""Where a server's time goes: samples its stacks under one scenario after another (perf), and draws each as a flame graph, a thread at a time.

Width is the share of samples; what stands on a frame was called by it. Beside each picture stand the functions in which most samples ended.
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

from bench.machine import ROOT, end_all, note
from bench.plenoptic import Server, copy_of
from bench.scenarios import ON_EVERY_SIZE

SCENARIOS = {name: connections for name, connections in ON_EVERY_SIZE.items() if name != "offset"} | {"mixed": 32}  # offset is two lists
WIDTH, FRAME_HEIGHT = 1200, 16
LETTER = 6.6  # a letter's width


def record(server, scenario, seconds, file):
    """Samples of all of the server's threads while the scenario goes on. Stacks are unwound from their copies: the program has no frame pointers."""
    load = ThreadPoolExecutor(1).submit(server.drive, scenario, seconds + 2, SCENARIOS[scenario], seed=7)
    try:
        subprocess.run(["perf", "record", "--quiet", "--event", "cpu-clock", "--freq", "499", "--call-graph", "dwarf,16384", "--pid", str(server.process.pid), "--output", file, "--",
                        "sleep", str(seconds)], check=True)
    finally:
        load.result()


def folded(file):
    """Stack, from its thread's name on, to samples."""
    said = subprocess.run(["perf", "script", "--no-inline", "--input", file, "--fields", "comm,ip,sym"], capture_output=True, text=True, check=True).stdout
    stacks = Counter()
    for block in said.split("\n\n"):
        head, *frames = [line for line in block.splitlines() if line.strip()] or [""]
        names = [short(frame.strip().partition(" ")[2]) for frame in frames]
        if names:
            stacks[(head.strip(), *reversed(names))] += 1
    return stacks


def short(symbol):
    """Without parameters, which fill a line and say little."""
    name = re.sub(r"operator(<=>|<<=?|>>=?|->\*?|<=?|>=?|\(\))", "operator", symbol.replace("(anonymous namespace)", "{}").replace("plenoptic::", ""))
    depth, kept = 0, []
    for letter in name:
        depth += letter in "(<"
        if not depth:
            kept.append(letter)
        depth -= letter in ")>"
    return "".join(kept).strip() or "?"


def tree_of(stacks):
    root = {}
    for stack, count in stacks.items():
        level = root
        for name in stack:
            node = level.setdefault(name, [0, {}])
            node[0] += count
            level = node[1]
    return root


def boxes(level, total, left=0.0, depth=0):
    """(name, samples, left, depth) of each frame that is wide enough to be seen."""
    for name, (count, below) in sorted(level.items()):
        if count / total * WIDTH >= 0.5:
            yield name, count, left, depth
            yield from boxes(below, total, left, depth + 1)
        left += count / total * WIDTH


def draw(stacks, title):
    total = sum(stacks.values())
    found = list(boxes(tree_of(stacks), total))
    height = (max(depth for *_, depth in found) + 3) * FRAME_HEIGHT
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
             f'<text x="4" y="12">{escape(title)}: {total:,} samples</text>']
    for name, count, left, depth in found:
        width, top = count / total * WIDTH, height - (depth + 1) * FRAME_HEIGHT
        hue = zlib.crc32(name.encode()) % 50
        shown = name if len(name) * LETTER < width else name[:max(0, int(width / LETTER) - 1)]
        lines.append(f'<g><title>{escape(name)}: {count / total * 100:.1f} %</title><rect x="{left:.1f}" y="{top}" width="{max(width - 0.3, 0.2):.1f}" height="{FRAME_HEIGHT - 1}" fill="hsl({hue},90%,70%)"/>'
                     + (f'<text x="{left + 2:.1f}" y="{top + 11}">{escape(shown)}</text>' if len(shown) > 2 else "") + "</g>")
    return "\n".join(lines) + "\n</svg>\n"


def table(scenario, stacks, most=12):
    """The functions in which most samples ended, by thread."""
    total = sum(stacks.values())
    ends, threads = Counter(), Counter()
    for stack, count in stacks.items():
        ends[stack[0], stack[-1]] += count
        threads[stack[0]] += count
    lines = [f"\n## {scenario}\n", f"![{scenario}]({scenario}.svg)\n", ", ".join(f"{name} {count / total * 100:.0f} %" for name, count in threads.most_common(6)) + "\n", "| thread | ends in | share |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| {thread} | `{name}` | {count / total * 100:.1f} % |" for (thread, name), count in ends.most_common(most)]) + "\n"


def main(argv):
    parser = argparse.ArgumentParser(prog="python3 -m bench.flames", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a loaded data set: a directory below what `./dev bench --data DIR` keeps; sampled on a copy")
    parser.add_argument("--only", default=",".join(SCENARIOS), metavar="NAME[,NAME]", help="some of %(default)s")
    parser.add_argument("--seconds", type=int, default=8, help="of samples (%(default)s)")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results" / "flames", metavar="DIR", help="where pictures and tables go (%(default)s)")
    arguments = parser.parse_args(argv)
    chosen = arguments.only.split(",")
    if unknown := set(chosen) - set(SCENARIOS):
        raise SystemExit(f"error: no scenario '{', '.join(sorted(unknown))}'; there are {', '.join(SCENARIOS)}")
    if not shutil.which("perf"):
        raise SystemExit("error: there is no `perf` here; install it (apt-get install linux-perf) and try again")
    arguments.results.mkdir(parents=True, exist_ok=True)
    for old in arguments.results.glob("*.svg"):
        old.unlink()
    tables = [f"# Flame graphs\n\n{arguments.data.name} (opportunities, accounts, contacts, tasks); {arguments.seconds} s each, 499 samples a second of each core; the server on one core.\n"]
    with tempfile.TemporaryDirectory(prefix="flames-") as scratch:
        server = Server(copy_of(arguments.data, Path(scratch, "data"))).wait_until_ready()
        try:
            server.read_all_once()
            for scenario in chosen:
                note(f"samples of {scenario}")
                server.drive(scenario, 4, SCENARIOS[scenario], seed=3)
                record(server, scenario, arguments.seconds, f"{scratch}/samples")
                stacks = folded(f"{scratch}/samples")
                (arguments.results / f"{scenario}.svg").write_text(draw(stacks, scenario))
                tables.append(table(scenario, stacks))
                server.settle_after_writes()
        finally:
            end_all()
    (arguments.results / "README.md").write_text("".join(tables))
    note(f"written to {arguments.results}")


if __name__ == "__main__":
    main(sys.argv[1:])
