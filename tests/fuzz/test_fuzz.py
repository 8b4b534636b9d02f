"""Runs each fuzzer for a while on its kept corpus. PLENOPTIC_FUZZ_SECONDS sets how long."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "fuzz" / "tests" / "fuzz"
SECONDS = int(os.environ.get("PLENOPTIC_FUZZ_SECONDS", "8"))


@pytest.mark.parametrize("name", sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.cpp")))
def test_finds_nothing(name, tmp_path):
    corpus = tmp_path / "corpus"
    kept = HERE / "corpus" / name
    shutil.copytree(kept, corpus) if kept.exists() else corpus.mkdir()
    run = subprocess.run([str(BUILD / f"fuzz_{name}"), str(corpus), f"-max_total_time={SECONDS}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={tmp_path}/", "-print_final_stats=1"],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    executed = int(run.stderr.split("stat::number_of_executed_units:")[1].split()[0])
    print(f"{name}: {executed} inputs")
    assert executed > 1000
