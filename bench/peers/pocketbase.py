"""PocketBase: built from its Go module, at its defaults and at its best with our durability.

Its best, found by trying: `synchronous=FULL` as ours, few connections (one writer and many readers on one core only wait for each other), an
index that fits each query, a page cache that holds the data, no request log, a public collection (no token to check).
"""
import json
import os
import shutil
import sqlite3
import subprocess
import urllib.request
from pathlib import Path

from bench import data
from bench.load import drive
from bench.machine import PEERS, SERVER_CORE, end, free_port, note, pinned, start, wait_until_answers
from bench.peers import Absent

PROGRAM = Path(__file__).parent / "pocketbase_program"
MODULE = "github.com/pocketbase/pocketbase"
ADMIN = ("bench@plenoptic.example", "bench-password-1")


def _environment():
    """The Go that is here, not one that it would download."""
    return os.environ | {"GOFLAGS": os.environ.get("GOFLAGS", "-buildvcs=false") + " -mod=mod", "GOTOOLCHAIN": "local"}


def _go(*arguments, cwd, timeout=1800):
    run = subprocess.run(["go", *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, env=_environment())
    if run.returncode:
        raise Absent(f"PocketBase does not build: {run.stderr.strip()[-500:]}")
    return run.stdout


def _version_tuple(text):
    return tuple(int(part) for part in text.removeprefix("go").removeprefix("v").split(".")[:3] if part.isdigit())


def _newest_version(directory, go_version):
    """The newest release whose go.mod this Go takes, by `go list`."""
    versions = _go("list", "-m", "-versions", MODULE, cwd=directory).split()[1:]
    for version in sorted((version for version in versions if "-" not in version), key=_version_tuple, reverse=True):
        run = subprocess.run(["go", "mod", "download", "-json", f"{MODULE}@{version}"], cwd=directory, capture_output=True, text=True, env=_environment())
        if run.returncode == 0:
            return version
        note(f"  PocketBase {version} needs a newer Go than {go_version}")
    raise Absent(f"no PocketBase builds with Go {go_version}; install a newer Go")


def install():
    """Builds the newest PocketBase that this Go takes. Returns (program, its version, Go's)."""
    if not shutil.which("go"):
        raise Absent("PocketBase needs Go, and there is none: install Go 1.25 or newer (go.dev/dl), put it on PATH, and run again")
    directory = PEERS / "pocketbase"
    directory.mkdir(parents=True, exist_ok=True)
    go_version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()
    for name in ("go.mod", "main.go"):
        shutil.copy(PROGRAM / name, directory / name)
    built = directory / "built.json"
    wanted = {"go": go_version, "source": (PROGRAM / "main.go").read_text()}
    if built.exists() and (kept := json.loads(built.read_text())) and {name: kept[name] for name in wanted} == wanted:
        return directory / "pocketbase", kept["version"], go_version
    version = _newest_version(directory, go_version)
    note(f"  building PocketBase {version} with {go_version}: its SQLite is Go, this takes minutes the first time")
    _go("get", f"{MODULE}@{version}", cwd=directory)
    _go("build", "-o", "pocketbase", ".", cwd=directory)
    built.write_text(json.dumps(wanted | {"version": version}))
    return directory / "pocketbase", version, go_version


def _collections():
    def field(name, kind, **more):
        return {"name": name, "type": kind} | more

    dates = [field("created", "autodate", onCreate=True), field("updated", "autodate", onCreate=True, onUpdate=True)]
    rules = {rule: "" for rule in ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")}  # empty: public
    accounts = [field("name", "text", required=True), field("website", "url"), field("segment", "select", values=data.SEGMENTS, maxSelect=1), field("healthScore", "number"), field("region", "text")]
    contacts = [field("name", "text"), field("email", "email"), field("title", "text"), field("seniority", "select", values=data.SENIORITIES, maxSelect=1), field("newsletter", "bool"),
                field("lastMetAt", "date"), field("account", "relation", collectionId="accounts", maxSelect=1)]
    opportunities = [field("name", "text", required=True), field("stage", "select", values=data.STAGES, maxSelect=1), field("amount", "number"), field("closeDate", "date"), field("nextStep", "text"),
                     field("tier", "select", values=data.TIERS, maxSelect=1), field("score", "number"), field("forecast", "number"), field("competitor", "text"), field("isRenewal", "bool"),
                     field("trialEndsAt", "date"), field("owner", "text"), field("account", "relation", collectionId="accounts", maxSelect=1),
                     field("champion", "relation", collectionId="contacts", maxSelect=1)]
    return [{"name": name, "type": "base", "fields": fields + dates} | rules for name, fields in (("accounts", accounts), ("contacts", contacts), ("opportunities", opportunities))]


def identity(kind, number):
    """PocketBase's ids have 15 small letters and digits."""
    return f"{kind}{number:014}"


def _time(text):
    return text.replace("T", " ")


def _rows(sizes):
    now = "2026-01-01 00:00:00.000Z"
    yield "accounts", ("id", "name", "website", "segment", "healthScore", "region", "created", "updated"), (
        (identity("a", at), row["name"], row["website"], row["segment"], row["healthScore"], row["region"], now, now) for at, row in enumerate(data.accounts(sizes)))
    yield "contacts", ("id", "name", "email", "title", "seniority", "newsletter", "lastMetAt", "account", "created", "updated"), (
        (identity("c", at), f"{row['first']} {row['last']}", row["email"], row["title"], row["seniority"], row["newsletter"], _time(row["lastMetAt"]), identity("a", row["account"]), now, now)
        for at, row in enumerate(data.contacts(sizes)))
    keys = ("name", "stage", "amount", "closeDate", "nextStep", "tier", "score", "forecast", "competitor", "isRenewal", "trialEndsAt")
    yield "opportunities", ("id", *keys, "owner", "account", "champion", "created", "updated"), (
        (identity("o", at), *(_time(row[key]) if key.endswith(("Date", "At")) else row[key] for key in keys), f"m{row['owner']}", identity("a", row["account"]), identity("c", row["champion"]), now, now)
        for at, row in enumerate(data.opportunities(sizes)))


class PocketBase:
    """One instance on a directory of its own. `best` tells how it is set up."""

    def __init__(self, directory, program, sizes, best):
        self.directory, self.program, self.best = directory, program, best
        directory.mkdir()
        subprocess.run([program, "superuser", "upsert", *ADMIN, "--dir", directory / "pb_data"], check=True, capture_output=True)
        self._start()
        self._make_collections()
        self.stop()
        self._fill(sizes)
        self.digits = data.searched_digits(sizes.contacts)
        self._start()
        (directory / "records").write_text("".join(identity("o", at) + "\n" for at in range(sizes.opportunities)))
        (directory / "accounts").write_text("".join(identity("a", at) + "\n" for at in range(sizes.accounts)))

    def _start(self):
        self.url = f"http://127.0.0.1:{free_port()}"
        environment = os.environ | ({"BENCH_SYNCHRONOUS": "FULL", "BENCH_CONNECTIONS": "2"} if self.best else {})
        log = self.directory / "log"
        self.process = start(pinned(SERVER_CORE, self.program, "serve", "--dir", self.directory / "pb_data", f"--http={self.url.removeprefix('http://')}"), stdout=log.open("a"),
                                        stderr=subprocess.STDOUT, env=environment)
        wait_until_answers(self.url + "/api/health", self.process, log)

    def _call(self, method, path, body, token=None):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"} | ({"Authorization": token} if token else {}))
        return json.loads(urllib.request.urlopen(request, timeout=60).read())

    def _make_collections(self):
        self.token = self._call("POST", "/api/collections/_superusers/auth-with-password", {"identity": ADMIN[0], "password": ADMIN[1]})["token"]
        ids = {}
        for collection in _collections():
            for field in collection["fields"]:
                if field["type"] == "relation":
                    field["collectionId"] = ids[field["collectionId"]]
            ids[collection["name"]] = self._call("POST", "/api/collections", collection, self.token)["id"]
        if self.best:
            self._call("PATCH", "/api/settings", {"logs": {"maxDays": 0}}, self.token)  # no row in its log for each request
            indexes = {"opportunities": ["CREATE INDEX opportunities_stage_amount ON opportunities (stage, amount)", "CREATE INDEX opportunities_account ON opportunities (account)"],
                       "contacts": ["CREATE INDEX contacts_email ON contacts (email)"]}
            for name, statements in indexes.items():
                self._call("PATCH", f"/api/collections/{name}", {"indexes": statements}, self.token)

    def _fill(self, sizes):
        note(f"  PocketBase ({'best' if self.best else 'defaults'}): {sizes.opportunities:,} opportunities, {sizes.contacts:,} contacts by SQL")
        with sqlite3.connect(self.directory / "pb_data" / "data.db") as database:
            for table, columns, rows in _rows(sizes):
                database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)
            database.execute("ANALYZE")
        database.close()

    def drive(self, scenario, seconds, connections=64, seed=1, token=True):
        return drive(self.url, "pocketbase", scenario, seconds, connections, f"Authorization: {self.token}" if token else "", seed, records=self.directory / "records", accounts=self.directory / "accounts",
                     digits=self.digits)

    def stop(self):
        end(self.process)
