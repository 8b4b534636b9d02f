"""Starts, kills and restarts the server under test. Loopback only, port 0, ended by its process id."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("PLENOPTIC_BINARY", ROOT / "build" / "plenoptic"))
if not BINARY.is_absolute():
    BINARY = ROOT / BINARY
SLOW = float(os.environ.get("PLENOPTIC_SLOW_FACTOR", "1"))


class Server:
    """`plenoptic dev` on a directory of its own (kept over restarts) or a throw-away one."""

    def __init__(self, *options, data=None):
        self.options = list(options)
        self.data = data
        self.errors = tempfile.NamedTemporaryFile("w+", prefix="plenoptic-stderr-", suffix=".log")
        self.process = None
        self.start()

    def start(self):
        command = [str(BINARY), "dev", "--listen", "127.0.0.1:0", "--json", *self.options]
        if "--seed" not in self.options:
            command += ["--seed", "none"]
        if self.data:
            command += ["--data", str(self.data)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start: {self.stderr()}")
        ready = json.loads(line)
        self.url = ready["url"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.key = ready["apiKey"]
        self.workspace = ready["workspace"]

    def stderr(self):
        self.errors.flush()
        return Path(self.errors.name).read_text()[-12000:]

    def kill(self):
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Gracefully; returns the exit code. A sanitizer's finding makes it other than 0."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20 * SLOW)
        self.process.stdout.close()
        return code

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
        command = [str(BINARY), "serve", "--data", str(self.data), *self.options]
        if not {"--listen", "--config"} & set(self.options):
            command += ["--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, stdin=subprocess.DEVNULL, text=True, env={**os.environ, **self.settings})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start: {self.stderr()}")
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
