"""Offers a server many times what it can sustain, by an open loop, and prints one line of JSON: for each scenario the sustainable
rate (closed loop, 64 connections), what became of the flood (share shed, p50 and p99 of what was accepted), and how long after
the flood's end the last 503 and the last answer over 100 ms came, under a fifth of the sustainable load. `./dev bench` does the same
on its largest data set. What is due while every connection waits for an answer is not sent (`unsent`): what a server is offered
is bounded by its connections, as in life.

The load generator (bench/open_loop.cpp) is compiled at first use. Latency runs from sending to the last byte and contains the
generator's own waiting for a core, so give it one: --generator-cores. The server must run without rate limits.
"""
import argparse
import json
import random
import signal
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIOS = ("retrieve", "list", "update")
STAGES = ("Lead", "Qualification", "Demo", "Trial", "Proposal")


def generator():
    program = HERE.parent / "build" / "open_loop"
    source = HERE / "open_loop.cpp"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(exist_ok=True)
        subprocess.run(["g++", "-std=c++20", "-O2", "-o", str(program), str(source)], check=True)
    return program


class Api:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(), headers=self.headers())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def headers(self):
        return {"Authorization": f"Bearer {self.key}", "Lightfield-Version": "2026-03-01", "Content-Type": "application/json"}

    def raw(self, method, path, body=None):
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in self.headers().items()), f"Content-Length: {len(payload)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload

    def ids(self, wanted):
        """Of opportunities that there are; made where there are none."""
        found = []
        while len(found) < wanted:
            page = [record["id"] for record in self.call("GET", f"/v1/opportunities?limit=25&offset={len(found)}")["data"]]
            if not page:
                break
            found += page
        account = None
        while len(found) < wanted:
            account = account or self.call("POST", "/v1/accounts", {"fields": {"$name": "Overload"}})["id"]
            number = len(found)
            fields = {"$name": f"Deal {number}", "$stage": STAGES[number % len(STAGES)], "$amount": number}
            found.append(self.call("POST", "/v1/opportunities", {"fields": fields, "relationships": {"$account": account}})["id"])
        return found


def requests_of(scenario, api, ids):
    choose = random.Random(1)
    for _ in range(5000):
        if scenario == "retrieve":
            yield api.raw("GET", "/v1/opportunities/" + choose.choice(ids))
        elif scenario == "list":
            query = urllib.parse.urlencode({"$stage[equal]": choose.choice(STAGES), "$amount[greaterThan]": choose.randrange(1000)})
            yield api.raw("GET", "/v1/opportunities?" + query)
        else:
            yield api.raw("POST", "/v1/opportunities/" + choose.choice(ids), {"fields": {"$stage": choose.choice(STAGES), "$amount": choose.randrange(100_000)}})


def measure(api, ids, scenario, factor, seconds, connections, generator_cores):
    port = urllib.parse.urlsplit(api.url).port
    cores = ["taskset", "-c", generator_cores] if generator_cores else []
    with tempfile.NamedTemporaryFile(suffix=".requests") as file:
        for text in requests_of(scenario, api, ids):
            file.write(struct.pack("=I", len(text)) + text)
        file.flush()

        def run(connections, phases):
            done = subprocess.run([*cores, str(generator()), str(port), str(connections), file.name, phases], capture_output=True, text=True, check=True)
            return [json.loads(line) for line in done.stdout.splitlines()]

        sustained = run(64, "0:1,0:3")[-1]
        rate = sustained["accepted_per_s"]
        flood, after = run(connections, f"{rate * factor}:{seconds},{rate / 5}:3")
    return {"sustainable_per_s": rate, "sustainable_p99_ms": sustained["p99_ms"], "flood": flood, "after": after,
            "recovery_s": max(after["last_shed_s"], after["last_over_100_ms_s"])}


def measure_all(api, scenarios=SCENARIOS, factor=10, seconds=5, connections=2000, generator_cores=None):
    ids = api.ids(2000)
    return {scenario: measure(api, ids, scenario, factor, seconds, connections, generator_cores) for scenario in scenarios}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="http://127.0.0.1:PORT")
    parser.add_argument("--key", required=True, help="an API key with full access")
    parser.add_argument("--seconds", type=float, default=5, help="of each flood")
    parser.add_argument("--factor", type=float, default=10, help="times the sustainable rate")
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one; may be given again")
    parser.add_argument("--generator-cores", help="where the generator may run, as taskset takes it")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does: the generator is ended, its file removed
    api = Api(arguments.url, arguments.key)
    print(json.dumps(measure_all(api, arguments.scenario or SCENARIOS, arguments.factor, arguments.seconds, arguments.connections, arguments.generator_cores)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
