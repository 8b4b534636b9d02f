"""From results to the table: each row with its aim, and whether it is met."""
from dataclasses import dataclass

from bench.scenarios import LONGER, own_name

AIMS_BESIDE = {  # scenario to (times PocketBase, times Directus); None: no aim
    "retrieve": (10, 200), "update": (10, 100), "create": (10, None), "list": (10, None), "contains": (50, 200)}
NOT_AS_DURABLE = ("PocketBase, defaults",)  # does not sync each commit, so its writes are no yardstick
SAYS = {"retrieve": "retrieve", "update": "update: four fields, one relationship, synced", "create": "create, synced", "list": "list: select equal + number range, 25 rows, exact total",
        "contains": "list: e-mail contains", "starts": "list: name startsWith", "relationship": "list: relationship contains"}


@dataclass
class Row:
    what: str
    value: str
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int | None = None
    against: str = ""
    aim: str = ""
    met: bool | None = None
    stretch: str = ""  # a harder aim
    reached: bool | None = None


def _measured(what, result, **more):
    return Row(what, f"{result['rate']:,.0f}/s", result["p50_ms"], result["p99_ms"], result["errors"], **more)


def _best(results, prefix, but=()):
    """The name and result of the quickest whose name begins so; None where there is none."""
    found = [(name, result) for name, result in results.items() if name.startswith(prefix) and name not in but]
    return max(found, key=lambda pair: pair[1]["rate"]) if found else None


def _ratio(own, other):
    return own["rate"] / other["rate"] if other["rate"] else float("inf")


def _with_yardstick(scenario, own, results):
    prefix, aim, stretch, name = {"retrieve": ("nginx", 0.6, 0.8, "nginx by return"), "update": ("PostgreSQL", 1.0, 2, "raw UPDATE"), "create": ("PostgreSQL", 0.8, 1.5, "raw INSERT")}[scenario]
    best = _best(results, prefix)
    if not best:
        return _measured(SAYS[scenario], own, aim=f">= {aim} x {name}")
    ratio = _ratio(own, best[1])
    return _measured(SAYS[scenario], own, against=f"{ratio:.2f} x {name} ({best[0]}: {best[1]['rate']:,.0f}/s)", aim=f">= {aim} x", met=ratio >= aim and not own["errors"],
                     stretch=f"{stretch} x", reached=ratio >= stretch)


def _list_row(scenario, own):
    fast = own["p99_ms"] < 10 and not own["errors"]
    more = {"stretch": "3 ms", "reached": own["p99_ms"] < 3}
    if scenario == "list":
        return _measured(SAYS[scenario], own, aim=">= 5,000/s, p99 < 10 ms", met=fast and own["rate"] >= 5000, **more)
    return _measured(SAYS[scenario], own, aim="p99 < 10 ms", met=fast, **more)


def _offset_row(results, rows):
    first, far = results[own_name(rows, "first_page")], results[own_name(rows, "far_page")]
    ratio = _ratio(far, first)
    return _measured(f"list at offset {rows * 9 // 10:,}", far, against=f"{ratio:.2f} x offset 0 ({first['rate']:,.0f}/s)", aim="as fast (>= 0.9 x)", met=ratio >= 0.9)


def growth_of(results, scenario):
    """Each size's result, measured round by round beside each other; of a write, with nothing else between them."""
    measured = results["growth"].get(scenario, results["scenarios"][scenario])
    return [measured[own_name(rows)] for rows in results["sizes"]]


def _growth_rows(results):
    sizes = results["sizes"]
    for scenario in results["scenarios"]:
        if scenario == "offset" or len(sizes) < 2:
            continue
        measured = growth_of(results, scenario)
        ratio = _ratio(measured[0], measured[-1])
        steps = " → ".join(f"{result['rate']:,.0f}" for result in measured)
        yield Row(f"growth of {scenario}'s cost, " + " → ".join(f"{rows:,}" for rows in sizes), f"{ratio:.2f} x", against=f"{steps} /s", aim="<= 1.5 x", met=ratio <= 1.5, stretch="1.1 x", reached=ratio <= 1.1)


def _mixed_rows(mixed):
    yield _measured("mixed: 80 % retrieve, 15 % list, 5 % update", mixed, aim="p99 < 10 ms", met=mixed["p99_ms"] < 10 and not mixed["errors"])
    yield Row("  its memory, after the first tenth", f"± {mixed['memory_deviation'] * 100:.1f} %", aim="± 2 %", met=mixed["memory_deviation"] <= 0.02)


def _overload_rows(overload):
    for scenario, measured in overload.items():
        flood, sustained = measured["flood"], measured["sustainable_per_s"]
        yield Row(f"overload, {scenario}: {flood['offered_per_s']:,.0f}/s due, {flood['offered_per_s'] / sustained:.0f} x what 64 connections get", f"{flood['accepted_per_s']:,.0f}/s", flood["p50_ms"], flood["p99_ms"],
                  flood["others"] + flood["broken"], against=f"{flood['shed_share'] * 100:.0f} % of what was sent got 503; {flood['unsent']:,} found all connections waiting", aim="p99 of what is accepted < 100 ms",
                  met=flood["p99_ms"] < 100 and not flood["others"] + flood["broken"])
        yield Row("  until nobody is turned away or waits 100 ms any more", f"{measured['recovery_s']:.2f} s", aim="<= 1 s", met=measured["recovery_s"] <= 1)


def _size_rows(results):
    if start := results.get("start"):
        yield Row("start: first retrieve", f"{start['retrieve_s'] * 1000:,.0f} ms", aim="< 200 ms", met=start["retrieve_s"] < 0.2)
        yield Row("start: first list", f"{start['list_s'] * 1000:,.0f} ms", aim="< 5 s", met=start["list_s"] < 5, stretch="1 s", reached=start["list_s"] < 1)
        yield Row("  where the index has no snapshot", f"{start['list_built_s'] * 1000:,.0f} ms")
        if "killed_retrieve_s" in start:
            yield Row("  after ten seconds of updates and kill -9: first retrieve", f"{start['killed_retrieve_s'] * 1000:,.0f} ms", against="the log is recovered and synced first")
            yield Row("  after ten seconds of updates and kill -9: first list", f"{start['killed_list_s'] * 1000:,.0f} ms")
        yield Row("memory after start, index loaded", f"{start['memory_mib']:,.0f} MiB", aim="< 1,500 MB", met=start["memory_mib"] * 1.048576 < 1500, stretch="800 MB",
                  reached=start["memory_mib"] * 1.048576 < 800)
    if "memory_mib" in results:
        yield Row("memory at the end of the mixed load", f"{results['memory_mib']:,.0f} MiB", aim="< 1,500 MB", met=results["memory_mib"] * 1.048576 < 1500)
    if disk := results.get("disk"):
        ratio = disk["database_bytes"] / disk["json_bytes"]
        yield Row("database on disk", f"{disk['database_bytes'] / 1e6:,.1f} MB", against=f"{ratio:.2f} x the JSON of all records ({disk['json_bytes'] / 1e6:,.1f} MB)", aim="<= 2 x", met=ratio <= 2)
        yield Row("  beside it: the index's snapshot", f"{disk['snapshot_bytes'] / 1e6:,.1f} MB", against="made anew where it is missing")
    if kept := results.get("idempotency"):
        yield Row("  beside it: a kept idempotent answer", f"{kept['bytes_each']:,.0f} bytes", against=f"{kept['writes']:,} updates with a key, against as many without")


def own_rows(results):
    sizes = results["sizes"]
    largest = own_name(sizes[-1])
    for scenario, measured in results["scenarios"].items():
        if scenario == "offset":
            yield _offset_row(measured, sizes[-1])
        elif scenario in ("retrieve", "update", "create"):
            yield _with_yardstick(scenario, measured[largest], measured)
        else:
            yield _list_row(scenario, measured[largest])
    if "mixed" in results:
        yield from _mixed_rows(results["mixed"])
    yield from _growth_rows(results)
    yield from _overload_rows(results.get("overload", {}))
    yield from _size_rows(results)


def best_of_peer(scenario, measured, system):
    """The name and result of the quickest way in which it is as durable as Plenoptic; None where it was not measured."""
    return _best(measured, system, NOT_AS_DURABLE if scenario in ("update", "create") else ())


def peer_rows(results):
    for scenario, measured in results.get("scenarios", {}).items():
        own = measured["Plenoptic"]
        for (system, aim) in zip(("PocketBase", "Directus"), AIMS_BESIDE[scenario]):
            best = best_of_peer(scenario, measured, system)
            if best:
                ratio = _ratio(own, best[1])
                yield _measured(f"{scenario} beside {system}", own, against=f"{ratio:,.1f} x {best[0]} ({best[1]['rate']:,.0f}/s)", aim=f">= {aim} x" if aim else "",
                                met=ratio >= aim if aim else None)


def idle_rows(idle):
    yield Row("idle and empty: first answer", f"{idle['first_answer_s'] * 1000:,.0f} ms", aim="< 100 ms", met=idle["first_answer_s"] < 0.1, stretch="20 ms", reached=idle["first_answer_s"] < 0.02)
    yield Row("idle and empty: memory", f"{idle['memory_mib']:,.1f} MiB", aim="< 30 MB", met=idle["memory_mib"] * 1.048576 < 30, stretch="15 MB", reached=idle["memory_mib"] * 1.048576 < 15)


def rows_of(results):
    rows = []
    if (own := results.get("by_size")) and "scenarios" in own:
        rows += own_rows(own)
    if idle := results.get("idle"):
        rows += idle_rows(idle)
    if peers := results.get("beside_peers"):
        rows += peer_rows(peers)
    return rows


def contender_rows(results):
    """Everything that was measured in turns, without judgement: section, scenario, who, result."""
    for section in ("by_size", "beside_peers"):
        for scenario, measured in (results.get(section) or {}).get("scenarios", {}).items():
            for name, result in measured.items():
                yield scenario, name, result


def _cells(row):
    met = {True: "yes", False: "NO", None: ""}[row.met] + (", the stretch too" if row.met and row.reached else "")
    aim = row.aim + (f" (stretch {row.stretch})" if row.stretch else "")
    number = lambda value: "" if value is None else f"{value:.2f}"
    return [row.what, row.value, number(row.p50_ms), number(row.p99_ms), "" if row.errors is None else str(row.errors), row.against, aim, met]


def _table(head, rows):
    lines = [" | ".join(head), " | ".join("---" for _ in head)] + [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def head_of(results):
    plan, machine = results["plan"], results["machine"]
    versions = machine["versions"] | (results.get("beside_peers") or {}).get("versions", {})
    answer_bytes = (results.get("by_size") or {}).get("answer_bytes")
    lines = [f"{plan['rows']:,} opportunities and what belongs to them" + (f", {answer_bytes:,} bytes an answer" if answer_bytes else "")
             + f"; medians of {plan['rounds']} rounds of {plan['seconds']} s (updates {plan['seconds'] * LONGER['update']} s); server on core 0 (start-up and idle: on all), load on core 1; peers on {plan['peer_rows']:,} rows.",
             f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Linux {machine['kernel']}; {machine['fdatasync_per_s']:,} fdatasync/s; others took {machine['busy_before'] * 100:.0f} % of the cores before; "
             f"commit {machine['commit']}; {results['at']}, {results['minutes']:.0f} minutes.",
             "; ".join(f"{name}: {version}" for name, version in versions.items()) + "."]
    if plan["rows"] < 1_000_000:
        lines.append("The aims are for 1,000,000 opportunities; this run has fewer.")
    if machine["busy_before"] > 0.1:
        lines.append("OTHERS WERE BUSY on this machine when the run began: only the ratios mean something, and they less than usual.")
    if results["failure"]:
        lines.append("THIS RUN FAILED before its end; what follows is what it had measured: " + results["failure"].strip().splitlines()[-1])
    return lines + [f"Not measured: {reason}" for reason in plan["absent"]]


def markdown(results):
    judged = _table(["", "measured", "p50 ms", "p99 ms", "errors", "against", "aim", "met"], [_cells(row) for row in rows_of(results)])
    raw = _table(["scenario", "who", "rate/s", "p50 ms", "p99 ms", "errors"],
                 [[scenario, name, f"{result['rate']:,.0f}", f"{result['p50_ms']:.2f}", f"{result['p99_ms']:.2f}", str(result["errors"])] for scenario, name, result in contender_rows(results)])
    return "# Latest run\n\n" + "\n\n".join(head_of(results)) + f"\n\n{judged}\n\n## Everyone\n\n{raw}\n"


def text(results):
    """The judged table for a terminal."""
    rows = [["", "measured", "p50 ms", "p99 ms", "errors", "against", "aim", "met"]] + [_cells(row) for row in rows_of(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if column in (0, 5, 6, 7) else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join(head_of(results)) + "\n\n" + "\n".join(lines) + "\n"
