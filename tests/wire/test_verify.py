"""`plenoptic verify`: says sound of what is, names what is not, and touches nothing."""
import hashlib
import json
import shutil
import sqlite3
import struct

import pytest

from harness import cli
from harness.client import Client
from harness.server import Server


MORE_THAN_A_ROW_HOLDS = 50  # links


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
    many = [client.create("contacts", {"$name": {"firstName": "Bo", "lastName": f"N{n}"}, "$email": [f"b{n}@x.example"]})["id"] for n in range(MORE_THAN_A_ROW_HOLDS)]
    large = client.create("opportunities", {"$name": "Large", "$stage": "Lead"}, {"$account": account})["id"]
    for some in (many[:25], many[25:]):  # the most that a request may name
        client.update("opportunities", large, {}, {"$champion": {"add": some}})


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
    # A member, an account, three contacts, five deals; each deal's account, creator and three champions, one of them taken away; and a large deal.
    assert checked["records"] == 61 and checked["links"] == 76 and checked["keptAnswers"] == 5 and checked["uniqueValues"] == 55
    assert checked["logEntries"] == 67 and checked["indexQuestions"] > 100


def test_a_killed_servers_directory_is_read_with_what_its_log_holds_and_left_as_it_is(tmp_path):
    server = Server("--rate-limit", "0", data=tmp_path / "data")
    fill(Client(server))
    server.kill()
    assert (tmp_path / "data" / "plenoptic.db-wal").stat().st_size > 0
    before = fingerprint(tmp_path / "data")
    code, said = verdict(tmp_path / "data")
    assert code == 0 and said["checked"]["records"] == 61
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
    ("links", "one end only, its source's", "DROP DESTINATIONS"),
    ("links", "end that is no record", "STRAY LINK"),
    ("links", "one end only, its destination's", f"UPDATE records SET links = x'' WHERE id = {A_DEAL}"),
    ("links", "do not decode", f"UPDATE records SET links = CAST(links || substr(links, 1, 22) AS BLOB) WHERE id = {A_DEAL}"),
    ("links", "which has one", "SECOND ACCOUNT"),
    ("storage", "whose own row says", "UPDATE links SET type = 4000"),
    ("storage", "whose own row says", f"UPDATE links SET record_id = {A_DEAL}"),
    ("storage", "whose own row says", "UPDATE records SET links = x'' WHERE id = (SELECT record_id FROM links)"),
    ("links", "one end only, its destination's", "DELETE FROM links"),
    ("storage", "other ids than their pieces", "UPDATE links SET others = x''"),
    ("storage", "other ids than their pieces", "UPDATE links SET others = substr(others, 1, 15)"),
    ("storage", "other ids than their pieces", "UPDATE links SET start = x'ff' WHERE start <> x''"),
    ("storage", "other ids than their pieces", "INSERT INTO links SELECT workspace_id, record_id, type, side, zeroblob(16), x'00000000000000000000000000000001' FROM links LIMIT 1"),
    ("links", "do not decode", "UPDATE links SET others = CAST(others || substr(others, 1, 16) AS BLOB)"),
    ("links", "does not have", "STRAY TYPE"),
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
    ("definitions", "do not belong together", "DELETE FROM definitions WHERE kind = 1 AND object_type = 2"),
    ("keys", "member that is not there", "UPDATE api_keys SET member = zeroblob(16)"),
    ("storage", "past their logs' end", "UPDATE workspaces SET ends_at = log_sequence + 1"),
    ("idempotency", "is no JSON", "UPDATE idempotency SET body = 'x'"),
    ("idempotency", "is of no operation", "UPDATE idempotency SET operation = 'x.y'"),
    ("idempotency", "record that is not there", "UPDATE idempotency SET body = replace(body, 'opp_c', 'opp_c0')"),
]


def links_in(column):
    """The links of a record's row: others' ids by (type, side), none where the set stands in pieces."""
    sets, at = {}, 0
    while at < len(column):
        kind, side, count = struct.unpack_from(">IBB", column, at)
        at += 6
        sets[kind, side] = {column[at + 16 * n:at + 16 * (n + 1)] for n in range(count)}
        at += 16 * count
    return sets


def links_column(sets):
    return b"".join(struct.pack(">IBB", kind, side, len(others)) + b"".join(sorted(others)) for (kind, side), others in sorted(sets.items()))


def change_links(database, record, change):
    """`change` is given the links of the record's row, and changes them."""
    sets = links_in(database.execute("SELECT links FROM records WHERE id = ?", (record,)).fetchone()[0])
    change(sets)
    database.execute("UPDATE records SET links = ? WHERE id = ?", (links_column(sets), record))


def a_champion(database):
    """A deal, the link's type and a contact; linked in both directions."""
    deal, column = database.execute(f"SELECT id, links FROM records WHERE id = {A_DEAL}").fetchone()
    contacts = {contact for (contact,) in database.execute("SELECT id FROM records WHERE type = 2")}
    kind, others = next((kind, others) for (kind, side), others in links_in(column).items() if side == 0 and others & contacts)
    return deal, kind, min(others)


def do_damage(path, what):
    database = sqlite3.connect(path)
    deal, kind, contact = a_champion(database)
    if what in ("DROP LINK", "DROP SOURCE"):
        change_links(database, deal, lambda sets: sets[kind, 0].remove(contact))
        if what == "DROP LINK":
            change_links(database, contact, lambda sets: sets[kind, 1].remove(deal))
    elif what == "ADD LINK":
        stranger = next(id for (id,) in database.execute("SELECT id FROM records WHERE type = 2 ORDER BY id DESC"))
        change_links(database, deal, lambda sets: sets[kind, 0].add(stranger))
        change_links(database, stranger, lambda sets: sets[kind, 1].add(deal))
    elif what == "DROP DESTINATIONS":
        for (account,) in database.execute("SELECT id FROM records WHERE type = 1").fetchall():
            change_links(database, account, lambda sets: [sets.pop(key) for key in list(sets) if key[1] == 1])
    elif what == "STRAY LINK":
        database.execute("UPDATE workspaces SET ends_at = 0")  # as a kill leaves it: the far ends are in the log, not yet in their records' rows
        database.execute("DELETE FROM records WHERE id = ?", (contact,))
    elif what == "STRAY TYPE":
        change_links(database, deal, lambda sets: sets.update({(4000, 0): {contact}}))
    elif what == "SECOND ACCOUNT":
        account = database.execute("SELECT id FROM records WHERE type = 1").fetchone()[0]
        change_links(database, deal, lambda sets: next(others for (_, side), others in sets.items() if side == 0 and account in others).add(b"\xff" * 16))
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


def test_a_clock_that_went_back_between_two_updates_is_no_damage(sound, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(sound, data, ignore=shutil.ignore_patterns("*.sock"))
    newest = "(SELECT max(version) FROM records WHERE type = 3)"  # the large deal's second update, right after its first
    do_damage(data / "plenoptic.db", f"UPDATE records SET updated_at = (SELECT at FROM change_log WHERE sequence = {newest} - 1) WHERE version = {newest}")
    do_damage(data / "plenoptic.db", f"UPDATE change_log SET at = at - 1000000 WHERE sequence = {newest}")
    assert verdict(data)[1]["wrong"] == []


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
