"""The harness hides nothing: not a server that died, not an answer that was lost. And it leaves alone what is not the tests'."""
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from harness.client import Client
from harness.server import ROOT, Server


def test_no_setting_of_whoever_runs_the_tests_reaches_a_server():
    settings = re.findall(r"PLENOPTIC_\w+", (ROOT / "docs/settings.md").read_text()) + ["PLENOPTIC_ADMIN_KEY", "LIGHTFIELD_API_KEY"]
    done = subprocess.run([sys.executable, "-c", "import harness, os; print(*os.environ)"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
                          env={**os.environ, **dict.fromkeys(settings, "x"), "PLENOPTIC_SEED": "1"})
    assert "PLENOPTIC_DATA" in settings and set(done.stdout.split()) & {*settings, "PLENOPTIC_SEED"} == {"PLENOPTIC_SEED"}


def test_a_server_that_died_by_itself_is_told():
    server = Server()
    os.kill(server.process.pid, signal.SIGKILL)
    with pytest.raises(AssertionError):
        server.finish()
    server.start()
    server.kill()
    server.finish()


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOTHING, HALF = b"", WHOLE[:-1]


@pytest.fixture
def scripted():
    """Starts a server that gives each of its connections the answers listed for it, then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve(connections):
            for answers in connections:
                with listener.accept()[0] as peer:
                    for answer in answers:
                        peer.recv(65536)
                        peer.sendall(answer)

        def start(*connections):
            threading.Thread(target=serve, args=(connections,), daemon=True).start()
            return SimpleNamespace(port=listener.getsockname()[1], key="k")

        yield start


def test_a_kept_connection_that_was_closed_is_replaced(scripted):
    client = Client(scripted([WHOLE], [WHOLE]))
    assert [client.get("/").status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("answers, resends, lost", [([NOTHING], True, ConnectionError), ([WHOLE, NOTHING], False, ConnectionError), ([WHOLE, HALF], True, http.client.IncompleteRead)],
                         ids=["on a new connection", "by a client that does not", "half of an answer"])
def test_nothing_else_is_sent_again(scripted, answers, resends, lost):
    client = Client(scripted(answers), resends=resends)  # whatever is sent again waits for an answer
    for _ in answers[1:]:
        client.get("/")
    with pytest.raises(lost):
        client.get("/")
