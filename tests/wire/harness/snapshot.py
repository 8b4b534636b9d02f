"""What a workspace holds, so that a test can say: nothing else changed."""
from contextlib import contextmanager

PLURALS = ("accounts", "contacts", "opportunities", "tasks", "notes", "lists", "members")


def snapshot(client):
    state = {}
    for plural in PLURALS:
        for status in ("active",) if plural in ("lists", "members") else ("active", "trashed"):
            offset = 0
            while True:
                page = client.list(plural, {"offset": offset} | ({"status": status} if status == "trashed" else {}))
                for record in page["data"]:
                    state[record["id"]] = (status, record)
                state[(plural, status)] = page["totalCount"]
                offset += 25
                if offset >= page["totalCount"]:
                    break
    return state


@contextmanager
def nothing_changes(client, but=()):
    """Fails where a record other than those in `but` is different afterwards."""
    before = snapshot(client)
    yield
    after = snapshot(client)
    changed = {id for id in before.keys() | after.keys() if isinstance(id, str) and before.get(id) != after.get(id)}
    assert changed <= set(but), f"changed too: {changed - set(but)}"
