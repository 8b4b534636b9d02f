"""Administration from the command line: on a directory without a server, on a running one, over the network."""
import concurrent.futures
import json
import os
import subprocess
import time

import pytest
from harness import cli
from harness.client import Client, field
from harness.server import BINARY, SLOW, ServeServer


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data directory with a workspace and an admin."""
    data = tmp_path_factory.mktemp("cli") / "data"
    cli.ok("workspace", "create", "--data", data, "--slug", "acme", "--name", "Acme", "--currency", "EUR")
    cli.ok("member", "create", "--data", data, "--email", "ada@example.com", "--first-name", "Ada", "--role", "admin")
    return data


@pytest.fixture(scope="module", params=["no server", "running server", "network"])
def target(request, home):
    """The options that name the server, for each of the three ways there are."""
    if request.param == "no server":
        yield ["--data", home]
        return
    server = ServeServer("--rate-limit", "0", data=home)
    key = cli.ok("key", "create", "--data", home, "--name", "admin", "--scopes", "workspace:admin")["key"]
    yield ["--data", home] if request.param == "running server" else ["--url", server.url, "--admin-key", key]
    assert server.stop() == 0, server.stderr()


def test_workspaces(target):
    listed = cli.ok("workspace", "list", *target)["data"]
    assert [(w["slug"], w["currency"]) for w in listed] == [("acme", "EUR")]
    assert cli.ok("workspace", "update", *target, "--workspace", "acme", "--name", "Acme Inc.")["name"] == "Acme Inc."


def test_members(target, unique):
    email = f"m{unique}-{time.monotonic_ns()}@example.com"
    made = cli.ok("member", "create", *target, "--email", email, "--first-name", "Mem", "--last-name", "Ber")
    assert made["fields"]["$email"]["value"] == email and made["fields"]["$role"]["value"] == "member"
    assert cli.ok("member", "update", email, *target, "--role", "admin")["fields"]["$role"]["value"] == "admin"
    assert email in [m["fields"]["$email"]["value"] for m in cli.ok("member", "list", *target)["data"]]
    assert "is taken" in cli.fails("member", "create", *target, "--email", email) or "already" in cli.fails("member", "create", *target, "--email", email)


def test_keys(target):
    made = cli.ok("key", "create", *target, "--name", "ci", "--scopes", "accounts:read,contacts:read", "--member", "ada@example.com", "--expires", "30d")
    assert made["id"].startswith("key_") and made["key"].startswith("sk_lf_") and made["scopes"] == ["accounts:read", "contacts:read"] and made["expiresAt"] > made["createdAt"]
    listed = {key["id"]: key for key in cli.ok("key", "list", *target)["data"]}
    assert "key" not in listed[made["id"]]
    assert cli.ok("key", "revoke", made["id"], *target)["revokedAt"]
    assert "workspace" not in cli.fails("key", "revoke", "key_none", *target)


def test_a_key_that_could_not_be_shown_is_told_as_that(home):
    with open("/dev/full", "w") as full:
        done = subprocess.run([str(BINARY), "key", "create", "--data", str(home), "--name", "lost"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60 * SLOW)
    made = next(key for key in cli.ok("key", "list", "--data", home)["data"] if key["name"] == "lost")
    assert done.returncode == 1 and "could not be written" in done.stderr and made["id"] in done.stderr


def test_fields_options_relationships(target, unique):
    slug = f"f{time.monotonic_ns()}"
    made = cli.ok("field", "create", *target, "--object", "opportunity", "--key", slug, "--label", "Tier", "--type", "SINGLE_SELECT", "--options", "Gold,Silver")
    assert made["valueType"] == "SINGLE_SELECT"
    option = cli.ok("option", "create", *target, "--object", "opportunity", "--field", slug, "--label", "Bronze")
    assert [o["label"] for o in option["typeConfiguration"]["options"]] == ["Gold", "Silver", "Bronze"] if "typeConfiguration" in option else option["label"] == "Bronze"
    assert [o["label"] for o in cli.ok("option", "list", *target, "--object", "opportunity", "--field", slug)["data"]] == ["Gold", "Silver", "Bronze"]
    for position in ("x", "-1", '0,"retired":true', "1e3"):
        assert "--position takes a whole number" in cli.fails("option", "update", option["id"], *target, "--object", "opportunity", "--field", slug, f"--position={position}")
    cli.ok("option", "update", option["id"], *target, "--object", "opportunity", "--field", slug, "--position", "0")
    assert [o["label"] for o in cli.ok("option", "list", *target, "--object", "opportunity", "--field", slug)["data"]] == ["Bronze", "Gold", "Silver"]
    assert {f["objectType"] for f in cli.ok("field", "list", *target, "--object", "contact")["data"]} == {"contact"}
    assert cli.ok("field", "update", slug, *target, "--object", "opportunity", "--label", "Deal tier")["label"] == "Deal tier"
    assert slug in [f["key"] for f in cli.ok("field", "list", *target)["data"]]
    cli.ok("relationship", "create", *target, "--source", "account", "--key", f"r{slug}", "--label", "Parent", "--target", "account", "--cardinality", "HAS_ONE")
    assert f"r{slug}" in json.dumps(cli.ok("relationship", "list", *target))


def test_errors_name_the_next_step(target):
    assert "accounts:read" in cli.fails("key", "create", *target, "--name", "x", "--scopes", "nonsense")
    assert "SINGLE_SELECT" in cli.fails("field", "create", *target, "--object", "account", "--key", "x", "--label", "x", "--type", "NOPE")
    assert "--name" in cli.fails("key", "create", *target)


@pytest.mark.parametrize("option, value", [("--scopes", ""), ("--scopes", ","), ("--scopes", " , "), ("--expires", ""), ("--expires", "0d"), ("--expires", "2020-01-01"), ("--member", ""), ("--name", " ")])
def test_an_empty_or_past_value_makes_no_key(home, option, value):
    before = cli.ok("key", "list", "--data", home)["totalCount"]
    name = [] if option == "--name" else ["--name", "never"]
    said = cli.fails("key", "create", "--data", home, *name, option, value)
    assert "empty" in said and option in said or "must lie in the future" in said
    assert cli.ok("key", "list", "--data", home)["totalCount"] == before


def test_a_table_for_people(target):
    done = cli.run("member", "list", *target)
    assert done.returncode == 0 and "ada@example.com" in done.stdout and "{" not in done.stdout


def test_a_key_made_on_a_running_server_works_at_once(tmp_path):
    server = ServeServer(data=tmp_path)
    cli.ok("workspace", "create", "--data", tmp_path, "--slug", "acme", "--name", "Acme")
    key = cli.ok("key", "create", "--data", tmp_path, "--name", "now", "--scopes", "accounts:create,accounts:read")["key"]
    client = Client(server, key)
    account = client.create("accounts", {"$name": "From the key"})
    assert field(client.retrieve("accounts", account["id"]), "$name") == "From the key"
    assert server.stop() == 0


def test_commands_without_a_server_take_turns(tmp_path):
    home = tmp_path / "data"
    cli.ok("workspace", "create", "--data", home, "--slug", "acme", "--name", "Acme")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda number: cli.ok("key", "create", "--data", home, "--name", f"turn {number}"), range(16)))
    assert len({made["id"] for made in done}) == 16
    assert {made["id"] for made in done} <= {key["id"] for key in cli.ok("key", "list", "--data", home)["data"]}


def test_what_is_missing_is_asked_for(tmp_path):
    assert "--data DIR" in cli.fails("key", "list")
    assert "--admin-key" in cli.fails("key", "list", "--url", "http://127.0.0.1:1")
    assert "https://crm.example" in cli.fails("key", "list", "--url", "crm.example", "--admin-key", "sk_lf_x")
    assert "workspace create" in cli.fails("key", "list", "--data", tmp_path / "fresh")
    assert "error" in cli.fails("key", "list", "--url", "http://127.0.0.1:1", "--admin-key", "sk_lf_x")


def test_the_environment_never_stands_against_the_command_line(tmp_path):
    home = tmp_path / "data"
    cli.ok("workspace", "create", "--data", home, "--slug", "acme", "--name", "Acme")
    server = ServeServer(data=home)
    key = cli.ok("key", "create", "--data", home, "--name", "admin", "--scopes", "workspace:admin")["key"]
    elsewhere = {"PLENOPTIC_DATA": str(tmp_path / "nowhere"), "PLENOPTIC_ADMIN_KEY": "sk_lf_wrong"}
    for arguments, settings in ((["--url", server.url, "--admin-key", key], elsewhere), (["--url", server.url], {**elsewhere, "PLENOPTIC_ADMIN_KEY": key}), (["--data", home], elsewhere),
                                ([], {**elsewhere, "PLENOPTIC_DATA": str(home)})):
        done = cli.run("key", "list", "--json", *arguments, env={**os.environ, **settings})
        assert done.returncode == 0 and json.loads(done.stdout)["data"], (arguments, done.stderr)
    assert "--url" in cli.fails("key", "list", "--data", home, "--url", server.url, "--admin-key", key)
    assert server.stop() == 0


def test_only_making_a_workspace_makes_a_directory(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / "plenoptic.db").touch()
    for name in ("typo", "empty", "blank"):
        for command in (["key", "list"], ["workspace", "list"], ["member", "create", "--email", "a@example.com"]):
            said = cli.fails(*command, "--data", tmp_path / name)
            assert str(tmp_path / name) in said and "workspace create" in said
    assert not (tmp_path / "typo").exists() and not list((tmp_path / "empty").iterdir())
    assert cli.ok("workspace", "create", "--data", tmp_path / "typo", "--slug", "acme", "--name", "Acme")["slug"] == "acme"


def test_help_teaches():
    for command in (["--help"], ["serve", "--help"], ["dev", "--help"], ["key", "create", "--help"], ["field", "create", "--help"]):
        done = cli.run(*command)
        assert done.returncode == 0 and "Example" in done.stdout, command
    for wrong, says in ((["srve"], "There are: serve, dev"), (["option", "drop", "--data", "x"], "There is no command 'option drop'. There are: create, list, update"),
                        (["key", "get", "key_1"], "There are: create, list, revoke")):
        assert says.lower() in cli.fails(*wrong).lower()
    assert "Subcommands" in cli.fails("option") and "--label" in cli.fails("option", "create")


def test_the_operations_table():
    rows = json.loads(cli.run("operations", "--json").stdout)
    assert {"opportunity.update", "list.listAccounts", "auth.validate"} <= {row["id"] for row in rows}
