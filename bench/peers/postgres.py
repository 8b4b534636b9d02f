"""PostgreSQL: the raw SQL by pgbench, on the same rows, as durable. Also the database that Directus runs on."""
import os
import shutil
import statistics
import subprocess
from pathlib import Path

from bench import data
from bench.load import nothing
from bench.machine import LOAD_CORE, SERVER_CORE, free_port, note, pinned

SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "''", "shared_buffers": "512MB", "max_connections": "300", "max_wal_size": "4GB", "effective_cache_size": "4GB",
            "random_page_cost": "1.1", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
            # What it does for itself must not fall into another's turn, nor last: see Cluster.tidy().
            "autovacuum": "off", "checkpoint_timeout": "1h", "checkpoint_completion_target": "0"}

SCHEMA = """
CREATE TABLE opportunities (
  id text PRIMARY KEY, name text NOT NULL, stage text, amount numeric, close_date timestamptz, next_step text, tier text, score numeric, forecast numeric, competitor text, is_renewal boolean,
  trial_ends_at timestamptz, account text, owner text, champion text, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
"""
INDEXES = "CREATE INDEX ON opportunities (account); CREATE INDEX ON opportunities (stage, amount); CREATE SEQUENCE made START {next};"

# What pgbench runs; :rows and :accounts come from the command line.
SCRIPTS = {
    "retrieve": "\\set n random(1, :rows)\nSELECT * FROM opportunities WHERE id = 'opp_c' || lpad((:n)::text, 24, '0');\n",
    "update": "\\set n random(1, :rows)\n\\set a random(1, :accounts)\n\\set v random(1, 100000)\n"
              "UPDATE opportunities SET stage = (ARRAY['Lead','Demo','Trial','Proposal','Won'])[1 + :v % 5], amount = :v, next_step = 'Step ' || :v, tier = 'Silver', account = 'acc_' || :a, "
              "updated_at = now() WHERE id = 'opp_c' || lpad((:n)::text, 24, '0');\n",
    "create": "\\set a random(1, :accounts)\n\\set v random(1, 100000)\n"
              "INSERT INTO opportunities (id, name, stage, amount, close_date, next_step, tier, score, forecast, competitor, is_renewal, trial_ends_at, account) "
              "VALUES ('opp_c' || lpad(nextval('made')::text, 24, '0'), 'Deal ' || :v, 'Lead', :v, '2026-05-04', 'Call', 'Gold', :v % 100, :v, 'Incumbent', true, '2026-04-01', 'acc_' || :a);\n",
}


def _programs():
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]


class Cluster:
    """A PostgreSQL of this run's own, on the server's core."""

    def __init__(self, directory):
        self.directory, self.port = directory, free_port()
        self.programs = _programs()
        directory.mkdir()
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(directory, "postgres", "postgres")
        self._as_postgres(self.programs / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8")
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        try:
            self._as_postgres("taskset", "-c", SERVER_CORE, self.programs / "pg_ctl", "-D", directory / "data", "-o", f"-p {self.port} {options}", "-w", "-l", directory / "log", "start")
        except BaseException:  # ended meanwhile: it may be starting
            self.stop(check=False)
            raise

    def _as_postgres(self, *command, check=True):
        command = list(map(str, command))
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
        if check and run.returncode:
            raise RuntimeError(f"{' '.join(command)}: {run.stderr}")

    def sql(self, *statements, database="postgres"):
        for text in statements:
            subprocess.run([str(self.programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-c", text], check=True,
                           stdout=subprocess.DEVNULL)

    def copy(self, table, columns, rows, database="postgres"):
        """COPY from an iterable of tuples of text without tabs; None is NULL."""
        command = [str(self.programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database,
                   "-c", f"COPY {table} ({', '.join(columns)}) FROM STDIN"]
        psql = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
        for row in rows:
            psql.stdin.write("\t".join("\\N" if value is None else str(value) for value in row) + "\n")
        psql.stdin.close()
        if psql.wait():
            raise RuntimeError(f"COPY {table} failed")

    def tidy(self, database):
        """What autovacuum would do, after a turn of writes instead of within one."""
        self.sql("VACUUM ANALYZE", database=database)

    def stop(self, check=True):
        self._as_postgres(self.programs / "pg_ctl", "-D", self.directory / "data", "-m", "immediate", "stop", check=check)


def number(prefix, index):
    return f"{prefix}_c{index + 1:024}"


class Raw:
    """pgbench with so many clients on a table with our columns and three indexes, in a database of its own."""

    def __init__(self, cluster, sizes):
        self.cluster, self.sizes = cluster, sizes
        self.database = f"raw_{sizes.opportunities}"
        note(f"  PostgreSQL: copying {sizes.opportunities:,} rows")
        cluster.sql(f"CREATE DATABASE {self.database}")
        cluster.sql(SCHEMA, database=self.database)
        columns = ["id", "name", "stage", "amount", "close_date", "next_step", "tier", "score", "forecast", "competitor", "is_renewal", "trial_ends_at", "account", "owner", "champion"]
        keys = ["name", "stage", "amount", "closeDate", "nextStep", "tier", "score", "forecast", "competitor", "isRenewal", "trialEndsAt"]
        cluster.copy("opportunities", columns, ((number("opp", at), *(row[key] for key in keys), f"acc_{row['account']}", f"mem_{row['owner']}", number("con", row["champion"]))
                                                for at, row in enumerate(data.opportunities(sizes))), self.database)
        cluster.sql(INDEXES.format(next=sizes.opportunities + 1), "VACUUM ANALYZE opportunities", "CHECKPOINT", database=self.database)

    def tidy(self):
        self.cluster.tidy(self.database)

    def drive(self, scenario, seconds, connections=64, seed=1):
        script = self.cluster.directory / f"{scenario}.sql"
        script.write_text(SCRIPTS[scenario])
        logs = self.cluster.directory / "pgbench"
        command = pinned(LOAD_CORE, self.cluster.programs / "pgbench", "-h", "127.0.0.1", "-p", self.cluster.port, "-U", "postgres", "-n", "-M", "prepared", "-c", connections, "-j", 1, "-T", seconds,
                         "-f", script, "-D", f"rows={self.sizes.opportunities}", "-D", f"accounts={self.sizes.accounts}", f"--random-seed={seed}", "-l", "--sampling-rate=0.1",
                         f"--log-prefix={logs}", self.database)
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr)
        latencies = []
        for log in self.cluster.directory.glob("pgbench.*"):
            latencies += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
            log.unlink()
        rate = next((float(line.split("=")[1].split()[0]) for line in run.stdout.splitlines() if line.startswith("tps")), 0.0)
        if len(latencies) < 2:
            return nothing(seconds, connections)
        cuts = statistics.quantiles(latencies, n=1000)
        points = [[percent, cuts[int(percent * 10) - 1]] for percent in (1, 10, 25, 50, 75, 90, 95, 99, 99.9)]
        return {"rate": rate, "p50_ms": cuts[499], "p99_ms": cuts[989], "max_ms": max(latencies), "errors": 0, "requests": round(rate * seconds), "percentiles": points}
