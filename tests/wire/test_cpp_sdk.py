"""The C++ client as its users have it: installed, found with find_package, its examples compiled and run against a real server."""
import os
import subprocess

import pytest
from harness.client import Client, field
from harness.server import ROOT, SLOW, Server

BUILD = ROOT / "build"


@pytest.fixture(scope="module")
def programs():
    """The stranger's build tree. Kept for the next run; ninja sees what changed."""
    prefix, user = BUILD / "sdk-prefix", BUILD / "sdk-user"

    def run(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    run("ninja", "-C", BUILD, "plenoptic_sdk_installed")
    run("cmake", "--install", BUILD, "--component", "sdk", "--prefix", prefix)
    run("cmake", "-S", ROOT / "tests" / "sdk", "-B", user, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEXAMPLES={ROOT / 'sdk' / 'cpp' / 'examples'}",
        "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    run("ninja", "-C", user)
    return user


@pytest.mark.foreign
def test_every_operation_and_typed_error(programs, fresh):
    server, limited = fresh("--rate-limit", "0"), fresh("--rate-limit", "3")
    weak = Client(server).create_key("weak", scopes=["accounts:read"])["key"]
    done = subprocess.run([str(programs / "flow"), server.url, server.key, weak, limited.url, limited.key], capture_output=True, text=True, timeout=120 * SLOW)
    assert done.returncode == 0 and "ok flow" in done.stdout and "ok errors" in done.stdout, done.stdout + done.stderr


@pytest.mark.foreign
def test_the_examples(programs, fresh):
    server = fresh("--rate-limit", "0", "--seed", "demo")
    client = Client(server)
    deal = client.list("opportunities", {"$stage[-equal]": "Proposal"})["data"][0]["id"]
    environment = {**os.environ, "LIGHTFIELD_API_KEY": server.key, "LIGHTFIELD_BASE_URL": server.url}
    done = subprocess.run([str(programs / "update_opportunity"), deal], capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and deal in done.stdout, done.stderr
    assert field(client.retrieve("opportunities", deal), "$amount") == 75000
    for example in sorted((ROOT / "sdk" / "cpp" / "examples").glob("*.cpp")):
        if example.stem != "update_opportunity":
            done = subprocess.run([str(programs / example.stem)], capture_output=True, text=True, env=environment)
            assert done.returncode == 0 and done.stdout, f"{example.stem}: {done.stderr}"
