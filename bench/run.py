"""Measures Plenoptic beside nginx and PostgreSQL in one run, and prints one table of rates, latencies and ratios.

Server on one core, load on the other, the peers interleaved, medians of several rounds. Called by `./dev bench`.
"""
import argparse
import json
import os
import platform
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "build" / "plenoptic"
PG = Path("/usr/lib/postgresql/15/bin")
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def note(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def cuid(blob):
    number, digits = int.from_bytes(blob, "big"), []
    for _ in range(24):
        number, digit = divmod(number, 36)
        digits.append(ALPHABET[digit])
    return "c" + "".join(reversed(digits))


class Plenoptic:
    def __init__(self, directory):
        self.directory = directory
        self.process = subprocess.Popen(["taskset", "-c", "0", str(BINARY), "dev", "--listen", "127.0.0.1:0", "--seed", "none", "--json", "--rate-limit", "0", "--log-level", "warn", "--data", str(directory)],
                                        stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url, self.key = ready["url"], ready["apiKey"]

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.key}", "Lightfield-Version": "2026-03-01", "Content-Type": "application/json"})
        return urllib.request.urlopen(request, timeout=60).read()

    def total(self, plural):
        return json.loads(self.call("GET", f"/v1/{plural}?limit=1"))["totalCount"]

    def ids(self, number, prefix):
        with sqlite3.connect(f"file:{self.directory}/plenoptic.db?mode=ro", uri=True) as database:
            return [f"{prefix}_{cuid(row[0])}" for row in database.execute("SELECT id FROM records WHERE type = ?", (number,))]

    def memory_mib(self):
        return next(int(line.split()[1]) for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS")) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Nginx:
    """Answers the same bytes by `return`, from one core."""

    def __init__(self, directory, body):
        self.port = free_port()
        quoted = body.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")
        config = directory / "nginx.conf"
        config.write_text(f"""
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  geo $dollar {{ default "$"; }}
  server {{ listen 127.0.0.1:{self.port}; location / {{ default_type application/json; return 200 '{quoted}'; }} }} }}
""")
        self.process = subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.05)
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Postgres:
    """The same rows, written by raw SQL through pgbench, as durable."""

    def __init__(self, directory, rows):
        self.directory = directory / "postgres"
        self.directory.mkdir()
        shutil.chown(self.directory, "postgres", "postgres")
        for parent in [self.directory, *self.directory.parents]:
            if str(parent).startswith(str(ROOT)) or str(parent).startswith("/tmp/"):
                parent.chmod(parent.stat().st_mode | 0o755)
        self.port = free_port()
        self.as_postgres(PG / "initdb", "-D", self.directory / "data", "-A", "trust", "--no-sync")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c shared_buffers=256MB -c max_connections=200 -c synchronous_commit=on -c fsync=on -c max_wal_size=4GB"
        self.as_postgres("taskset", "-c", "0", PG / "pg_ctl", "-D", self.directory / "data", "-o", options, "-w", "-l", self.directory / "log", "start")
        self.sql(f"CREATE TABLE opportunities (id text PRIMARY KEY, account text, stage text, amount numeric, next_step text, tier text, fields jsonb, updated_at timestamptz);"
                 f"INSERT INTO opportunities SELECT 'opp_c' || lpad(n::text, 24, '0'), 'acc_' || n % 1000, 'Lead', n, 'Call', 'Gold', jsonb_build_object('name', 'Deal ' || n, 'score', n % 100), now() FROM generate_series(1, {rows}) n;"
                 f"CREATE INDEX ON opportunities (account); CREATE INDEX ON opportunities (stage, amount); CREATE SEQUENCE made START {rows + 1};", "VACUUM ANALYZE opportunities")
        self.scripts = {
            "update": f"\\set n random(1, {rows})\n\\set a random(1, 1000)\nUPDATE opportunities SET stage = 'Demo', amount = :a, next_step = 'Step', tier = 'Silver', account = 'acc_' || :a, updated_at = now() WHERE id = 'opp_c' || lpad((:n)::text, 24, '0');\n",
            "create": "\\set a random(1, 1000)\nINSERT INTO opportunities SELECT 'opp_c' || lpad(nextval('made')::text, 24, '0'), 'acc_' || :a, 'Lead', :a, 'Call', 'Gold', '{\"name\": \"Deal\", \"score\": 1}', now();\n",
        }

    @staticmethod
    def as_postgres(*command):
        subprocess.run(["runuser", "-u", "postgres", "--", *map(str, command)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def sql(self, *statements):
        for text in statements:
            subprocess.run([str(PG / "psql"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-c", text], check=True)

    def measure(self, scenario, seconds):
        script = self.directory / f"{scenario}.sql"
        script.write_text(self.scripts[scenario])
        run = subprocess.run(["taskset", "-c", "1", str(PG / "pgbench"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-n", "-M", "prepared", "-c", "64", "-j", "1", "-T", str(seconds), "-f", str(script), "postgres"],
                             capture_output=True, text=True, check=True)
        rate = float(next(line for line in run.stdout.splitlines() if line.startswith("tps")).split("=")[1].split()[0])
        latency = float(next(line for line in run.stdout.splitlines() if line.startswith("latency average")).split("=")[1].split()[0])
        return {"rate": rate, "p50_ms": latency, "p99_ms": float("nan"), "errors": 0}

    def stop(self):
        self.as_postgres(PG / "pg_ctl", "-D", self.directory / "data", "-m", "immediate", "stop")


def wrk(url, scenario, key, files, seconds, connections=64):
    run = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(ROOT / "bench" / "load.lua"), url, "--", scenario, key, *map(str, files)],
                         capture_output=True, text=True)
    line = next((line for line in run.stdout.splitlines() if line.startswith("RESULT ")), None)
    if not line:
        raise RuntimeError(run.stdout + run.stderr)
    return json.loads(line[7:])


def seed(server, directory, rows):
    workspace = "/admin/v1/workspaces/demo"
    server.call("POST", workspace + "/fields", {"objectType": "opportunity", "key": "tier", "label": "Tier", "valueType": "SINGLE_SELECT", "options": ["Gold", "Silver"]})
    server.call("POST", workspace + "/fields", {"objectType": "opportunity", "key": "score", "label": "Score", "valueType": "NUMBER"})
    empty, accounts, ids = directory / "empty", directory / "accounts", directory / "ids"
    empty.write_text("x\n")
    while server.total("accounts") < min(1000, rows):
        wrk(server.url, "accounts", server.key, [empty, empty], 1)
    accounts.write_text("\n".join(server.ids(1, "acc")) + "\n")
    started = time.monotonic()
    while (have := server.total("opportunities")) < rows:
        note(f"  seeding: {have:,} of {rows:,}")
        wrk(server.url, "create", server.key, [empty, accounts], 5 if rows - have > 50_000 else 2)
    ids.write_text("\n".join(server.ids(3, "opp")) + "\n")
    note(f"  seeded {server.total('opportunities'):,} opportunities in {time.monotonic() - started:.0f} s")
    return [ids, accounts]


def median(rounds):
    return {name: statistics.median(result[name] for result in rounds) for name in ("rate", "p50_ms", "p99_ms")} | {"errors": sum(result["errors"] for result in rounds)}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes: fewer rows, shorter rounds")
    parser.add_argument("--rows", type=int, help="opportunities (100,000; 20,000 with --quick)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, help="of each measurement")
    arguments = parser.parse_args()
    rows = arguments.rows or (20_000 if arguments.quick else 100_000)
    seconds = arguments.seconds or (3 if arguments.quick else 8)
    results = ROOT / "bench" / "results"
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    peers = []
    try:
        server = Plenoptic(directory / "data")
        peers.append(server)
        files = seed(server, directory, rows)
        body = server.call("GET", "/v1/opportunities/" + files[0].read_text().split("\n", 1)[0]).decode()
        nginx = Nginx(directory, body)
        peers.append(nginx)
        postgres = Postgres(directory, rows)
        peers.append(postgres)
        measured = {name: [] for name in ("nginx", "retrieve", "pg update", "update", "pg insert", "create", "list")}
        for number in range(arguments.rounds):
            note(f"round {number + 1} of {arguments.rounds}")
            measured["nginx"].append(wrk(nginx.url, "plain", "x", files, seconds))
            measured["retrieve"].append(wrk(server.url, "retrieve", server.key, files, seconds))
            measured["pg update"].append(postgres.measure("update", seconds))
            measured["update"].append(wrk(server.url, "update", server.key, files, seconds))
            measured["pg insert"].append(postgres.measure("create", seconds))
            measured["create"].append(wrk(server.url, "create", server.key, files, seconds))
            measured["list"].append(wrk(server.url, "list", server.key, files, seconds, connections=32))
        medians = {name: median(rounds) for name, rounds in measured.items()}
        versus = {"retrieve": ("nginx", "nginx, the same bytes by return"), "update": ("pg update", "PostgreSQL, raw UPDATE"), "create": ("pg insert", "PostgreSQL, raw INSERT")}
        lines = [f"{'':10} {'rate/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'errors':>6}   ratio"]
        for name, result in medians.items():
            ratio = f"{result['rate'] / medians[versus[name][0]]['rate']:.2f} x {versus[name][1]}" if name in versus else ""
            lines.append(f"{name:10} {result['rate']:>10,.0f} {result['p50_ms']:>8.2f} {result['p99_ms']:>8.2f} {result['errors']:>6}   {ratio}")
        cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
        head = f"{server.total('opportunities'):,} opportunities, {len(body):,} bytes an answer, 64 connections (list: 32), medians of {arguments.rounds} rounds of {seconds} s, server memory {server.memory_mib():.0f} MiB\n{cpu}, {os.cpu_count()} cores, {platform.release()}"
        report = head + "\n\n" + "\n".join(lines) + "\n"
        print(report)
        results.mkdir(exist_ok=True)
        (results / "latest.txt").write_text(report)
        (results / "latest.json").write_text(json.dumps({"rows": rows, "seconds": seconds, "rounds": measured, "medians": medians}, indent=1) + "\n")
    finally:
        for peer in reversed(peers):
            peer.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
