"""Load: wrk as the closed-loop generator, and as the pump that feeds rows to Plenoptic's API."""
import json
import os
import signal
import statistics
import subprocess
import threading
import time

from bench.machine import LOAD_CORE, ROOT, note, pinned

LUA = ROOT / "bench" / "lua"


def drive(url, requests, scenario, seconds, connections, headers="", seed=1, **values):
    """Closed-loop load on `url` from the load's core. `requests` names a file in bench/lua, `scenario` a function in it.

    Returns rate, p50_ms, p99_ms, max_ms, errors, requests and percentiles. The rate counts what was answered well: a refusal is quick and helps nobody.
    """
    arguments = {"requests": LUA / f"{requests}.lua", "scenario": scenario, "seed": seed, "headers": headers, **values}
    command = pinned(LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", LUA / "load.lua", url, "--")
    run = subprocess.run(command + [f"{name}={value}" for name, value in arguments.items()], capture_output=True, text=True)
    line = next((line for line in run.stdout.splitlines() if line.startswith("RESULT ")), None)
    if not line:
        raise RuntimeError(f"wrk failed at {scenario} on {url}: {run.stdout}{run.stderr}")
    result = json.loads(line[len("RESULT "):])
    if result["requests"] == 0:
        return nothing(seconds, connections)
    result["rate"] *= max(result["requests"] - result["errors"], 0) / result["requests"]
    return result


def nothing(seconds, connections):
    """The result where nothing came back in time: latencies are at least the whole run."""
    waited = seconds * 1000
    return {"rate": 0.0, "p50_ms": waited, "p99_ms": waited, "max_ms": waited, "errors": connections, "requests": 0, "percentiles": []}


def median(rounds):
    """The medians of several results of one measurement, errors and requests summed, percentiles of the middle round."""
    middle = sorted(rounds, key=lambda result: result["rate"])[len(rounds) // 2]
    out = {name: statistics.median(result[name] for result in rounds) for name in ("rate", "p50_ms", "p99_ms", "max_ms")}
    return out | {name: sum(result[name] for result in rounds) for name in ("errors", "requests")} | {"percentiles": middle["percentiles"], "rates": [result["rate"] for result in rounds]}


def _pump(pipe, lines):
    try:
        with open(pipe, "w", buffering=1 << 20) as out:
            for method, path, key, body in lines:
                out.write(f"{method}\t{path}\t{key or '-'}\t{json.dumps(body, separators=(',', ':'))}\n")
    except BrokenPipeError:
        pass  # wrk ended early; feed() says so


def _end_where_stalled(wrk, ids_file, patience_s=120):
    """A server that died answers nobody, and wrk would ask for ever: no new id for that long ends it."""
    size = -1
    while wrk.poll() is None:
        before, size = size, ids_file.stat().st_size if ids_file.exists() else 0
        if size == before:
            wrk.kill()
        try:
            wrk.wait(patience_s)
        except subprocess.TimeoutExpired:
            pass


def feed(url, headers, lines, count, ids_file, what, connections=64, say_every_s=10):
    """Sends each (method, path, idempotency key or None, body) of `lines` once, as fast as the server takes them, and writes the answered ids.

    All `count` must be taken. Returns the seconds that it took.
    """
    pipe = ids_file.with_suffix(".pipe")
    os.mkfifo(pipe)
    writer = threading.Thread(target=_pump, args=(pipe, lines), daemon=True)
    started = said = time.monotonic()
    command = ["wrk", "-t1", f"-c{connections}", "-d86400s", "--timeout", "60s", "-s", str(LUA / "feed.lua"), url, "--", headers, str(pipe), str(ids_file)]
    wrk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    writer.start()
    threading.Thread(target=_end_where_stalled, args=(wrk, ids_file), daemon=True).start()
    created, refused, log = 0, 0, []
    try:
        for line in wrk.stdout:
            if not line.startswith("ANSWERED"):
                log.append(line)
                continue
            created, refused = map(int, line.split()[1:])
            if created + refused >= count:
                break
            if time.monotonic() - said >= say_every_s:
                said = time.monotonic()
                note(f"  {what}: {created:,} of {count:,}, {created / (said - started):,.0f}/s")
    finally:
        wrk.send_signal(signal.SIGINT)
        wrk.communicate()
        pipe.unlink()
    seconds = time.monotonic() - started
    if created != count or refused:
        raise RuntimeError(f"{what}: {created:,} of {count:,} were taken, {refused:,} refused. {''.join(log)[:2000]}")
    note(f"  {what}: {count:,} in {seconds:.1f} s, {count / seconds:,.0f}/s")
    return seconds
