"""Plenoptic under measurement: loading a data set through its API, and a server pinned to its core."""
import json
import shutil
import subprocess
import time
import urllib.request

from bench import data
from bench.load import drive, feed
from bench.machine import ROOT, SERVER_CORE, end, free_port, memory_mib, note, pinned, settle, start, tree_bytes

BINARY = ROOT / "build" / "plenoptic"
SNAPSHOT_PAUSE_S = 3.5  # the index is saved after three seconds without a write
TYPES = {"accounts": "acc", "contacts": "con", "opportunities": "opp", "tasks": "tsk"}


def http_headers(key):
    return f"Authorization: Bearer {key}|Lightfield-Version: 2026-03-01"


class Server:
    """`plenoptic serve` on a data set that stands in `directory` (data, ids, manifest); on one core unless told otherwise."""

    def __init__(self, directory, core=SERVER_CORE):
        self.directory = directory
        self.key = json.loads((directory / "manifest.json").read_text())["key"]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [BINARY, "serve", "--data", directory / "data", "--listen", f"127.0.0.1:{self.port}", "--rate-limit", "0", "--log-level", "warn"]
        self.started = time.monotonic()
        self.process = start(pinned(core, *command) if core else command, stdout=subprocess.DEVNULL)

    def call(self, method, path, body=None, timeout=120):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.key}", "Lightfield-Version": "2026-03-01", "Content-Type": "application/json"})
        return urllib.request.urlopen(request, timeout=timeout).read()

    def first_answer(self, path, patience_s=120):
        """Seconds from exec until `path` is answered for the first time: a client that tries until it is connected."""
        while True:
            try:
                self.call("GET", path)
                return time.monotonic() - self.started
            except ConnectionRefusedError:
                pass
            except urllib.error.HTTPError:
                raise
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError):
                    raise
            if self.process.poll() is not None or time.monotonic() - self.started > patience_s:
                raise RuntimeError(f"plenoptic does not answer on {self.directory}")
            time.sleep(0.0005)

    def wait_until_ready(self):
        self.first_answer("/healthz")
        self.call("GET", "/v1/opportunities?limit=1")
        return self

    def total(self, plural):
        return json.loads(self.call("GET", f"/v1/{plural}?limit=1"))["totalCount"]

    def ids(self, plural):
        return self.directory / "ids" / plural

    def drive(self, scenario, seconds, connections=64, seed=1, **values):
        return drive(self.url, "plenoptic", scenario, seconds, connections, http_headers(self.key), seed, records=self.ids("opportunities"), accounts=self.ids("accounts"),
                     total=self.total("opportunities") if scenario == "far_page" else 0, digits=data.searched_digits(self.total("contacts")), **values)

    def read_all_once(self):
        """Retrieves each opportunity, so that what can be kept of it is."""
        read, total = 0, self.total("opportunities")
        while read < total:
            read += self.drive("each", 5, first=read)["requests"]

    def memory_mib(self):
        return memory_mib(self.process.pid)

    def settle_after_writes(self):
        """Until the index is saved, which takes a second of the core at a million records."""
        time.sleep(SNAPSHOT_PAUSE_S)
        settle(self.process.pid)

    def stop(self):
        end(self.process)


def _create_fields(server):
    for object_type, key, label, value_type, options in data.CUSTOM_FIELDS:
        body = {"objectType": object_type, "key": key, "label": label, "valueType": value_type} | ({"options": options} if options else {})
        server.call("POST", "/admin/v1/workspaces/demo/fields", body)


def _create_members(server):
    for number in range(data.MEMBERS - 1):
        server.call("POST", "/admin/v1/workspaces/demo/members", {"email": f"member{number}@plenoptic.example", "firstName": "Member", "lastName": str(number)})
    rows = json.loads(server.call("GET", "/v1/members?limit=25"))["data"]
    return [row["id"] for row in rows]


def _lines(plural, sizes, ids, members):
    """The creates of one type, each as (method, path, key, body)."""
    bodies = {
        "accounts": (data.accounts, lambda row: ({"$name": row["name"], "$website": [row["website"]], "segment": row["segment"], "healthScore": row["healthScore"], "region": row["region"]},
                                                 {"$owner": members[row["owner"]]})),
        "contacts": (data.contacts, lambda row: ({"$name": {"firstName": row["first"], "lastName": row["last"]}, "$email": [row["email"]], "$title": row["title"], "seniority": row["seniority"],
                                                  "newsletter": row["newsletter"], "lastMetAt": row["lastMetAt"]},
                                                 {"$account": ids["accounts"][row["account"]], "$owner": members[row["owner"]]})),
        "opportunities": (data.opportunities, lambda row: ({"$name": row["name"], "$stage": row["stage"], "$amount": row["amount"], "$closeDate": row["closeDate"], "$nextStep": row["nextStep"],
                                                            **{name: row[name] for name in ("tier", "score", "forecast", "competitor", "isRenewal", "trialEndsAt")}},
                                                           {"$account": ids["accounts"][row["account"]], "$owner": members[row["owner"]], "$champion": ids["contacts"][row["champion"]]})),
        "tasks": (data.tasks, lambda row: ({"$title": row["title"], "$status": row["status"], "$dueAt": row["dueAt"]},
                                           {"$account": ids["accounts"][row["account"]], "$opportunity": ids["opportunities"][row["opportunity"]], "$assignedTo": members[row["assignedTo"]]})),
    }
    rows, body_of = bodies[plural]
    for row in rows(sizes):
        fields, relationships = body_of(row)
        yield "POST", f"/v1/{plural}", None, {"fields": fields, "relationships": relationships}


class _Loading(Server):
    """`plenoptic dev`, which makes a workspace and a key; on every core, since only the result counts."""

    def __init__(self, directory):
        command = [str(BINARY), "dev", "--data", str(directory / "data"), "--listen", "127.0.0.1:0", "--seed", "none", "--json", "--rate-limit", "0", "--log-level", "warn"]
        self.directory, self.started = directory, time.monotonic()
        self.process = start(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url, self.key = ready["url"], ready["apiKey"]


def load(directory, sizes):
    """Makes a data set in `directory`: data (the server's), ids (a file per type) and manifest.json, written last."""
    (directory / "ids").mkdir(parents=True)
    server = _Loading(directory)
    seconds = {}
    try:
        _create_fields(server)
        members, ids = _create_members(server), {}
        for plural in TYPES:
            count = getattr(sizes, plural)
            seconds[plural] = feed(server.url, http_headers(server.key), _lines(plural, sizes, ids, members), count, server.ids(plural), f"loading {plural}")
            ids[plural] = server.ids(plural).read_text().splitlines()
    finally:
        server.stop()
    (directory / "manifest.json").write_text(json.dumps({"key": server.key, "sizes": vars(sizes), "seconds": seconds}) + "\n")


def _copy_in_small_pieces(source, target):
    """As the server wrote it. Linux keeps a file that was copied at once in large folios, and each small write into one walks through all of it
    (6.18: a checkpoint then takes half as long again)."""
    with open(source, "rb") as read, open(target, "wb", buffering=0) as written:
        while piece := read.read(4096):
            written.write(piece)
    shutil.copystat(source, target)


def data_set(kept, scratch, sizes):
    """A data set of that size to measure on: loaded now, or copied from where an earlier run kept it."""
    if kept is None:
        directory = scratch / sizes.name
        load(directory, sizes)
        return directory
    source = kept / sizes.name
    if not (source / "manifest.json").exists():
        shutil.rmtree(source, ignore_errors=True)
        load(source, sizes)
    note(f"  copying {source} ({tree_bytes(source) / 2**20:,.0f} MiB)")
    return copy_of(source, scratch / sizes.name)


def copy_of(data_set, directory):
    return shutil.copytree(data_set, directory, copy_function=_copy_in_small_pieces)
