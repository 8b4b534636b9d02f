"""Measures Plenoptic beside nginx, PostgreSQL, PocketBase and Directus in one run, and prints one table of rates, latencies, ratios and aims."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from bench import report, scenarios, stages
from bench.machine import ROOT, end_all, facts, note

ENDED_BY_SIGNAL = "ended by a signal"
NAMES = [*scenarios.ON_EVERY_SIZE, "growth", "mixed", "memory", "overload", "start", "disk", "idle"]
EXAMPLES = f"""scenarios: {', '.join(NAMES)}

examples:
  ./dev bench                                     everything: about an hour; 1,000,000 opportunities, peers at 100,000
  ./dev bench --quick                             a few minutes: 20,000 opportunities, beside nginx and PostgreSQL
  ./dev bench --quick --only retrieve,update      two scenarios
  ./dev bench --data build/bench-data             keep the loaded data sets there, and use them again next time
  ./dev bench --rows 5000 --seconds 2 --rounds 1 --peers all
                                                  does everything run? (its figures mean nothing)
  ./dev bench --micro                             micro benchmarks of the hot functions (more options: --micro --help)

The report goes to standard output and, with machine facts and plots, to bench/results/. bench/README.md explains all of it.
"""


def names_of(text, known, what):
    if text in ("all", "none"):
        return set(known) if text == "all" else set()
    chosen = set(text.split(","))
    if unknown := chosen - set(known):
        raise SystemExit(f"error: no {what} '{', '.join(sorted(unknown))}'; there are {', '.join(known)}")
    return chosen


def arguments_of(argv):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few minutes: small data sets, short rounds, no PocketBase and Directus unless --peers names them")
    parser.add_argument("--rows", type=int, help="opportunities of the largest data set; the rest follows in proportion (1,000,000; 20,000 with --quick)")
    parser.add_argument("--peer-rows", type=int, help="rows of each table beside PocketBase and Directus (a tenth of --rows, 100,000 at most)")
    parser.add_argument("--rounds", type=int, help="measurements of each, of which the median counts (3; 2 with --quick)")
    parser.add_argument("--seconds", type=int, help="of each measurement, updates three times as long (8; 1 with --quick)")
    parser.add_argument("--mixed-seconds", type=int, help="of the mixed load (600; 20 with --quick)")
    parser.add_argument("--peers", help="all, none, or some of " + ",".join(stages.PEERS) + " (all; nginx,postgres with --quick)")
    parser.add_argument("--only", default="all", metavar="NAME[,NAME]", help="only these scenarios")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep loaded data sets in DIR and use those that stand there; measured on a copy (default: load anew, throw away)")
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()), metavar="DIR", help="where servers and peers write: this disk is measured (%(default)s)")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results", metavar="DIR", help="where the report goes (%(default)s)")
    return parser.parse_args(argv)


def plan_of(arguments, scratch):
    quick = arguments.quick
    rows = arguments.rows or (20_000 if quick else 1_000_000)
    only = set() if arguments.only == "all" else names_of(arguments.only, NAMES, "scenario")
    return stages.Plan(
        rows=rows, peer_rows=arguments.peer_rows or min(100_000, max(rows // 10, 1000)), rounds=arguments.rounds or (2 if quick else 3), seconds=arguments.seconds or (1 if quick else 8),
        mixed_seconds=arguments.mixed_seconds or (20 if quick else 600), peers=names_of(arguments.peers or ("nginx,postgres" if quick else "all"), stages.PEERS, "peer"),
        only=only, scratch=scratch, kept=arguments.data.resolve() if arguments.data else None)


def measure(plan, results):
    """Fills `results`, stage by stage."""
    if plan.wants("idle"):
        results["idle"] = scenarios.idle_and_empty(plan.scratch)
    if plan.wants(*(name for name in NAMES if name != "idle")):
        stages.by_size(plan, results.setdefault("by_size", {}))
    if plan.peers & {"pocketbase", "directus"} and plan.wants(*scenarios.BESIDE_PEERS):
        stages.beside_peers(plan, results.setdefault("beside_peers", {}))


def measure_and_report(plan, directory):
    """What was measured is reported even where something failed later or somebody had enough: an hour's figures are worth having. Ended by a signal, it leaves the last report where it is."""
    results = {"at": time.strftime("%Y-%m-%d %H:%M"), "machine": facts(plan.scratch), "failure": None}
    started = time.monotonic()
    try:
        measure(plan, results)
    except KeyboardInterrupt:
        results["failure"] = ENDED_BY_SIGNAL
    except Exception:
        results["failure"] = traceback.format_exc()
    results["plan"] = {name: getattr(plan, name) for name in ("rows", "peer_rows", "rounds", "seconds", "mixed_seconds", "absent")} | {"peers": sorted(plan.peers)}
    results["minutes"] = round((time.monotonic() - started) / 60, 1)
    print(report.text(results))
    if results["failure"] is ENDED_BY_SIGNAL:
        note(f"{ENDED_BY_SIGNAL}: nothing was written to {directory}")
        return 130
    write(results, directory)
    if results["failure"]:
        note(f"FAILED before the end:\n{results['failure']}")
    return 1 if results["failure"] else 0


def write(results, directory):
    from bench import plots  # matplotlib: not for --help
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.svg"):
        old.unlink()
    (directory / "latest.json").write_text(json.dumps(results, indent=1) + "\n")
    (directory / "latest.md").write_text(report.markdown(results))
    plots.draw(results, directory)
    note(f"written to {directory}")


def main(argv):
    arguments = arguments_of(argv)
    if os.cpu_count() < 2:
        raise SystemExit("error: the bench needs two cores, one for the server and one for the load")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does: peers are ended, directories removed
    arguments.scratch.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir=arguments.scratch))
    scratch.chmod(0o755)  # PostgreSQL's user passes through
    try:
        return measure_and_report(plan_of(arguments, scratch), arguments.results)
    finally:
        end_all()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
