"""What is measured on Plenoptic, alone and beside its yardsticks. Each function returns plain data for the report."""
import json
import os
import shutil
import statistics
import threading
import time
from dataclasses import dataclass
from typing import Callable

from bench import overload
from bench.load import feed, median
from bench.machine import LOAD_CORE, note, settle, tree_bytes
from bench.plenoptic import TYPES, Server, copy_of, http_headers

# Scenario and its connections, in the order in which they run; what adds rows comes last.
ON_EVERY_SIZE = {"retrieve": 64, "update": 64, "list": 32, "contains": 32, "starts": 32, "relationship": 32, "offset": 32, "create": 64}
WRITES = {"update", "create"}
# How many times longer than others their turns are: an update at a million records is quick or slow by whether a checkpoint falls into its turn, so
# one has to fall into each. To warm up too.
LONGER = {"update": 3}
BESIDE_PEERS = {"retrieve": 64, "update": 64, "list": 64, "contains": 64, "create": 64}


class OnFreshCopies:
    """Creates on a small data set: each turn on a copy of its own and short, or it would soon be a large one."""
    TURN_S, WARM_S = 1, 2

    def __init__(self, data_set):
        self.data_set = data_set

    def drive(self, scenario, _, connections, seed):
        directory = copy_of(self.data_set, self.data_set.with_name(self.data_set.name + "-turn"))
        server = Server(directory)
        try:
            server.wait_until_ready().drive("update", self.WARM_S, connections, seed=seed)
            return server.drive(scenario, self.TURN_S, connections, seed=seed)
        finally:
            server.stop()
            shutil.rmtree(directory)


def own_name(rows, page=""):
    """How Plenoptic with so many opportunities is called among contenders."""
    return f"Plenoptic, {rows:,} rows" + (f", {page.replace('_', ' ')}" if page else "")


@dataclass
class Contender:
    name: str
    drive: Callable  # (scenario, seconds, connections, seed) to a result
    pid: int | None = None  # whose rest to wait for
    tidy: Callable | None = None  # what it would do when it is left alone after writes: it must not fall into another's turn


def warm_up(measure, most=48):
    """Measures until two turns together are no quicker than the two before: with a million records, caches take minutes to fill."""
    rates = []
    while len(rates) < most:
        rates.append(measure(seed=99 + len(rates))["rate"])
        if len(rates) >= 4 and sum(rates[-2:]) < 1.03 * sum(rates[-4:-2]):
            return


def compare(what, scenario, contenders, rounds, seconds, connections):
    """Warms each contender up, then measures them in turn, round by round. Returns name to medians."""
    def measure(contender, length, seed):
        # Seeds of its own: where two measure the same rows, the second would write what stands there already.
        seed += 1000 * contenders.index(contender)
        result = contender.drive(scenario, length, connections, seed=seed)
        if contender.pid:
            settle(contender.pid)
        return result

    def rest(contender):
        if scenario not in WRITES:
            return
        if contender.tidy:
            contender.tidy()
        os.sync()  # or the system would write its pages half a minute later, in another's turn

    note(f"{what}: {', '.join(contender.name for contender in contenders)}")
    turn = seconds * LONGER.get(scenario, 1)
    for contender in contenders:
        warm_up(lambda seed: measure(contender, turn, seed))
        rest(contender)
    measured = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            measured[contender.name].append(measure(contender, turn, seed=number + 1))
            rest(contender)
        note(f"  round {number + 1} of {rounds}: " + ", ".join(f"{name} {results[-1]['rate']:,.0f}/s" for name, results in measured.items()))
    return {name: median(results) for name, results in measured.items()}


def mixed(server, seconds, connections=32):
    """80 % retrieve, 15 % list, 5 % update, and the server's memory while it lasts."""
    server.read_all_once()
    note(f"mixed load for {seconds} s")
    samples, over = [], threading.Event()
    started = time.monotonic()

    def sample():
        while not over.wait(max(0.25, seconds / 300)):
            samples.append([round(time.monotonic() - started, 2), round(server.memory_mib(), 2)])

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        result = server.drive("mixed", seconds, connections)
    finally:
        over.set()
        sampler.join()
    # The first tenth fills caches; after it memory must be flat.
    kept = [mib for at, mib in samples if at > seconds / 10] or [server.memory_mib()]
    middle = statistics.median(kept)
    return result | {"memory_mib": samples, "memory_deviation": max(abs(mib / middle - 1) for mib in kept)}


def flood(server):
    """Ten times what it can sustain, over 2,000 connections; what becomes of it, and of those who come afterwards."""
    note("ten times what it can sustain: " + ", ".join(overload.SCENARIOS))
    return overload.measure_all(overload.Api(server.url, server.key), generator_cores=LOAD_CORE)


def _snapshots(directory):
    return directory / "data" / "index"


def _database_bytes(directory):
    """Of the data directory, without the index's snapshots, which are no data."""
    return tree_bytes(directory / "data") - tree_bytes(_snapshots(directory))


def _start_once(directory):
    opportunity = (directory / "ids" / "opportunities").read_text().split("\n", 1)[0]
    server = Server(directory, core=None)
    try:
        retrieve = server.first_answer(f"/v1/opportunities/{opportunity}")
        server.call("GET", "/v1/opportunities?limit=25&%24stage%5Bequal%5D=Won")
        return retrieve, time.monotonic() - server.started, server.memory_mib()
    finally:
        server.stop()


def _save_index(directory, patience_s=30):
    """Lets a server write the index's snapshot, where there are records enough for one."""
    if sum(json.loads((directory / "manifest.json").read_text())["sizes"].values()) < 50_000:
        return
    server = Server(directory, core=None).wait_until_ready()
    try:
        until = time.monotonic() + patience_s
        while not list(_snapshots(directory).glob("*.snapshot")):
            if time.monotonic() > until:
                raise RuntimeError(f"no snapshot of the index appears in {_snapshots(directory)}")
            time.sleep(0.05)
    finally:
        server.stop()


def _start_after_kill(directory, seed, seconds=10):
    """Ten seconds of updates as quick as they go, then `kill -9`: the start finds a log to recover."""
    server = Server(directory).wait_until_ready()
    try:
        server.drive("update", seconds, seed=seed)
        server.process.kill()
    finally:
        server.stop()
    return _start_once(directory)


def start_up(directory, times=3):
    """Seconds from exec to the first retrieve and the first list answered, once without a snapshot of the index, then with it, and
    after `kill -9`; the operating system has the files in its cache."""
    shutil.rmtree(_snapshots(directory), ignore_errors=True)
    built = _start_once(directory)
    _save_index(directory)
    measured = [_start_once(directory) for _ in range(times)]
    written = copy_of(directory, directory.with_name(directory.name + "-killed"))  # what stands in `directory` is measured on
    killed = [_start_after_kill(written, seed) for seed in range(times)]
    shutil.rmtree(written)
    note(f"start-up: retrieve {measured[-1][0] * 1000:.0f} ms, list {measured[-1][1] * 1000:.0f} ms, without a snapshot {built[1] * 1000:.0f} ms, after kill -9 {killed[-1][0] * 1000:.0f} ms")
    retrieves, lists, memories = map(statistics.median, zip(*measured))
    return {"retrieve_s": retrieves, "list_s": lists, "list_built_s": built[1], "memory_mib": memories,
            "killed_retrieve_s": statistics.median(retrieve for retrieve, _, _ in killed), "killed_list_s": statistics.median(lists for _, lists, _ in killed)}


def idle_and_empty(scratch, times=5):
    """`plenoptic serve` on a directory that is not there yet: time to its first answer, and its memory."""
    measured = []
    for number in range(times):
        directory = scratch / f"empty-{number}"
        directory.mkdir()
        (directory / "manifest.json").write_text('{"key": "none"}')
        server = Server(directory, core=None)
        try:
            measured.append((server.first_answer("/healthz"), server.memory_mib()))
        finally:
            server.stop()
        shutil.rmtree(directory)
    return {"first_answer_s": statistics.median(seconds for seconds, _ in measured), "memory_mib": statistics.median(mib for _, mib in measured)}


def size_on_disk(directory, sizes, sample=400):
    """Bytes of the database after a clean stop, and of the JSON of all records, from a spread sample of each type."""
    stored, snapshots = _database_bytes(directory), tree_bytes(_snapshots(directory))
    server = Server(directory).wait_until_ready()
    try:
        json_bytes = 0
        for plural in TYPES:
            ids = (directory / "ids" / plural).read_text().split()
            chosen = ids[::max(1, len(ids) // sample)]
            json_bytes += sum(len(server.call("GET", f"/v1/{plural}/{identity}")) for identity in chosen) / len(chosen) * getattr(sizes, plural)
    finally:
        server.stop()
    return {"database_bytes": stored, "snapshot_bytes": snapshots, "json_bytes": round(json_bytes)}


def idempotency_size(directory, writes):
    """What the kept answers of `writes` updates with a key add to the database, over the same writes without one."""
    ids = (directory / "ids" / "opportunities").read_text().split()
    def lines(keyed):
        for number in range(writes):
            yield "POST", f"/v1/opportunities/{ids[number % len(ids)]}", f"bench-{number}" if keyed else None, {"fields": {"$nextStep": f"{'Keyed' if keyed else 'Plain'} {number}"}}

    sizes = [_database_bytes(directory)]
    for keyed in (False, True):
        server = Server(directory, core=None).wait_until_ready()
        try:
            feed(server.url, http_headers(server.key), lines(keyed), writes, directory / "ids" / "answered", f"updates {'with' if keyed else 'without'} a key")
        finally:
            server.stop()
        sizes.append(_database_bytes(directory))
    plain, with_key = sizes[1] - sizes[0], sizes[2] - sizes[1]
    return {"writes": writes, "bytes_without_key": plain, "bytes_with_key": with_key, "bytes_each": (with_key - plain) / writes}


def json_of_first(server):
    return server.call("GET", "/v1/opportunities/" + server.ids("opportunities").read_text().split("\n", 1)[0]).decode()
