"""After a restart: what a worker knows against what the server says."""


def shown(worker, record):
    """What an answer must show of a record."""
    if record.plural == "accounts":
        return record.name, [record.site] if record.site else None
    if record.plural == "contacts":
        return record.name["lastName"]
    alive = lambda id: not worker.records[id].trashed  # noqa: E731
    return record.name, record.amount, record.stage, [id for id in (record.account,) if alive(id)], sorted(filter(alive, record.champions)), sorted(filter(alive, record.wholes))


def seen(plural, answer):
    value = lambda key: answer["fields"][key]["value"]  # noqa: E731
    if plural == "accounts":
        return value("$name"), value("$website")
    if plural == "contacts":
        return value("$name")["lastName"]
    links = lambda key: answer["relationships"][key]["values"]  # noqa: E731
    return value("$name"), value("$amount"), value("$stage"), links("$account"), sorted(links("$champion")), links("whole")


def is_as(worker, connection, id, record):
    answer = connection.send("GET", f"/v1/{record.plural}/{id}")
    if record.trashed:
        return answer.status == 404
    return answer.status == 200 and seen(record.plural, answer.json) == shown(worker, record)


def are_as(worker, connection, records):
    return all(is_as(worker, connection, id, record) for id, record in records.items())


def find_created(connection, attempt):
    """A create in flight is there once or not at all; its name tells."""
    name = attempt.after.name if isinstance(attempt.after.name, str) else "Con " + attempt.after.name["lastName"]
    page = connection.send("GET", f"/v1/{attempt.after.plural}", query=[("$name[equal]", name)]).json
    assert page["totalCount"] == len(page["data"]) <= 1, (attempt, page)
    return page["data"][0]["id"] if page["data"] else None


def settle(worker, connection):
    """Decides what became of the write in flight: wholly there or wholly absent; with a key, sent again, it is there once."""
    attempt, worker.in_flight = worker.in_flight, None
    if not attempt:
        return
    if attempt.id:
        # Each write changes its own record, by a name that is new or by its life.
        there = is_as(worker, connection, attempt.id, attempt.after)
        before = {id: worker.records[id] for id in attempt.outcome()}
        known = dict(worker.records)
        if there:
            worker.records.update(attempt.outcome())
        assert are_as(worker, connection, attempt.outcome() if there else before), f"half there: {attempt}, {connection.send('GET', attempt.path)}"
        worker.records = known
        assert not (there and attempt.refused), attempt
    else:
        created = find_created(connection, attempt)
        there = created is not None
        assert not (there and attempt.refused), attempt
        if there:
            assert is_as(worker, connection, created, attempt.after), f"half there: {attempt}"
    if there and not attempt.key:
        attempt.id = attempt.id or created
        worker.adopt(attempt)
    elif attempt.key:
        send_again(worker, connection, attempt, there)


def send_again(worker, connection, attempt, there):
    answer = worker.send(connection, attempt)
    assert answer.status == (409 if attempt.refused else 200), (attempt, answer)
    replayed = answer.headers.get("idempotent-replayed") == "true"
    assert replayed == there, f"{'executed twice' if there else 'replayed and not there'}: {attempt}, {answer}"
    if attempt.refused:
        return
    if not attempt.id:
        assert find_created(connection, attempt) == answer.json["id"]
    worker.adopt(attempt, answer)


def check_unavailable(worker, connection, again, most=4):
    """A create that got 503 is not there, and bound no key: sent again it is there once. (Of other writes that did, the record is looked at as it was before.)"""
    creates = [attempt for attempt in worker.unavailable if not attempt.id]
    for attempt in worker.choose.sample(creates, min(most, len(creates))):
        assert find_created(connection, attempt) is None, f"answered 503 and there: {attempt}"
        if again and attempt.key and attempt.after.plural == "contacts":  # whose create nothing that came since can refuse
            send_again(worker, connection, attempt, False)
    if again:
        worker.unavailable.clear()


def check_records(worker, connection, sample, again):
    """Every record that this round touched, and some of the others."""
    others = list(worker.records.keys() - worker.touched)
    for id in worker.touched | set(worker.choose.sample(others, min(sample, len(others)))):
        record = worker.records[id]
        assert is_as(worker, connection, id, record), f"{record} is {connection.send('GET', f'/v1/{record.plural}/{id}')}"
        if id in worker.exact:
            answer = connection.send("GET", f"/v1/{record.plural}/{id}")
            assert answer.raw == worker.exact[id], f"answered {worker.exact[id]!r}, is {answer.raw!r}"
    if again:
        worker.touched.clear()


def check_replays(worker, connection, sample, again):
    """Acknowledged writes with a key give their answer again, byte for byte, and run no second time: all of this round, and some of the others."""
    others = list(worker.kept.keys() - worker.kept_now)
    for key in worker.kept_now | set(worker.choose.sample(others, min(sample, len(others)))):
        method, path, raw = worker.kept[key]
        answer = connection.send(method, path, {"fields": {"$name": "not looked at"}} if method == "POST" and not path.endswith("/restore") else None, key)
        assert answer.status == 200 and answer.raw == raw and answer.headers.get("idempotent-replayed") == "true", (path, raw, answer)
    if again:
        worker.kept_now.clear()


def check_totals(workers, connection):
    """Lists count what the workers know; what they know was compared with retrieves."""
    records = [record for worker in workers for record in worker.records.values()]
    for plural in ("accounts", "contacts", "opportunities"):
        for status in ("active", "trashed"):
            expected = sum(record.plural == plural and record.trashed == (status == "trashed") for record in records)
            found = connection.send("GET", f"/v1/{plural}", query=[("status", status)] if status == "trashed" else []).json["totalCount"]
            assert found == expected, f"{status} {plural}: {found} listed, {expected} known"
    for stage in {record.stage for record in records if record.stage}:
        expected = sum(record.stage == stage and not record.trashed for record in records)
        found = connection.send("GET", "/v1/opportunities", query=[("$stage[equal]", stage)]).json["totalCount"]
        assert found == expected, f"opportunities in {stage}: {found} listed, {expected} known"
