"""Starts, kills and restarts the server under test. Loopback only, port 0, ended by its process id."""
import atexit
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("PLENOPTIC_BINARY", ROOT / "build" / "plenoptic"))
if not BINARY.is_absolute():
    BINARY = ROOT / BINARY
SLOW = float(os.environ.get("PLENOPTIC_SLOW_FACTOR", "1"))


def launch(command, **more):
    """A process that does not outlive the tests, however they end."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **more)
    atexit.register(process.kill)
    return process


def first_line(process, timeout_s=60):
    """What a process says first; nothing where it ends before, or is silent for so long that it is killed."""
    timer = threading.Timer(timeout_s * SLOW, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


class Server:
    """`plenoptic dev` on a directory of its own (kept over restarts) or a throw-away one."""

    def __init__(self, *options, data=None):
        self.options = list(options)
        self.data = data
        self.errors = tempfile.NamedTemporaryFile("w+", prefix="plenoptic-stderr-", suffix=".log")
        self.process = None
        self.start()

    def launch(self, command, **more):
        """Starts it and returns what it says when it is ready."""
        self.killed = False
        self.process = launch(command, stderr=self.errors, **more)
        line = first_line(self.process)
        if not line:
            raise RuntimeError(f"the server did not start: {self.stderr()}")
        return line

    def start(self):
        command = [BINARY, "dev", "--listen", "127.0.0.1:0", "--json", *self.options]
        if "--seed" not in self.options:
            command += ["--seed", "none"]
        if self.data:
            command += ["--data", self.data]
        ready = json.loads(self.launch(command))
        self.url = ready["url"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.key = ready["apiKey"]
        self.workspace = ready["workspace"]

    def stderr(self):
        self.errors.flush()
        return Path(self.errors.name).read_text()[-12000:]

    def kill(self):
        """As a power cut would."""
        self.killed = True
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Gracefully; returns the exit code. A sanitizer's finding makes it other than 0."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=20 * SLOW)
        finally:
            self.process.kill()  # one that does not stop is not left behind
        self.process.stdout.close()
        return code

    def finish(self):
        """Stops it if it runs. It has not ended in another way than the test wanted, by itself say."""
        assert self.stop() == (-signal.SIGKILL if self.killed else 0), self.stderr()

    def restart(self):
        self.kill()
        self.start()

    def socket_path(self):
        """The operator's socket: in the data directory, or the throw-away one of this process."""
        if self.data:
            return str(Path(self.data) / "plenoptic.sock")
        for file in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                target = os.readlink(file)
            except OSError:
                continue
            if target.endswith("/plenoptic.db"):
                return str(Path(target).parent / "plenoptic.sock")
        raise RuntimeError("no data directory found")

    def resident_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def alive(self):
        return self.process.poll() is None


class ServeServer(Server):
    """`plenoptic serve`, as operators run it: no workspace and no key of its own. `settings`: environment variables."""

    def __init__(self, *options, data, settings=None):
        self.settings = settings or {}
        super().__init__(*options, data=data)

    def start(self):
        command = [BINARY, "serve", "--data", self.data, *self.options]
        if not {"--listen", "--config"} & set(self.options):
            command += ["--listen", "127.0.0.1:0"]
        line = self.launch(command, env={**os.environ, **self.settings})
        self.url = re.search(r"listens on (\S+),", line).group(1)
        self.port = int(self.url.rsplit(":", 1)[1])
        self.key, self.workspace = "", "acme"


def wait_until(condition, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s * SLOW
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False
