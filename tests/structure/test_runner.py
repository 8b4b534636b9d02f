"""What runs the tests: nothing passes by not having run, and nothing outlives its stage."""
import sys
import time
from pathlib import Path

import pytest

from tree import ROOT

sys.path.insert(0, str(ROOT / "tests"))

import run  # noqa: E402


@pytest.mark.parametrize("kind, output, code, expected", [
    ("pytest", "3 passed, 1 skipped in 0.1s", 0, (3, 0, 1)), ("pytest", "1 failed, 2 passed, 1 error in 0.1s", 1, (2, 2, 0)), ("pytest", "no tests ran in 0.1s", 5, (0, 1, 0)),
    ("pytest", "3 passed in 0.1s", -11, (3, 1, 0)), ("gtest", "[  PASSED  ] 7 tests.", 0, (7, 0, 0)), ("gtest", "", -6, (0, 1, 0)), ("exit", "", 0, (1, 0, 0)),
])
def test_counts_are_the_runner_s_own(kind, output, code, expected):
    assert run.read_counts(kind, output, code) == expected


def test_a_stage_in_which_nothing_ran_has_failed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "LOGS", tmp_path)
    assert run.run(run.Stage("empty", 5, ["true"], counts="pytest")) == (0, 1, 0)


def is_running(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""  # a zombie has none
    except OSError:
        return False


def test_a_stage_that_hangs_ends_with_all_it_started(tmp_path):
    log = tmp_path / "log"
    assert run.execute(run.Stage("hangs", 0.5, ["bash", "-c", "sleep 60 & echo $!; wait"]), log) == -1
    deadline = time.monotonic() + 5
    while is_running(int(log.read_text())):
        assert time.monotonic() < deadline


def test_what_is_run_alone_is_built_first():
    assert [stage.name for stage in run.choose(["wire"], long=False)] == ["build", "wire"]
    assert [stage.name for stage in run.choose(["fuzz-long", "structure"], long=False)] == ["structure", "fuzz-build", "fuzz-long"]
    assert {stage.needs for stage in run.stages()} - {None} <= {stage.name for stage in run.stages()}
