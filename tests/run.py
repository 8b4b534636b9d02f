"""Runs every stage of the tests, each with a time budget, and ends with the line `N passed, N failed` (and how many were skipped, where any were).

Called by `./dev test`. Logs stand below build/test-logs/; a failed stage's end is printed.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
# What fails in a thread of a test fails the test.
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-W", "error::pytest.PytestUnhandledThreadExceptionWarning"]


@dataclass
class Stage:
    name: str
    budget_s: int
    command: list
    environment: dict = field(default_factory=dict)
    counts: str = "exit"  # exit | gtest | pytest | benchmark
    needs: str | None = None  # the stage that builds what this one runs
    long_only: bool = False


def unit(directory: str, **environment) -> dict:
    return {"command": [f"{directory}/tests/plenoptic_tests", "--gtest_shuffle", "--gtest_brief=1"], "counts": "gtest", "environment": environment}


def wire(binary: str, *what: str, slow: float = 1, **environment) -> dict:
    return {"command": [*PYTEST, *what], "counts": "pytest",
            "environment": {"PLENOPTIC_BINARY": binary, "PLENOPTIC_SLOW_FACTOR": str(slow), **environment}}


def fuzz(seconds: int) -> dict:
    return {"command": [*PYTEST, "tests/fuzz"], "counts": "pytest", "environment": {"PLENOPTIC_FUZZ_SECONDS": str(seconds)}, "needs": "fuzz-build"}


ASAN = {"ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
TSAN = {"TSAN_OPTIONS": f"halt_on_error=1:second_deadlock_stack=1:suppressions='{ROOT}/tests/tsan_suppressions.txt'"}


def stages() -> list:
    return [
        Stage("build", 900, ["./dev", "build-for-test", "release"]),
        Stage("structure", 30, [*PYTEST, "tests/structure"], counts="pytest"),
        Stage("unit", 60, **unit("build"), needs="build"),
        Stage("wire", 240, **wire("build/plenoptic", "tests/wire"), needs="build"),
        Stage("micro", 60, ["build/bench/micro/micro", "--benchmark_min_time=0.001"], counts="benchmark", needs="build"),
        Stage("crash", 150, **wire("build/plenoptic", "tests/crash"), needs="build"),
        Stage("fuzz-build", 300, ["./dev", "build-for-test", "fuzz"]),
        Stage("fuzz", 180, **fuzz(8)),
        Stage("asan-build", 600, ["./dev", "build-for-test", "asan"]),
        Stage("asan-unit", 120, **unit("build/asan", **ASAN), needs="asan-build"),
        Stage("asan-wire", 400, **wire("build/asan/plenoptic", "tests/wire", "-m", "not foreign", slow=4, PLENOPTIC_MODEL_STEPS="600", **ASAN), needs="asan-build"),
        Stage("tsan-build", 600, ["./dev", "build-for-test", "tsan"]),
        Stage("tsan-unit", 180, **unit("build/tsan", **TSAN), needs="tsan-build"),
        Stage("tsan-wire", 400, **wire("build/tsan/plenoptic", "tests/wire", "-m", "not foreign", slow=6, PLENOPTIC_MODEL_STEPS="400", **TSAN), needs="tsan-build"),
        Stage("fuzz-long", 7200, **fuzz(600), long_only=True),
        Stage("crash-long", 3600, **wire("build/plenoptic", "tests/crash", PLENOPTIC_CRASH_ROUNDS="600"), needs="build", long_only=True),
        Stage("model-long", 3600, **wire("build/plenoptic", "tests/wire/test_model.py", PLENOPTIC_MODEL_STEPS="100000"), needs="build", long_only=True),
    ]


def choose(only: list | None, long: bool) -> list:
    """The stages to run, in their order: where some are named, those and what builds what they run."""
    named = [stage for stage in stages() if (stage.name in only if only else long or not stage.long_only)]
    needed = {stage.needs for stage in named}
    return [stage for stage in stages() if stage in named or stage.name in needed]


def read_counts(kind: str, output: str, code: int) -> tuple:
    """(passed, failed, skipped) as the runner said; a stage that only exits counts as one."""
    if kind == "pytest":
        found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error|errors|skipped)", output.splitlines()[-1] if output.strip() else "")}
        failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
        return found.get("passed", 0), max(failed, 1 if code else 0), found.get("skipped", 0)
    if kind == "gtest":
        passed = re.search(r"\[  PASSED  \] (\d+) test", output)
        failed = re.search(r"\[  FAILED  \] (\d+) test", output)
        count = int(failed.group(1)) if failed else 0
        return int(passed.group(1)) if passed else 0, max(count, 1 if code else 0), 0
    if kind == "benchmark":
        failed = output.count("ERROR OCCURRED")
        return len(re.findall(r"^\w\S* +\S+ [num]s ", output, re.M)), max(failed, 1 if code else 0), 0
    return (1, 0, 0) if code == 0 else (0, 1, 0)


def end_group(process: subprocess.Popen) -> None:
    """Ends what is left of a stage, servers under test too: asks first, so that pytest can undo what its fixtures did."""
    for request in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, request)
            process.wait(timeout=10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def execute(stage: Stage, log: Path) -> int:
    """The exit code; -1 where it took four times its budget."""
    with open(log, "w") as out:
        process = subprocess.Popen(stage.command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **stage.environment},
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            return process.wait(timeout=stage.budget_s * 4)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            end_group(process)


def run(stage: Stage) -> tuple:
    log = LOGS / f"{stage.name}.log"
    started = time.monotonic()
    code = execute(stage, log)
    output = log.read_text(errors="replace")
    passed, failed, skipped = read_counts(stage.counts, output, code)
    if not passed + failed + skipped:
        failed = 1  # a stage in which nothing ran has shown nothing
    seconds = time.monotonic() - started
    late = "  OVER ITS BUDGET" if seconds > stage.budget_s else ""
    print(f"{stage.name:12} {passed:5} passed {failed:3} failed {skipped:3} skipped  {seconds:6.1f} s (budget {stage.budget_s} s){late}", flush=True)
    for line in output.splitlines():
        if line.startswith(("SKIPPED", "crash test:", "model test:")):
            print("   " + line, flush=True)
    if failed:
        print("\n".join("   | " + line for line in output.splitlines()[-60:]), flush=True)
        print(f"   the whole log: {os.path.relpath(log, ROOT)}", flush=True)
    return passed, failed, skipped


def end_with_the_stage_under_way() -> None:
    """What asks this program to end does so as Ctrl-C does, through `finally`; what whoever started it ignores stays ignored."""
    for request in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(request) is not signal.SIG_IGN:
            signal.signal(request, lambda number, _: sys.exit(128 + number))


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("--long", action="store_true", help="also what takes hours: long fuzzing, a long model test, hundreds of crashes")
    parser.add_argument("--only", action="append", metavar="STAGE", choices=[stage.name for stage in stages()],
                        help="run this stage only, after building what it runs (may be given again); %(choices)s")
    arguments = parser.parse_args()
    end_with_the_stage_under_way()
    LOGS.mkdir(parents=True, exist_ok=True)
    chosen = choose(arguments.only, arguments.long)
    total, broken = [0, 0, 0], set()
    for number, stage in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {stage.name} …", file=sys.stderr, flush=True)
        if stage.needs in broken:
            print(f"{stage.name:12} not run: {stage.needs} failed", flush=True)
            continue
        counts = run(stage)
        total = [a + b for a, b in zip(total, counts)]
        if counts[1]:
            broken.add(stage.name)
        if "build" in broken:
            break  # what does not build need not be tried with sanitizers
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
