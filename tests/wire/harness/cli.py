"""Runs `plenoptic` commands as a person would."""
import json
import subprocess

from .server import BINARY, SLOW


def run(*arguments, **more):
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=60 * SLOW, stdin=subprocess.DEVNULL, **more)


def ok(*arguments):
    """The JSON that the command prints with --json."""
    done = run(*arguments, "--json")
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    assert done.stdout.count("\n") == 1, done.stdout
    return json.loads(done.stdout)


def fails(*arguments):
    """What the command says when it fails."""
    done = run(*arguments)
    assert done.returncode != 0, f"{arguments}: {done.stdout}"
    return done.stderr + done.stdout
