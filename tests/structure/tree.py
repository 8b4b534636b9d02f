"""Which files the project consists of."""
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".deps", ".venv", ".pytest_cache", "__pycache__", "build", "data"}


def tracked():
    """What git knows; nothing where there is no repository, or one of another user's."""
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True)
    return [ROOT / name for name in done.stdout.splitlines()]


def walked():
    """What lies there, but for what is built or fetched."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield from (Path(folder) / name for name in sorted(names))


FILES = [path for path in tracked() or walked() if path.is_file()]
