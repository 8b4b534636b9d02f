"""The official Python SDK, unmodified but for base URL and key, at three of its versions."""
import subprocess
import sys
from pathlib import Path

import pytest
from harness.client import Client
from harness.server import ROOT, SLOW

VERSIONS = ["0.20.0a2", "0.14.0a0", "0.6.1a0"]


def environment(version):
    """A virtual environment with that version, kept for the next run. Skips loudly where the registry is out of reach."""
    home = ROOT / ".venv" / f"lightfield-{version}"
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", str(home)], check=True, capture_output=True)
        install = subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"lightfield=={version}"], capture_output=True, text=True)
        if install.returncode != 0:
            print(f"THE REGISTRY CANNOT BE REACHED: lightfield {version} is not tested: {install.stderr[-500:]}", file=sys.stderr)
            pytest.skip(f"lightfield=={version} CANNOT BE INSTALLED from PyPI: the official SDK is NOT TESTED")
        (home / "installed").touch()
    return python


@pytest.mark.foreign
@pytest.mark.parametrize("version", VERSIONS)
def test_official_sdk(version, fresh, tmp_path):
    python = environment(version)
    server, limited = fresh("--rate-limit", "0", data=tmp_path / "data"), fresh("--rate-limit", "3")
    weak = Client(server).create_key("weak", scopes=["accounts:read"])["key"]
    flow = Path(__file__).with_name("foreign_flow.py")
    # The limited server has a key of its own.
    run = subprocess.run([str(python), str(flow), server.url, server.key, weak, limited.url], capture_output=True, text=True, timeout=120 * SLOW, env={"LIMITED_KEY": limited.key, "PATH": "/usr/bin:/bin"})
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    for step in ("reference page", "flow", "typed errors", "async"):
        assert f"ok {step}" in run.stdout
    if version == VERSIONS[0]:
        assert "ok delete and restore" in run.stdout and "ok field history" in run.stdout
