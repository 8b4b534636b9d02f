"""Generated from the operations table: each operation × each way of not being allowed in."""
import json
import re
import subprocess

import pytest
from harness.client import CONTRACT, Client
from harness.contract import needs_contract
from harness.server import BINARY, Server, wait_until

OPERATIONS = [row for row in json.loads(subprocess.run([str(BINARY), "operations", "--json"], capture_output=True, text=True, check=True).stdout) if not row["open"]]
ALL_SCOPES = sorted({scope for row in OPERATIONS for scope in row["scopes"]})
PREFIXES = {"accounts": "acc", "contacts": "con", "opportunities": "opp", "tasks": "tsk", "notes": "nte", "lists": "lst", "members": "mem"}


def path_of(row, ids, workspace):
    path = row["path"].replace("{workspace}", workspace).replace("{fieldKey}", "$name")
    for name in ("{id}", "{listId}"):
        if name in path:
            path = path.replace(name, ids[path.split("/")[2]])
    return re.sub(r"{[^}]*}", "x", path)


def body_of(row):
    return {} if row["method"] == "POST" else None


@pytest.fixture(scope="module")
def world():
    """Two workspaces with a record of each type in the other one."""
    server = Server("--rate-limit", "0")
    client = Client(server)
    operator = client.operator()
    assert operator.send("POST", "/admin/v1/workspaces", {"slug": "other", "name": "Other"}, check=False).status == 200
    other = Client(server, operator.admin_ok("POST", "keys", {"name": "k"}, workspace="other")["key"])
    member = operator.admin_ok("POST", "members", {"email": "far@example.com"}, workspace="other")["id"]
    account = other.create("accounts", {"$name": "far"})["id"]
    ids = {"accounts": account, "contacts": other.create("contacts", {})["id"], "members": member,
           "opportunities": other.create("opportunities", {"$name": "far"}, {"$account": account})["id"],
           "tasks": other.create("tasks", {"$title": "far", "$status": "TODO"}, {"$assignedTo": member})["id"], "notes": other.create("notes", {"$title": "far"})["id"],
           "lists": other.create("lists", {"$name": "far", "$objectType": "$account"})["id"]}
    revoked = client.create_key("revoked", scopes=["workspace:admin"])
    client.admin_ok("POST", f"keys/{revoked['id']}/revoke")
    expired = client.create_expiring_key("expired")["key"]
    assert wait_until(lambda: client.with_key(expired).get("/v1/auth/validate").status == 401, timeout_s=10)
    keys = {"none": None, "unknown": "Bearer sk_lf_" + "x" * 43, "malformed": "Token abc", "revoked": f"Bearer {revoked['key']}",
            "expired": f"Bearer {expired}"}
    without = {scope: client.with_key(client.create_key("w", scopes=[s for s in ALL_SCOPES if s != scope] + ["workspace:admin"])["key"]) for scope in ALL_SCOPES}
    yield {"client": client, "ids": ids, "keys": keys, "without": without, "other": other, "server": server}
    assert server.stop() == 0


@needs_contract
def test_the_table_is_the_published_one():
    """What an operation needs and how it is limited, not as the server's own table says, which the other tests here are made from."""
    what = lambda row: (row["method"], row["path"], sorted(row["scopes"]), row["rate"])  # noqa: E731
    ours = {row["id"]: what(row) for row in OPERATIONS if not row["admin"]}
    assert ours == {id: what(CONTRACT.operations[id]) for id in ours}


@pytest.mark.parametrize("kind", ["none", "unknown", "malformed", "revoked", "expired"])
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row["id"])
def test_no_valid_key(world, row, kind):
    answer = world["client"].send(row["method"], path_of(row, world["ids"], "demo"), body=body_of(row), headers={"Authorization": world["keys"][kind]}, check=False)
    assert answer.status == 401 and answer.error["type"] == "unauthorized"


@pytest.mark.parametrize("row, scope", [(row, scope) for row in OPERATIONS for scope in row["scopes"]], ids=lambda part: part if isinstance(part, str) else part["id"])
def test_each_scope_is_needed(world, row, scope):
    answer = world["without"][scope].send(row["method"], path_of(row, world["ids"], "demo"), body=body_of(row), check=False)
    assert answer.status == 403 and answer.error["type"] == "forbidden" and f"'{scope}'" in answer.error["message"]


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row["admin"]], ids=lambda row: row["id"])
def test_administration_needs_an_admin(world, row):
    plain = world["client"].with_key(world["client"].create_key("plain")["key"])
    assert plain.send(row["method"], path_of(row, world["ids"], "demo"), body=body_of(row), check=False).status == 403


@pytest.mark.parametrize("row", [row for row in OPERATIONS if "{workspace}" in row["path"]], ids=lambda row: row["id"])
def test_another_workspace_s_administration_is_not_found(world, row):
    assert world["client"].send(row["method"], path_of(row, world["ids"], "other"), body=body_of(row), check=False).status == 404


@pytest.mark.parametrize("row", [row for row in OPERATIONS if "{id}" in row["path"] or "{listId}" in row["path"]], ids=lambda row: row["id"])
def test_another_workspace_s_record_is_not_found(world, row):
    answer = world["client"].send(row["method"], path_of(row, world["ids"], "demo"), body=body_of(row), check=False)
    assert answer.status == 404 and answer.error["type"] == "not_found", answer
    # It is there for its own.
    status = world["other"].send(row["method"], path_of(row, world["ids"], "demo"), body=body_of(row), check=False).status
    assert status in (200, 400), status
    if row["method"] == "DELETE":
        world["other"].send("POST", path_of(row, world["ids"], "demo") + "/restore", body={}, check=False)
        if row["id"] == "list.delete":
            world["ids"]["lists"] = world["other"].create("lists", {"$name": "far", "$objectType": "$account"})["id"]
