import itertools
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.client import Client  # noqa: E402
from harness.server import Server  # noqa: E402

_numbers = itertools.count(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "foreign: official clients, downloaded from their registry")


@pytest.fixture(scope="session")
def server():
    """One server for every test that leaves others' records alone."""
    running = Server("--rate-limit", "0")
    yield running
    running.finish()


@pytest.fixture(scope="session")
def client(server):
    return Client(server)


@pytest.fixture
def fresh():
    """A server of one's own: call with options; ended at the end."""
    running = []

    def make(*options, data=None):
        server = Server(*options, data=data)
        running.append(server)
        return server

    yield make
    for server in running:
        server.finish()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED: a full disk; mounting a small file system is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def unique():
    """A number that no other test has."""
    return next(_numbers)


@pytest.fixture
def account(client, unique):
    return client.create("accounts", {"$name": f"Account {unique}"})


@pytest.fixture
def contact(client, unique):
    return client.create("contacts", {"$name": {"firstName": "Con", "lastName": f"Tact{unique}"}})


@pytest.fixture
def opportunity(client, account, unique):
    return client.create("opportunities", {"$name": f"Deal {unique}", "$stage": "Lead", "$amount": 100}, {"$account": account["id"]})


@pytest.fixture(scope="session")
def member(client):
    return client.list("members")["data"][-1]
