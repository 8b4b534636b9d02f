"""Many clients write while the server is killed, loses power, or its disk fills or fails; after each restart all must be as answered.

PLENOPTIC_SEED repeats a run's choices (not its timing), PLENOPTIC_CRASH_ROUNDS sets its length.
"""
import json
import math
import os
import random
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest

import checks
from connection import Connection
from harness.server import BINARY, SLOW, Server, first_line, launch
from worker import Worker

SEED = int(os.environ.get("PLENOPTIC_SEED", random.SystemRandom().randrange(10**9)))
ROUNDS = int(os.environ.get("PLENOPTIC_CRASH_ROUNDS", "60"))
FAULTY = BINARY.with_name("plenoptic_faulty")
WORKERS = 16
ROUNDS_ON_A_DIRECTORY = 24  # then a new one, so that checks stay short and making one is tried too
MET_ALWAYS = ("kill", "unsynced")
KILLED, POWER_LOST, OUTCOME_UNKNOWN = -9, 86, 70
OPTIONS = ["--rate-limit", "0", "--public-url", "https://crm.example", "--wal-limit-mib", "1", "--recent-links", "60", "--index-snapshot-after", "1", "--log-level", "info"]

# How a round goes wrong. `kill` ends the process only; with `unsynced` nothing survives that was not synced.
WAYS = ["kill", "unsynced", "power", "power", "full", "write", "sync", "read", "truncate", "shm"]


class CrashServer(Server):
    """`plenoptic dev` on a directory; with faults, the program whose file system has them: then it may fail to start. Starts when told."""

    def __init__(self, data):
        self.options, self.data = OPTIONS, data
        self.errors = tempfile.NamedTemporaryFile("w+", prefix="plenoptic-stderr-", suffix=".log")
        self.process, self.ready = None, False

    def start(self, faults=None):
        program = BINARY if faults is None else FAULTY
        command = [program, "dev", "--listen", "127.0.0.1:0", "--json", "--seed", "none", "--data", self.data, *self.options]
        environment = os.environ if faults is None else {**os.environ, "PLENOPTIC_FAULTS": faults}
        self.process = launch(command, stderr=self.errors, env=environment)
        line = first_line(self.process)
        self.ready = bool(line)
        if self.ready:
            announced = json.loads(line)
            self.port, self.key = int(announced["url"].rsplit(":", 1)[1]), announced["apiKey"]
        else:
            assert faults is not None, f"it does not start: {self.stderr()}"

    def said(self):
        return Path(self.errors.name).read_text()

    def end(self, asked=False):
        """Kills it where it still runs, or asks it to end; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM if asked else signal.SIGKILL)
        code = self.process.wait(timeout=60 * SLOW)
        self.process.stdout.close()
        return code


def verify(data):
    done = subprocess.run([str(BINARY), "verify", str(data), "--json"], capture_output=True, text=True, timeout=300 * SLOW)
    return done.returncode, done.stdout + done.stderr


def faults_of(way, choose):
    """What the file system is told; None: nothing, it is the real one."""
    seed = f"seed={choose.randrange(10**6)}"
    some = lambda most: int(math.exp(choose.uniform(0, math.log(most))))  # noqa: E731  (as often below 30 as above)
    if way == "kill":
        return None
    if way == "unsynced":
        return seed
    if way == "lying":
        return f"{seed},lying=1"
    if way == "power":
        return f"{seed},crash_after={some(2500)}"
    if way == "full":
        return f"{seed},enospc_at={some(1500)},enospc_for={choose.choice([1, 3, 30, 0])}"
    # Past about the first number the server has started.
    first, most = {"write": (1, 1500), "sync": (1, 90), "read": (40, 2000), "truncate": (1, 3), "shm": (20, 2000)}[way]
    return f"{seed},eio_on={way},eio_at={choose.choice([0, first]) + some(most)},eio_for={choose.choice([1, 1, 5, 0])}"


def may_end_with(way, ready):
    if way in ("kill", "unsynced", "lying"):
        return {KILLED}
    if way == "power":
        return {KILLED, POWER_LOST}
    if way == "full":
        return {KILLED} if ready else {1}
    return {KILLED, OUTCOME_UNKNOWN} if ready else {1, OUTCOME_UNKNOWN}


def hammer(server, workers, choose, way):
    """Writes from every worker at once; where nothing else ends the server, it is killed in the midst of it or at the end. Returns whether it was.
    In the midst: beside an acknowledgement or, as often, at a moment that has to do with nothing."""
    each = choose.randrange(5, 80)
    acknowledged, lock = [0], threading.Lock()
    midst = way in ("kill", "unsynced") or choose.random() < 0.3
    kill_at = choose.randrange(1, each * len(workers)) if midst and choose.random() < 0.5 else None
    timer = threading.Timer(choose.uniform(0.001, 0.3), lambda: kill()) if midst and kill_at is None else None
    killed = threading.Event()

    def kill():
        killed.set()
        server.process.kill()

    def told():
        with lock:
            acknowledged[0] += 1
            if acknowledged[0] == kill_at:
                kill()

    for worker in workers:
        worker.failure, worker.recovered = None, False
    threads = [threading.Thread(target=worker.hammer, args=(server.port, server.key, each, told)) for worker in workers]
    for thread in [*threads, *([timer] if timer else [])]:
        thread.start()
    for thread in threads:
        thread.join()
    if timer:
        timer.cancel()
        timer.join()
    for worker in workers:
        if worker.failure:
            raise worker.failure
    return killed.is_set()


def check(server, workers, sample, again=True):
    """`again`: after a restart, when nothing fails any more, so that what was turned away can be sent again; what is looked at before will be looked at then too."""
    connection = Connection(server.port, server.key)
    for worker in workers:
        checks.settle(worker, connection)
    for worker in workers:
        checks.check_unavailable(worker, connection, again)
        checks.check_records(worker, connection, sample, again)
        checks.check_replays(worker, connection, sample, again)
    checks.check_totals(workers, connection)
    connection.close()


def count(workers, seen):
    seen["answered 503"] += sum(len(worker.unavailable) for worker in workers)
    seen["rounds that wrote on after a 503"] += any(worker.recovered for worker in workers)


def crash_again(server, choose, seen):
    """The power goes once more while the next start recovers."""
    server.start(f"seed={choose.randrange(10**6)},crash_after={choose.randrange(1, 40)}")
    code = server.end()
    assert code in (KILLED, POWER_LOST), f"ended with {code}: {server.stderr()}"
    seen["lost power again while it started"] += code == POWER_LOST


def run_round(server, workers, choose, way, seen):
    """From a server that does not run to one that does not run."""
    faults = faults_of(way, choose)
    said_before = server.said()
    server.start(faults)
    ready = server.ready
    killed = ready and hammer(server, workers, choose, way)
    count(workers, seen)
    # Where it goes on, it is right without a restart too: index and kept answers are as storage is.
    if ready and way in ("full", "truncate") and not killed:
        check(server, workers, 5, again=False)
        seen["rounds checked before their end too"] += 1
    asked = ready and not killed and way not in MET_ALWAYS and choose.random() < 0.5
    code = server.end(asked)
    assert code in may_end_with(way, ready) | ({0} if asked else set()), f"ended with {code}: {server.stderr()}"
    seen["ended in order with faults to come"] += code == 0
    met = way in MET_ALWAYS or code == POWER_LOST or "fault: " in server.said()[len(said_before):]
    seen["rounds"] += 1
    seen[f"{way}: ended with {code}{'' if ready else ' at its start'}{'' if met else ', nothing met'}"] += 1
    if choose.random() < 0.3:
        crash_again(server, choose, seen)
    verdict = verify(server.data)
    assert verdict[0] == 0, f"{way}, {faults}: {verdict[1]}"
    believed = Path(server.data, "plenoptic.db-wal-synced")
    seen["logs written anew after a sync that failed"] += not believed.exists()
    server.start()
    assert believed.exists()
    check(server, workers, 5)
    server.end()


def run_on_a_directory(data, choose, ways, seen):
    server = CrashServer(data)
    server.start()
    connection = Connection(server.port, server.key)
    # An account has parts, and each opportunity is part of one: to add it here takes it away there.
    relationship = {"source": "account", "key": "parts", "label": "Parts", "target": "opportunity", "cardinality": "HAS_MANY", "inverseKey": "whole", "inverseLabel": "Whole",
                    "inverseCardinality": "HAS_ONE"}
    made = connection.send("POST", "/admin/v1/workspaces/demo/relationships", relationship)
    assert made.status == 200, made
    definitions = connection.send("GET", "/v1/opportunities/definitions").json
    stages = [option["id"] for option in definitions["fieldDefinitions"]["$stage"]["typeConfiguration"]["options"]]
    server.end()
    workers = [Worker(number, random.Random(choose.random()), stages) for number in range(WORKERS)]
    for way in ways:
        try:
            run_round(server, workers, choose, way, seen)
        finally:
            server.end()
    server.start()
    check(server, workers, 10**9)
    assert server.stop() == 0, server.stderr()
    assert verify(data)[0] == 0, verify(data)
    seen["started from a snapshot of the index"] += server.said().count('"from":"snapshot"')
    seen["acknowledged"] += sum(worker.acknowledged for worker in workers)
    seen["looked at in between"] += sum(worker.looked for worker in workers)
    seen["records"] += sum(len(worker.records) for worker in workers)


def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(tmp_path, capsys):
    choose, seen = random.Random(SEED), Counter()
    ways = []
    while len(ways) < ROUNDS:
        ways += choose.sample(WAYS, len(WAYS))
    try:
        for begin in range(0, ROUNDS, ROUNDS_ON_A_DIRECTORY):
            run_on_a_directory(tmp_path / f"data{begin}", choose, ways[begin:min(begin + ROUNDS_ON_A_DIRECTORY, ROUNDS)], seen)
    except BaseException:
        print(f"PLENOPTIC_SEED={SEED} PLENOPTIC_CRASH_ROUNDS={ROUNDS}, so far {dict(seen)}")
        raise
    with capsys.disabled():
        print(f"\ncrash test: seed {SEED}, {seen['rounds']} rounds, {seen['acknowledged']} writes acknowledged, none lost; {dict(sorted(seen.items()))}")
    assert seen["acknowledged"] > 20 * ROUNDS and seen["started from a snapshot of the index"] > ROUNDS / 4
    if ROUNDS >= 60:
        for way in set(WAYS):
            assert any(what.startswith(f"{way}: ") and not what.endswith("nothing met") for what in seen), f"no round met what '{way}' does: {seen}"
        for what in ("power: ended with 86", "sync: ended with 70", "answered 503", "rounds that wrote on after a 503"):
            assert seen[what] > 0, f"{what}: never, in {seen}"
    if ROUNDS >= 600:  # among sixty there may be none
        assert seen["ended in order with faults to come"] > 0 and seen["logs written anew after a sync that failed"] > 0, seen


def test_a_disk_that_lies_about_its_syncs_is_found_out(tmp_path):
    """The crash test can fail: where syncs do nothing, acknowledged writes are lost, and it says so. With an answer, that is: not because a server did not start or a directory is unsound."""
    choose, seen = random.Random(SEED), Counter()
    with pytest.raises(AssertionError, match=r"<\d{3} b'"):
        run_on_a_directory(tmp_path / "data", choose, ["lying"] * 8, seen)


def test_a_directory_whose_making_was_interrupted_is_made_at_the_next_start(tmp_path):
    choose = random.Random(SEED)
    for round in range(8):
        server = CrashServer(tmp_path / f"new{round}")
        server.start(f"seed={choose.randrange(10**6)},crash_after={round * 6 + choose.randrange(1, 7)}")
        code = server.end()
        assert code in (KILLED, POWER_LOST), code
        server.start()
        assert server.stop() == 0
        assert verify(server.data)[0] == 0
