"""The machine: its facts, its disk, and processes pinned to one of its cores."""
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "bench-peers"
SERVER_CORE, LOAD_CORE = "0", "1"


def note(text):
    """Progress goes to standard error: standard output is the report."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def pinned(core, *command):
    return ["taskset", "-c", core, *map(str, command)]


_started = []


def start(command, **options):
    """A process that does not outlive this run, however that ends: end_all()."""
    process = subprocess.Popen(list(map(str, command)), **options)
    _started.append(process)
    return process


def end_all():
    while _started:
        end(_started.pop())


def end(process, patience_s=60):
    """Ends a process that this run started, and waits for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def settle(pid, patience_s=30):
    """Until a process neither computes nor waits for the disk: load that broke off leaves requests behind, a saved index is synced; neither may run into the next measurement."""
    def stat(path):
        return path.read_text().rsplit(")", 1)[1].split()

    def ticks():
        return sum(map(int, stat(Path(f"/proc/{pid}/stat"))[11:13]))

    def waits_for_disk():
        try:
            return any(stat(thread)[0] == "D" for thread in Path(f"/proc/{pid}/task").glob("*/stat"))
        except (FileNotFoundError, ProcessLookupError):
            return True  # a thread ended meanwhile: look again

    deadline, before = time.monotonic() + patience_s, ticks()
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if (now := ticks()) - before <= 1 and not waits_for_disk():
            return
        before = now


def wait_until_answers(url, process, log, patience_s=180):
    """Until something answers HTTP there; a process that ends before that is an error with its log in it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}: {Path(log).read_text()[-2000:]}")
        try:
            return urllib.request.urlopen(url, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within {patience_s} s: {Path(log).read_text()[-2000:]}")


def memory_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def tree_bytes(directory):
    return sum(path.stat().st_size for path in Path(directory).rglob("*") if path.is_file())


def syncs_per_second(directory, seconds=2.0):
    """How often this disk takes 4 KiB and an fdatasync: the ceiling of commits without groups."""
    block, count, started = b"x" * 4096, 0, time.monotonic()
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        while time.monotonic() - started < seconds:
            os.pwrite(file.fileno(), block, (count % 256) * 4096)
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.monotonic() - started)


def busy_share(seconds=2.0):
    """How much of all cores' time others take while this program waits, 0 to 1."""
    def times():
        fields = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
        return sum(fields), fields[3] + fields[4]

    total, idle = times()
    time.sleep(seconds)
    later, idle_later = times()
    return 1 - (idle_later - idle) / max(later - total, 1)


def output_of(*command):
    """First line of what a command says of its version; `absent` where it is not installed."""
    if not shutil.which(str(command[0])):
        return "absent"
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    return ((run.stdout + run.stderr).strip().splitlines() or ["?"])[0].strip()


def facts(directory):
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")) / 2**20
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {
        "cpu": cpu, "cores": os.cpu_count(), "memory_gib": round(memory, 1), "kernel": platform.release(),
        "busy_before": round(busy_share(), 2), "fdatasync_per_s": round(syncs_per_second(directory)), "commit": commit,
        "versions": {"wrk": output_of("wrk", "-v").split(" Copyright")[0], "nginx": output_of("nginx", "-v"), "postgresql": output_of("psql", "--version")},
    }
