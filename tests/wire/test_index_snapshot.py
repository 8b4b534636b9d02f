"""The index's snapshot beside the database: a start reads it, whatever became of it, and lists are as they were."""
import hashlib
import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest
from harness import cli
from harness.client import Client
from harness.server import wait_until
from harness.snapshot import snapshot as everything

OPTIONS = ["--rate-limit", "0", "--public-url", "https://crm.example", "--log-level", "info", "--index-snapshot-after", "1"]


def file_in(data):
    return data / "index" / "1.snapshot"


def events(server, name):
    """Lines of the log; a kill may have cut one short."""
    return [json.loads(line) for line in re.findall(r'\{"time":"[^"]*","level":"\w+","event":"%s"[^{}]*\}' % name, Path(server.errors.name).read_text())]


def last_load(server):
    assert wait_until(lambda: events(server, "index_loaded"))
    return events(server, "index_loaded")[-1]


def fill(client, begin, count):
    account = client.create("accounts", {"$name": f"Acme {begin}", "$website": [f"https://a{begin}.example"]})["id"]
    contacts = [client.create("contacts", {"$name": {"firstName": "Ada", "lastName": f"N{n}"}, "$email": [f"a{n}@x.example"]})["id"] for n in range(begin, begin + count)]
    deals = [client.create("opportunities", {"$name": f"Deal {n}", "$stage": "Lead", "$amount": n}, {"$account": account, "$champion": contacts[:3]})["id"] for n in range(begin, begin + count)]
    client.update("opportunities", deals[0], {"$stage": "Won", "$amount": 5}, {"$champion": {"remove": contacts[0]}})
    client.delete(f"/v1/opportunities/{deals[1]}")
    client.delete(f"/v1/opportunities/{deals[2]}")
    client.post(f"/v1/opportunities/{deals[2]}/restore")
    return account, contacts


def answers(client, account, contact):
    """Of filters of every kind of column and of links, beside all there is."""
    queries = [("opportunities", {"$name[startsWith]": "deal 1"}), ("opportunities", {"$stage[equal]": "Lead"}), ("opportunities", {"$amount[greaterThan]": 3}),
               ("opportunities", {"$account[equal]": account}), ("opportunities", {"$champion[equal]": contact}), ("contacts", {"$email[contains]": "a1"}), ("accounts", {"$website[contains]": "a1"})]
    return everything(client), [client.list(plural, query) for plural, query in queries]


@pytest.fixture
def killed(fresh, tmp_path):
    """A server that was killed a while after its last snapshot, what it had answered, and how to ask again."""
    data = tmp_path / "data"
    server = fresh(*OPTIONS, data=data)
    fill(Client(server), 0, 12)
    assert wait_until(lambda: file_in(data).exists(), timeout_s=20)
    server.kill()
    server.start()
    client = Client(server)
    account, contacts = fill(client, 100, 12)
    before = answers(client, account, contacts[1])
    server.kill()
    return server, before, lambda: answers(Client(server), account, contacts[1])


def test_a_killed_server_starts_from_its_snapshot(killed):
    server, before, ask = killed
    server.start()
    assert ask() == before
    assert last_load(server)["from"] == "snapshot"
    fill(Client(server), 200, 5)  # and it goes on
    counts = [Client(server).list(plural)["totalCount"] for plural in ("accounts", "contacts", "opportunities")]
    server.restart()
    assert [Client(server).list(plural)["totalCount"] for plural in ("accounts", "contacts", "opportunities")] == counts


def test_files_are_their_owners(killed):
    server = killed[0]
    assert stat.S_IMODE(os.stat(server.data / "index").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(file_in(server.data)).st_mode) == 0o600


DAMAGE = {"a byte": lambda content: content[:len(content) // 3] + bytes([content[len(content) // 3] ^ 4]) + content[len(content) // 3 + 1:],
          "cut short": lambda content: content[:len(content) // 2], "empty": lambda content: b"", "something else": lambda content: b"x" * 5000}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_one_is_made_anew(killed, damage):
    server, before, ask = killed
    file = file_in(server.data)
    file.write_bytes(damage(file.read_bytes()))
    done = cli.run("verify", server.data)
    assert done.returncode == 0 and "is not used: it is damaged" in done.stdout and "saved anew" in done.stdout, done.stdout
    server.start()
    assert ask() == before
    refused = events(server, "index_snapshot_refused")
    assert len(refused) == 1 and "damaged" in refused[0]["reason"] and last_load(server)["from"] == "database"
    assert wait_until(lambda: events(server, "index_snapshot"), timeout_s=20)
    server.restart()
    assert ask() == before and last_load(server)["from"] == "snapshot"


def test_what_a_crash_left_half_written_makes_room_for_the_next(small_disk, fresh):
    data = small_disk / "data"
    server = fresh(*OPTIONS[:-1], "0", data=data)
    for number in range(40):
        Client(server).create("accounts", {"$name": f"{number} " + "x" * 9000})
    assert server.stop() == 0
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 400_000))
    server = fresh(*OPTIONS, data=data)
    assert wait_until(lambda: events(server, "index_snapshot_failed"), timeout_s=20)
    assert "too little room" in events(server, "index_snapshot_failed")[0]["reason"]
    assert server.stop() == 0
    file_in(data).parent.mkdir(exist_ok=True)
    ballast.rename(data / "index" / "1.snapshot.new")
    server.start()
    assert wait_until(lambda: events(server, "index_snapshot"), timeout_s=20)
    assert [file.name for file in file_in(data).parent.iterdir()] == ["1.snapshot"]


def test_a_restored_backup_is_not_answered_from_a_newer_one(fresh, tmp_path):
    data = tmp_path / "data"
    server = fresh(*OPTIONS, data=data)
    Client(server).create("accounts", {"$name": "In the backup"})
    assert server.stop() == 0
    backup = (data / "plenoptic.db").read_bytes()
    server.start()
    client = Client(server)
    client.create("accounts", {"$name": "Not in the backup"})
    written = len(events(server, "index_snapshot"))
    assert wait_until(lambda: len(events(server, "index_snapshot")) > written, timeout_s=20)
    assert server.stop() == 0
    (data / "plenoptic.db").write_bytes(backup)
    server.start()
    assert [record["fields"]["$name"]["value"] for record in Client(server).list("accounts")["data"]] == ["In the backup"]
    assert "past" in events(server, "index_snapshot_refused")[-1]["reason"]


def test_verify_asks_it_too_and_leaves_it_as_it_is(killed):
    server = killed[0]

    def fingerprint():
        return {path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in server.data.rglob("*") if path.is_file()}

    before = fingerprint()
    done = cli.run("verify", server.data, "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said["verdict"] == "sound" and said["notes"] == [] and said["checked"]["indexSnapshots"] == 1, said
    assert fingerprint() == before


@pytest.mark.parametrize("options", [[], ["--index-snapshot-after", "0"]], ids=["few records", "off"])
def test_there_is_none_where_none_is_wanted(fresh, tmp_path, options):
    server = fresh("--rate-limit", "0", *options, data=tmp_path / "data")
    Client(server).create("accounts", {"$name": "One"})
    assert server.stop() == 0
    assert not (tmp_path / "data" / "index").exists()
