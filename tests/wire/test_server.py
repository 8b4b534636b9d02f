"""The server as operators meet it: settings, TLS, start and stop, directories that cannot be used."""
import concurrent.futures
import contextlib
import json
import os
import signal
import sqlite3
import ssl
import stat
import subprocess
import threading
import time
import urllib.request

import pytest
from harness import cli
from harness.client import Client
from harness.server import BINARY, SLOW, ServeServer, first_line, launch, wait_until


def workspace_in(data):
    cli.ok("workspace", "create", "--data", data, "--slug", "acme", "--name", "Acme")
    return cli.ok("key", "create", "--data", data, "--name", "k")["key"]


def test_serve_begins_empty_and_says_what_to_do(tmp_path):
    server = ServeServer(data=tmp_path / "data")
    said = [server.process.stdout.readline() for _ in range(4)]
    assert "workspace create" in said[1] and "key create" in said[3]
    assert server.stop() == 0


def test_the_directory_is_its_owners(tmp_path):
    server = ServeServer(data=tmp_path / "data")
    assert stat.S_IMODE(os.stat(tmp_path / "data").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(tmp_path / "data" / "plenoptic.sock").st_mode) == 0o600
    assert server.stop() == 0
    assert not (tmp_path / "data" / "plenoptic.sock").exists()


def limit_of(server, key):
    return int(Client(server, key).get("/v1/accounts").headers["x-ratelimit-limit"])


FILE = ["--config", "{file}"]


@pytest.mark.parametrize("options, settings, expected", [(FILE, {}, 70), (FILE, {"PLENOPTIC_RATE_LIMIT": "80"}, 80), ([*FILE, "--rate-limit", "90"], {"PLENOPTIC_RATE_LIMIT": "80"}, 90)],
                         ids=["file", "environment over file", "flag over environment"])
def test_settings_come_from_file_environment_and_flag(tmp_path, options, settings, expected):
    key = workspace_in(tmp_path / "data")
    file = tmp_path / "plenoptic.conf"
    file.write_text('listen = "127.0.0.1:0"\nrate-limit = 70\npublic-url = "https://crm.example.com"\n')
    server = ServeServer(*[option.format(file=file) for option in options], data=tmp_path / "data", settings=settings)
    assert limit_of(server, key) == expected
    assert Client(server, key).create("accounts", {"$name": "Linked"})["httpLink"].startswith("https://crm.example.com/")
    assert server.stop() == 0


@pytest.mark.parametrize("options, says", [
    (["--listen", "nowhere"], "HOST:PORT"), (["--listen", "256.1.1.1:0"], "no address"), (["--listen", "127.0.0.1:99999"], "HOST:PORT"), (["--rate-limit", "many"], "rate-limit"),
    (["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"], "PEM"), (["--config", "/nowhere.conf"], "nowhere.conf"), (["--log-level", "loud"], "log"),
])
def test_bad_settings_are_refused_with_what_would_be_right(tmp_path, options, says):
    arguments = ["serve", "--data", tmp_path / "data", *([] if "--listen" in options else ["--listen", "127.0.0.1:0"]), *options]
    assert says in cli.fails(*arguments)


def test_a_settings_file_with_an_unknown_name_is_refused(tmp_path):
    file = tmp_path / "plenoptic.conf"
    file.write_text("rate-limits = 3\n")
    assert "rate-limits" in cli.fails("serve", "--data", tmp_path / "data", "--config", file, "--listen", "127.0.0.1:0")


@pytest.mark.parametrize("option, wrong", [("rate-limit", "-5"), ("threads", "-1"), ("max-body-bytes", "-1"), ("queue-limit", "-1"), ("queue-limit", "0"), ("page-cache-mib", "-1"),
                                           ("answer-cache-mib", "-1"), ("answer-cache-mib", "99999999999"), ("rate-limit", "1.5")])
def test_numbers_have_a_range_wherever_they_come_from(tmp_path, option, wrong):
    file = tmp_path / "plenoptic.conf"
    file.write_text(f"{option} = {wrong}\n")
    start = ["serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0"]
    environment = {**os.environ, "PLENOPTIC_" + option.upper().replace("-", "_"): wrong}
    for done in (cli.run(*start, f"--{option}", wrong), cli.run(*start, "--config", file), cli.run(*start, env=environment)):
        said = done.stdout + done.stderr
        assert done.returncode != 0 and f"--{option}: it takes a whole number from" in said, said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("public_url", ["https://crm.example.com/", "https://crm.example.com//", "https://crm.example.com/base/"])
def test_a_link_has_no_doubled_slash(tmp_path, public_url):
    key = workspace_in(tmp_path / "data")
    server = ServeServer("--public-url", public_url, data=tmp_path / "data")
    account = Client(server, key).create("accounts", {"$name": "Linked"})
    assert account["httpLink"] == f"{public_url.rstrip('/')}/crm/account/{account['id']}"
    assert server.stop() == 0


def test_without_a_server_there_is_no_link(tmp_path):
    workspace_in(tmp_path / "data")
    assert cli.ok("member", "create", "--data", tmp_path / "data", "--email", "a@example.com")["httpLink"] is None


def test_dev_on_a_kept_directory_leaves_one_key(fresh, tmp_path):
    first = fresh(data=tmp_path / "data")
    mine = Client(first).create_key("mine")["key"]
    old = first.key
    assert first.stop() == 0
    second = fresh(data=tmp_path / "data")
    client = Client(second)
    assert client.with_key(old).get("/v1/accounts").status == 401
    assert client.get("/v1/accounts").status == client.with_key(mine).get("/v1/accounts").status == 200
    assert [row["name"] for row in client.admin_ok("GET", "keys")["data"] if not row["revokedAt"]] == ["dev", "mine"]


def test_help_shows_what_holds():
    assert "--log-level TEXT=warn" in cli.run("dev", "--help").stdout and "--log-level TEXT=info" in cli.run("serve", "--help").stdout


def test_an_address_in_use_is_named(tmp_path):
    server = ServeServer(data=tmp_path / "one")
    said = cli.fails("serve", "--data", tmp_path / "two", "--listen", f"127.0.0.1:{server.port}")
    assert "--listen" in said and str(server.port) in said
    assert server.stop() == 0


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    assert "--data" in cli.fails("serve", "--data", tmp_path / "file" / "data", "--listen", "127.0.0.1:0")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    home = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", home / "key.pem", "-out", home / "cert.pem"], check=True, capture_output=True)
    return home / "cert.pem", home / "key.pem"


def test_tls(tmp_path, certificate):
    cert, key_file = map(str, certificate)
    key = workspace_in(tmp_path / "data")
    server = ServeServer("--tls-cert", cert, "--tls-key", key_file, data=tmp_path / "data")
    assert server.url.startswith("https://")
    context = ssl.create_default_context(cafile=cert)

    def call(size):
        request = urllib.request.Request(f"https://127.0.0.1:{server.port}/v1/accounts", data=b'{"fields":{"$name":"' + b"x" * size + b'"}}', method="POST",
                                         headers={"Authorization": f"Bearer {key}", "Lightfield-Version": "2026-03-01", "Content-Type": "application/json"})
        return urllib.request.urlopen(request, context=context, timeout=20 * SLOW).status

    assert call(10) == 200
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, [200] * 8)) == [200] * 8
    # The operator's socket needs no TLS; plain HTTP on the TLS port gets nowhere.
    assert cli.ok("key", "list", "--data", tmp_path / "data")["data"]
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=5 * SLOW)
    assert server.stop() == 0


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "terminal closed"])
def test_dev_is_ready_at_once_and_leaves_nothing(tmp_path, end):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = launch([BINARY, "dev", "--listen", "127.0.0.1:0"], env=environment, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))  # whoever runs the tests may ignore it
    said = ""
    while "Stop with" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    assert "curl -X POST" in said and "/v1/opportunities/opp_" in said and "sk_lf_" in said
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(end)
    assert process.wait(timeout=20 * SLOW) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_demo_is_a_believable_company(fresh):
    server = fresh("--rate-limit", "0", "--seed", "demo")
    client = Client(server)
    assert {plural: client.list(plural)["totalCount"] for plural in ("accounts", "contacts", "opportunities", "members", "lists", "tasks", "notes")} == {
        "accounts": 40, "contacts": 120, "opportunities": 60, "members": 5, "lists": 2, "tasks": 50, "notes": 40}
    custom = [field for plural in ("accounts", "contacts", "opportunities") for key, field in client.ok("GET", f"/v1/{plural}/definitions")["fieldDefinitions"].items() if not key.startswith("$")]
    assert len(custom) == 6 and len({field["valueType"] for field in custom}) >= 5


def test_a_full_disk_refuses_writes_and_nothing_else(small_disk):
    key = workspace_in(small_disk / "data")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (1 << 20))
    server = ServeServer("--rate-limit", "0", data=small_disk / "data")
    client = Client(server, key)
    kept = [client.create("accounts", {"$name": "First"})["id"]]
    answer = None
    for number in range(2000):
        answer = client.post("/v1/accounts", {"fields": {"$name": f"{number} " + "x" * 9000}})
        if answer.status != 200:
            break
        kept.append(answer["id"])
    assert answer.status == 503 and answer.error["type"] and int(answer.headers["retry-after"]) >= 1
    # Several that wait together fail together, and reading goes on.
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(Client(server, key).post("/v1/accounts", {"fields": {"$name": "y" * 9000}}).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [503] * 8 and server.alive(), server.stderr()
    assert client.list("accounts")["totalCount"] == len(kept)
    assert all(client.retrieve("accounts", id)["id"] == id for id in kept)

    ballast.unlink()
    kept.append(client.create("accounts", {"$name": "There is room again"})["id"])
    assert client.list("accounts")["totalCount"] == len(kept)
    server.kill()
    server.start()
    assert Client(server, key).list("accounts")["totalCount"] == len(kept)
    assert server.stop() == 0
    assert cli.run("verify", small_disk / "data").returncode == 0


@pytest.mark.parametrize("room_kib", [4, 60, 160, 300])
def test_a_disk_that_is_full_at_the_start_is_told(small_disk, fresh, room_kib):
    (small_disk / "ballast").write_bytes(b"x" * ((4 << 20) - (room_kib << 10)))
    said = cli.fails("dev", "--data", small_disk / "data", "--listen", "127.0.0.1:0")
    assert "is full" in said and "Make room" in said and "SQLite" not in said
    (small_disk / "ballast").unlink()
    client = Client(fresh("--seed", "demo", data=small_disk / "data"))  # takes the demo up where it ended
    assert {plural: client.list(plural)["totalCount"] for plural in ("accounts", "opportunities", "members")} == {"accounts": 40, "opportunities": 60, "members": 5}
    assert client.admin("GET", "fields").status == 200


def test_an_empty_dev_workspace_stays_empty(fresh, tmp_path):
    server = fresh("--seed", "none", data=tmp_path)
    assert server.stop() == 0
    server = fresh("--seed", "demo", data=tmp_path)
    assert Client(server).list("accounts")["totalCount"] == 0 and Client(server).list("members")["totalCount"] == 1


def test_dev_keeps_out_of_the_directory_that_the_environment_names(tmp_path):
    command = [BINARY, "dev", "--listen", "127.0.0.1:0", "--seed", "none", "--json"]
    process = launch(command, env={**os.environ, "PLENOPTIC_DATA": str(tmp_path / "real")})
    assert json.loads(first_line(process))["apiKey"] and not (tmp_path / "real").exists()
    process.terminate()
    assert process.wait(timeout=20 * SLOW) == 0


def damage(database, mark):
    """Overwrites the beginning of the page that holds `mark`."""
    content = bytearray(database.read_bytes())
    size = int.from_bytes(content[16:18], "big")  # of a page, in SQLite's header
    page = content.index(mark) // size * size
    content[page:page + 16] = b"\xff" * 16
    database.write_bytes(content)


def test_a_damaged_page_costs_lists_only(tmp_path):
    key = workspace_in(tmp_path / "data")
    server = ServeServer("--rate-limit", "0", data=tmp_path / "data")
    client = Client(server, key)
    kept = [client.create("accounts", {"$name": (f"{number} " if number != 20 else "The mark ") + "x" * 1000})["id"] for number in range(50)]
    assert server.stop() == 0
    damage(tmp_path / "data" / "plenoptic.db", b"The mark")
    server.start()
    client = Client(server, key)
    answer = client.get("/v1/accounts")
    assert answer.status == 503 and "retrieved by id" in answer.error["message"]
    assert client.get("/v1/contacts").status == 503
    ready = client.get("/readyz", check=False)
    assert (ready.status, ready["status"], ready.headers["retry-after"]) == (503, "failed", "1") and client.get("/healthz", check=False).status == 200
    for damaged in (client.get(f"/v1/accounts/{kept[20]}"), client.post(f"/v1/accounts/{kept[20]}", {"fields": {"$name": "Other"}})):
        assert damaged.status == 503 and "could not read" in damaged.error["message"] and int(damaged.headers["retry-after"]) >= 1
    assert client.retrieve("accounts", kept[0])["id"] == kept[0]
    assert client.update("accounts", kept[49], {"$name": "Still written"}) and client.create("accounts", {"$name": "Still made"})
    assert server.stop() == 0
    said = server.stderr()
    assert "index_failed" in said and f"plenoptic verify {tmp_path / 'data'}" in said and "backup" in said


def overwrite_definitions(database, body):
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE definitions SET body = ?", (body,))


@pytest.mark.parametrize("damage_it", [lambda file: damage(file, b"$lastInteractionAt"), lambda file: overwrite_definitions(file, "{"), lambda file: overwrite_definitions(file, "{}")],
                         ids=["page", "no JSON", "no definition"])
def test_damaged_definitions_are_told_at_the_start(tmp_path, damage_it):
    workspace_in(tmp_path / "data")
    damage_it(tmp_path / "data" / "plenoptic.db")
    for command in (["serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0"], ["key", "list", "--data", tmp_path / "data"]):
        said = cli.fails(*command)
        assert "is damaged" in said and "plenoptic verify" in said and "backup" in said


def test_expired_idempotency_answers_go_however_many_there_are(tmp_path):
    key = workspace_in(tmp_path / "data")
    server = ServeServer("--rate-limit", "0", data=tmp_path / "data")
    Client(server, key).create("accounts", {"$name": "Old"}, headers={"Idempotency-Key": "old"})
    assert server.stop() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "plenoptic.db")) as database, database:
        database.execute("UPDATE idempotency SET created_at = 0")
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                         " INSERT INTO idempotency (workspace_id, operation, record, key, subject, status, body, created_at)"
                         " SELECT workspace_id, operation, record, key || i, subject, status, body, 0 FROM idempotency, n")
    server.start()
    Client(server, key).create("accounts", {"$name": "New"}, headers={"Idempotency-Key": "new"})

    def kept():
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "plenoptic.db")) as database:
            return [row[0] for row in database.execute("SELECT CAST(key AS TEXT) FROM idempotency")]

    assert wait_until(lambda: kept() == ["new"], timeout_s=20), len(kept())
    assert server.stop() == 0


def test_verify_says_sound(tmp_path):
    workspace_in(tmp_path / "data")
    done = cli.run("verify", tmp_path / "data")
    assert done.returncode == 0 and "sound" in done.stdout


def test_a_stop_signal_ends_idle_connections_at_once(tmp_path):
    key = workspace_in(tmp_path / "data")
    server = ServeServer(data=tmp_path / "data")
    client = Client(server, key)
    client.list("accounts")
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 3 * SLOW
    assert wait_until(lambda: not server.alive())
