"""`plenoptic verify`: says sound of what is, names what is not, and touches nothing."""
import hashlib
import json
import shutil
import sqlite3

import pytest

from harness import cli
from harness.client import Client
from harness.server import Server


def fingerprint(directory):
    """Names, bytes and times of every file, the operator's socket aside."""
    return {path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in directory.iterdir() if path.is_file()}


def verdict(directory):
    done = cli.run("verify", directory, "--json")
    return done.returncode, json.loads(done.stdout)


def fill(client):
    account = client.create("accounts", {"$name": "Acme", "$website": ["https://acme.example"]})["id"]
    contacts = [client.create("contacts", {"$name": {"firstName": "Ada", "lastName": f"N{n}"}, "$email": [f"a{n}@x.example"]})["id"] for n in range(3)]
    deals = [client.create("opportunities", {"$name": f"Deal {n}", "$stage": "Lead", "$amount": n}, {"$account": account, "$champion": contacts},
                           headers={"Idempotency-Key": f"deal-{n}"})["id"] for n in range(5)]
    client.update("opportunities", deals[0], {"$stage": "Won"}, {"$champion": {"remove": contacts[0]}})
    client.delete(f"/v1/opportunities/{deals[1]}")
    client.delete(f"/v1/opportunities/{deals[2]}")
    client.post(f"/v1/opportunities/{deals[2]}/restore")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A stopped server's directory, to be copied."""
    data = tmp_path_factory.mktemp("verify") / "data"
    server = Server("--rate-limit", "0", data=data)
    fill(Client(server))
    assert server.stop() == 0
    return data


def test_a_sound_directory_is_called_sound_and_counted(sound):
    code, said = verdict(sound)
    assert (code, said["verdict"], said["wrong"]) == (0, "sound", [])
    checked = said["checked"]
    # A member, an account, three contacts, five deals; each deal's account, creator and three champions, one of them taken away.
    assert checked["records"] == 10 and checked["links"] == 24 and checked["keptAnswers"] == 5 and checked["uniqueValues"] == 5
    assert checked["logEntries"] == 14 and checked["indexQuestions"] > 100


def test_a_killed_servers_directory_is_read_with_what_its_log_holds_and_left_as_it_is(tmp_path):
    server = Server("--rate-limit", "0", data=tmp_path / "data")
    fill(Client(server))
    server.kill()
    assert (tmp_path / "data" / "plenoptic.db-wal").stat().st_size > 0
    before = fingerprint(tmp_path / "data")
    code, said = verdict(tmp_path / "data")
    assert code == 0 and said["checked"]["records"] == 10
    assert fingerprint(tmp_path / "data") == before


def test_a_stopped_servers_directory_is_left_as_it_is(sound):
    before = fingerprint(sound)
    assert verdict(sound)[0] == 0
    assert fingerprint(sound) == before


def test_what_cannot_be_checked_ends_with_2_and_a_next_step(tmp_path, fresh):
    assert "Name the directory" in cli.run("verify", tmp_path).stderr and cli.run("verify", tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []
    server = fresh("--rate-limit", "0", data=tmp_path / "data")
    done = cli.run("verify", tmp_path / "data")
    assert done.returncode == 2 and f"(process {server.process.pid})" in done.stderr and "Stop it first" in done.stderr


A_DEAL = "(SELECT id FROM records WHERE type = 3 AND deleted_at IS NULL ORDER BY id LIMIT 1)"
DAMAGE = [
    ("links", "do not decode", f"UPDATE records SET links = x'ff' WHERE id = {A_DEAL}"),
    ("storage", "trash are no trashed", f"INSERT INTO trash SELECT workspace_id, id FROM records WHERE id = {A_DEAL}"),
    ("storage", "missing from the trash", "DELETE FROM trash"),
    ("storage", "logs have gaps", "DELETE FROM change_log WHERE sequence = 3"),
    ("storage", "logs have gaps", "UPDATE workspaces SET log_sequence = log_sequence + 1"),
    ("storage", "versions are not in the log", f"UPDATE records SET version = 999 WHERE id = {A_DEAL}"),
    ("storage", "no live record", "UPDATE unique_values SET holder = zeroblob(16) WHERE type = 1"),
    ("storage", "stand elsewhere", f"UPDATE records SET place = place - 1000 WHERE id = {A_DEAL}"),
    ("storage", "no object type", "UPDATE records SET type = 77 WHERE type = 1"),
    ("unique values", "kept unique for nobody", "DELETE FROM unique_values WHERE type = 2"),
    ("unique values", "which does not have it", "INSERT INTO unique_values SELECT workspace_id, type, field, x'78', holder FROM unique_values WHERE type = 1"),
    ("links", "one end only, its destination's", "DROP SOURCE"),
    ("links", "one end only, its source's", "DELETE FROM links WHERE side = 1 AND record_id IN (SELECT id FROM records WHERE type = 1)"),
    ("links", "end that is no record", "STRAY LINK"),
    ("links", "one end only, its destination's", f"UPDATE records SET links = x'' WHERE id = {A_DEAL}"),
    ("links", "do not decode", f"UPDATE records SET links = CAST(links || substr(links, 1, 20) AS BLOB) WHERE id = {A_DEAL}"),
    ("links", "which has one", "UPDATE records SET links = CAST(substr(links, 1, 20) || substr(links, 1, 4) || x'ffffffffffffffffffffffffffffffff' || substr(links, 21) AS BLOB) "
                               f"WHERE id = {A_DEAL}"),
    ("storage", "belong into their records'", f"INSERT OR IGNORE INTO links SELECT workspace_id, substr(others, 1, 16), type, 0, x'', record_id FROM links WHERE side = 1 AND substr(others, 1, 16) = {A_DEAL}"),
    ("storage", "other ids than their pieces", "UPDATE links SET others = x''"),
    ("storage", "other ids than their pieces", "UPDATE links SET others = substr(others, 1, 15)"),
    ("storage", "other ids than their pieces", "UPDATE links SET start = x'ff'"),
    ("storage", "other ids than their pieces", "INSERT INTO links SELECT workspace_id, record_id, type, side, zeroblob(16), x'00000000000000000000000000000001' FROM links"),
    ("links", "do not decode", "UPDATE links SET others = CAST(others || substr(others, 1, 16) AS BLOB)"),
    ("links", "does not have", "UPDATE links SET type = 4000"),
    ("log", "in storage and not in the log", "ADD LINK"),
    ("log", "in the log and not in storage", "DROP LINK"),
    ("log", "another than the log says", "SWAP FIELDS"),
    ("log", "first entry", "UPDATE change_log SET kind = 1 WHERE kind = 2"),
    ("log", "cannot be", "UPDATE change_log SET kind = 2 WHERE kind = 3"),
    ("log", "does not decode", "UPDATE change_log SET body = x'ff' WHERE kind = 2"),
    ("log", "at another time", "UPDATE records SET updated_at = updated_at + 5 WHERE version IN (SELECT sequence FROM change_log WHERE kind = 2)"),
    ("log", "belong to records' histories", "UPDATE change_log SET previous_sequence = 1 WHERE kind = 2"),
    ("values", "does not decode", f"UPDATE records SET fields = x'ff' WHERE id = {A_DEAL}"),
    ("values", "does not define", "SWAP TYPES"),
    ("values", "none of its type", "SWAP TYPES"),
    ("definitions", "does not decode", "UPDATE definitions SET body = '{' WHERE kind = 2 AND number = 1 AND object_type = 3"),
    ("idempotency", "is no JSON", "UPDATE idempotency SET body = 'x'"),
    ("idempotency", "is of no operation", "UPDATE idempotency SET operation = 'x.y'"),
    ("idempotency", "record that is not there", "UPDATE idempotency SET body = replace(body, 'opp_c', 'opp_c0')"),
]


def others_of(database, record, kind, side):
    """Each row of links holds the ids of several others; here one row holds all."""
    row = database.execute("SELECT others FROM links WHERE record_id = ? AND type = ? AND side = ?", (record, kind, side)).fetchone()
    return {row[0][at:at + 16] for at in range(0, len(row[0]), 16)} if row else set()


def link_rows(database, workspace, record, kind, side, others):
    database.execute("DELETE FROM links WHERE record_id = ? AND type = ? AND side = ?", (record, kind, side))
    if others:
        database.execute("INSERT INTO links VALUES (?, ?, ?, ?, x'', ?)", (workspace, record, kind, side, b"".join(sorted(others))))


def a_champion(database):
    """A workspace, a deal, the link's type and a contact; linked in both directions."""
    workspace, deal, kind, others = database.execute("SELECT l.workspace_id, record_id, l.type, others FROM links l JOIN records r ON r.id = substr(others, 1, 16) WHERE side = 0 AND r.type = 2").fetchone()
    return workspace, deal, kind, others[:16]


def do_damage(path, what):
    database = sqlite3.connect(path)
    if what in ("DROP LINK", "ADD LINK"):
        workspace, deal, kind, contact = a_champion(database)
        if what == "DROP LINK":
            link_rows(database, workspace, deal, kind, 0, others_of(database, deal, kind, 0) - {contact})
            link_rows(database, workspace, contact, kind, 1, others_of(database, contact, kind, 1) - {deal})
        else:
            deal, contact = next((deal, contact) for (deal,) in database.execute("SELECT id FROM records WHERE type = 3") for (contact,) in database.execute("SELECT id FROM records WHERE type = 2")
                                 if contact not in others_of(database, deal, kind, 0))
            link_rows(database, workspace, deal, kind, 0, others_of(database, deal, kind, 0) | {contact})
            link_rows(database, workspace, contact, kind, 1, others_of(database, contact, kind, 1) | {deal})
    elif what == "STRAY LINK":
        workspace, deal, kind, _ = a_champion(database)
        nobody = bytes(15) + b"\1"
        database.execute("INSERT INTO links VALUES (?, ?, ?, 0, x'', ?), (?, ?, ?, 1, x'', ?)", (workspace, nobody, kind, deal, workspace, deal, kind, nobody))
    elif what == "SWAP FIELDS":
        changed, other = (database.execute(f"SELECT id, fields FROM records WHERE type = 3 AND version {sign} (SELECT sequence FROM change_log WHERE kind = 2) LIMIT 1").fetchone()
                          for sign in ("IN", "NOT IN"))
        database.execute("UPDATE records SET fields = ? WHERE id = ?", (other[1], changed[0]))
    elif what == "SWAP TYPES":
        database.execute("UPDATE records SET fields = (SELECT fields FROM records WHERE type = 1) WHERE type = 9")
        database.execute("UPDATE definitions SET number = 60 WHERE kind = 2 AND object_type = 3 AND number = 1")
        body = json.loads(database.execute("SELECT body FROM definitions WHERE kind = 2 AND object_type = 3 AND number = 60").fetchone()[0])
        body["number"] = 60
        database.execute("UPDATE definitions SET body = ? WHERE kind = 2 AND object_type = 3 AND number = 60", (json.dumps(body).encode(),))
    elif what == "DROP SOURCE":
        workspace, deal, kind, contact = a_champion(database)
        link_rows(database, workspace, deal, kind, 0, others_of(database, deal, kind, 0) - {contact})
    else:
        database.executescript(what)
    database.commit()
    database.close()


@pytest.mark.parametrize(("check", "words", "damage"), DAMAGE, ids=[f"{check}: {words}" for check, words, _ in DAMAGE])
def test_damage_is_named(sound, tmp_path, check, words, damage):
    data = tmp_path / "data"
    shutil.copytree(sound, data, ignore=shutil.ignore_patterns("*.sock"))
    do_damage(data / "plenoptic.db", damage)
    code, said = verdict(data)
    assert code == 1 and said["verdict"] == "damaged"
    assert any(words in text for wrong in said["wrong"] if wrong["check"] == check for text in wrong["findings"]), said["wrong"]
    text = cli.run("verify", data)
    assert text.returncode == 1 and text.stdout.endswith("damaged\n") and words in text.stdout and "newest backup" in text.stdout


def test_a_damaged_file_is_called_damaged(sound, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(sound, data, ignore=shutil.ignore_patterns("*.sock"))
    file = data / "plenoptic.db"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle:middle + 8192] = b"\xa5" * 8192
    file.write_bytes(content)
    code, said = verdict(data)
    assert code == 1 and said["wrong"][0]["check"] == "storage"
