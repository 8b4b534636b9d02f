"""Keys, versions, order of checks, idempotency, rate limits, and the endpoints for operators."""
import concurrent.futures
import contextlib
import json
import threading
import time

import pytest
from harness.client import LOST, Client, field
from harness.server import SLOW, wait_until
from harness.snapshot import nothing_changes


def test_auth_validate(client):
    assert client.ok("GET", "/v1/auth/validate") == {"active": True, "tokenType": "api_key", "subjectType": "user", "scopes": []}
    key = client.create_key("w", scopes=["accounts:read", "contacts:create"])
    assert client.with_key(key["key"]).ok("GET", "/v1/auth/validate") == {"active": True, "tokenType": "api_key", "subjectType": "workspace", "scopes": ["accounts:read", "contacts:create"]}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer sk_lf_unknown", "Basic abc", "sk_lf_x", "Bearer " + "x" * 5000])
def test_without_a_valid_key(client, header):
    answer = client.send("GET", "/v1/accounts", headers={"Authorization": header})
    assert answer.status == 401 and answer.error["type"] == "unauthorized"


def test_the_scheme_s_case_does_not_matter(client):
    assert client.get("/v1/auth/validate", headers={"Authorization": f"bEARER {client.key}"}).status == 200


@pytest.mark.parametrize("version", [None, "", "2025-01-01", "2026-03-01x"])
def test_version_header(client, version):
    answer = client.get("/v1/accounts", headers={"Lightfield-Version": version})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "version_header", "Lightfield-Version")


def test_unknown_paths(client):
    for method, path in (("GET", "/v1/nothing"), ("PUT", "/v1/accounts"), ("PATCH", "/v1/accounts/x"), ("GET", "/v1/accounts/"), ("GET", "/v1"), ("GET", "/v1/accounts/a/b/c/d/e/f/g/h/i/j/k")):
        answer = client.send(method, path)
        assert answer.status == 404 and answer.error["type"] == "not_found", (method, path)
    assert client.send("GET", "/nothing", headers={"Authorization": None}, check=False).status == 404
    assert client.send("GET", "/v1/nothing", headers={"Authorization": None}).status == 401


def test_order_of_checks(client):
    """Each request breaks every later rule too; the earliest is told."""
    bad = {"Lightfield-Version": "x", "Content-Type": "text/plain", "Idempotency-Key": "k" * 300}
    weak = client.with_key(client.create_key("weak", scopes=["accounts:read"])["key"])
    send = lambda who, **headers: who.send("POST", "/v1/accounts", body=b"{", headers={**bad, **headers})
    assert send(client, Authorization="Bearer no").status == 401
    assert client.send("POST", "/v1/nowhere", body=b"{", headers=bad).status == 404
    assert send(weak).error["code"] == "version_header"
    good = {"Lightfield-Version": "2026-03-01"}
    assert send(weak, **good).status == 403
    assert send(client, **good).error["code"] == "idempotency_key_too_long"
    good["Idempotency-Key"] = None
    assert send(client, **good).status == 415
    good["Content-Type"] = "application/json"
    assert send(client, **good).error["code"] == "invalid_type"


def test_a_body_over_the_limit(client):
    body = b'{"fields":{"$name":"' + b"x" * (5 << 20) + b'"}}'
    answer = client.post("/v1/accounts", body)
    assert answer.status == 413 and answer.error["type"] == "bad_request"
    assert client.send("POST", "/v1/accounts", body=body, headers={"Authorization": "Bearer no"}).status == 401


class TestIdempotency:
    def test_replay_byte_for_byte(self, client, unique):
        headers = {"Idempotency-Key": f"replay-{unique}"}
        first = client.post("/v1/accounts", {"fields": {"$name": f"Idem {unique}"}}, headers=headers)
        with nothing_changes(client):
            again = client.post("/v1/accounts", {"fields": {"$name": "other payload"}}, headers=headers)
            broken = client.post("/v1/accounts", b"not json", headers=headers)
        assert first.status == again.status == 200 and first.raw == again.raw == broken.raw
        assert again.headers["idempotent-replayed"] == "true" and "idempotent-replayed" not in first.headers

    def test_spaces_are_apart(self, client, account, unique):
        headers = {"Idempotency-Key": f"space-{unique}"}
        other = client.create("accounts", {"$name": f"Space {unique}"}, headers=headers)
        contact = client.create("contacts", {}, headers=headers)
        a = client.update("accounts", account["id"], {"$name": "A"}, headers=headers)
        b = client.update("accounts", other["id"], {"$name": "B"}, headers=headers)
        assert len({other["id"], contact["id"]}) == 2 and field(a, "$name") == "A" and field(b, "$name") == "B"
        assert client.ok("DELETE", f"/v1/accounts/{other['id']}", headers=headers)["id"] == other["id"]
        assert client.delete(f"/v1/accounts/{other['id']}", headers=headers).headers["idempotent-replayed"] == "true"
        assert client.post(f"/v1/accounts/{other['id']}/restore", headers=headers).status == 200

    def test_another_subject(self, client, unique):
        headers = {"Idempotency-Key": f"subject-{unique}"}
        client.create("accounts", {"$name": "x"}, headers=headers)
        workspace_key = client.with_key(client.create_key("other")["key"])
        answer = workspace_key.post("/v1/accounts", {"fields": {"$name": "x"}}, headers=headers)
        assert (answer.status, answer.error["type"]) == (409, "idempotency_conflict") and answer.headers["x-should-retry"] == "false"
        second_key = client.with_key(client.create_key("same member", member=client.list("members")["data"][-1]["id"])["key"])
        assert second_key.post("/v1/accounts", {"fields": {"$name": "x"}}, headers=headers).headers["idempotent-replayed"] == "true"

    def test_a_failed_request_frees_the_key(self, client, unique):
        headers = {"Idempotency-Key": f"failed-{unique}"}
        assert client.post("/v1/accounts", {"fields": {}}, headers=headers).status == 400
        assert client.post("/v1/accounts", {"fields": {"$name": None}}, headers=headers).status == 422
        assert "idempotent-replayed" not in client.post("/v1/accounts", {"fields": {"$name": "x"}}, headers=headers).headers

    def test_too_long(self, client):
        assert client.post("/v1/accounts", {"fields": {"$name": "x"}}, headers={"Idempotency-Key": "k" * 255}).status == 200
        answer = client.post("/v1/accounts", {"fields": {"$name": "x"}}, headers={"Idempotency-Key": "k" * 256})
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "idempotency_key_too_long", "Idempotency-Key")

    def test_in_flight_together_makes_one_record(self, client, unique):
        def send(_):
            return Client(client.server).post("/v1/accounts", {"fields": {"$name": f"Together {unique}"}}, headers={"Idempotency-Key": f"together-{unique}"})

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(send, range(16)))
        assert {answer.status for answer in answers} <= {200, 409}
        assert len({answer["id"] for answer in answers if answer.status == 200}) == 1
        assert all(answer.error["type"] == "idempotency_conflict" for answer in answers if answer.status == 409)
        assert client.list("accounts", {"$name": f"Together {unique}"})["totalCount"] == 1

    def test_survives_kill_and_restart(self, fresh, tmp_path):
        server = fresh("--rate-limit", "0", data=tmp_path / "data")
        client = Client(server)
        headers = {"Idempotency-Key": "kept"}
        first = client.post("/v1/accounts", {"fields": {"$name": "Kept"}}, headers=headers)
        server.restart()
        again = Client(server).post("/v1/accounts", {"fields": {"$name": "Kept"}}, headers=headers)
        assert again.raw == first.raw and again.headers["idempotent-replayed"] == "true"


# A request of each, with its answer while there is room. The write is refused, so that no disk slows it down to the limit.
CATEGORIES = {"Read": (("GET", "/v1/auth/validate"), 200), "Search": (("GET", "/v1/accounts"), 200), "Write": (("POST", "/v1/accounts", {"fields": {}}), 400)}


class TestRateLimits:
    @pytest.mark.parametrize("category", CATEGORIES)
    def test_headers_and_429(self, fresh, category):
        client = Client(fresh("--rate-limit", "5"))
        request, expected = CATEGORIES[category]
        answers = [client.send(*request) for _ in range(12)]
        limited = [answer for answer in answers if answer.status == 429]
        assert answers[0].status == expected and limited
        assert answers[0].headers["x-ratelimit-limit"] == "5" and int(answers[0].headers["x-ratelimit-remaining"]) == 4
        assert limited[0].error == {"type": "too_many_requests", "message": "Rate limit exceeded. Please try again later."}
        assert limited[0].headers["retry-after"] == "1" and limited[0].headers["x-ratelimit-remaining"] == "0"
        assert abs(int(limited[0].headers["x-ratelimit-reset"]) - time.time()) < 5 * SLOW
        # The other categories have buckets of their own.
        assert all(client.send(*request).status == expected for other, (request, expected) in CATEGORIES.items() if other != category)

    def test_off(self, client):
        assert not any(name.startswith("x-ratelimit") for name in client.get("/v1/auth/validate").headers)


    def test_headers_stand_on_early_refusals_too(self, fresh):
        client = Client(fresh("--rate-limit", "5"))
        for path, headers in (("/v1/nothing", {}), ("/v1/accounts", {"Lightfield-Version": None}), ("/v1/accounts/%ff", {})):
            answer = client.get(path, headers=headers)
            assert answer.status in (400, 404) and answer.headers["x-ratelimit-limit"] == "5" and answer.headers["x-ratelimit-remaining"], answer


@pytest.mark.parametrize("query", [{"$stage": "aé" * 60}, {"$amount": "1é" * 60}, {"$" + "aé" * 200: "x"}, {"$" + "é" * 200: "x"}])
def test_messages_are_valid_utf8_wherever_they_are_cut(client, query):
    answer = client.get("/v1/opportunities", query=query)
    assert answer.status == 400
    answer.raw.decode("utf-8")


def test_bodies_too_are_cut_between_characters(client, opportunity):
    for body in ({"fields": {"$stage": "opt_a" + "é" * 60}}, {"fields": {"a" + "é" * 300: 1}}, {"a" + "é" * 300: 1}, {"relationships": {"a" + "é" * 300: {"add": "x"}}}):
        answer = client.post(f"/v1/opportunities/{opportunity['id']}", body)
        assert answer.status in (400, 422) and answer.raw.decode("utf-8")
    twice = '{"%s":1,"%s":1}' % ("a" + "é" * 60, "a" + "é" * 60)
    assert client.post(f"/v1/opportunities/{opportunity['id']}", twice.encode()).raw.decode("utf-8")


class TestOperators:
    def test_health_ready_metrics_openapi(self, client):
        anonymous = {"Authorization": None, "Lightfield-Version": None}
        assert client.get("/healthz", headers=anonymous).json["status"] == "ok"
        assert client.get("/readyz", headers=anonymous).status == 200
        metrics = client.get("/metrics", headers=anonymous).raw.decode()
        assert 'plenoptic_requests_total{operation="system.health",status="200"}' in metrics
        document = client.get("/openapi.json", headers=anonymous).json
        assert document["openapi"].startswith("3.1") and document["paths"]["/v1/opportunities/{id}"]["post"]["operationId"] == "opportunity.update"

    def test_no_secret_and_no_value_in_the_log(self, fresh):
        server = fresh("--log-level", "debug")
        client = Client(server)
        client.create("accounts", {"$name": "Confidential Corp"})
        client.post("/v1/accounts", {"fields": {"$name": "Confidential Corp", "bogus": "Secret value"}})
        assert server.stop() == 0
        log = server.stderr()
        lines = [json.loads(line) for line in log.splitlines()]
        assert any(line.get("operation") == "account.create" and line["status"] == 200 and line["requestId"] for line in lines)
        assert "Confidential" not in log and "Secret value" not in log and client.key not in log

    def test_keys(self, client, unique):
        made = client.create_key(f"key {unique}", scopes=["accounts:read"])
        assert made["key"].startswith("sk_lf_") and len(made["key"]) == 49
        listed = {key["id"]: key for key in client.admin_ok("GET", "keys")["data"]}[made["id"]]
        assert "key" not in listed and listed["hint"] == "…" + made["key"][-4:] and listed["lastUsedAt"] is None
        user = client.with_key(made["key"])
        assert user.get("/v1/accounts").status == 200
        assert {key["id"]: key for key in client.admin_ok("GET", "keys")["data"]}[made["id"]]["lastUsedAt"]
        assert client.admin_ok("POST", f"keys/{made['id']}/revoke")["revokedAt"]
        assert user.get("/v1/accounts").status == 401
        assert client.admin("POST", "keys/key_none/revoke").status == 404
        assert client.admin("POST", "keys", {"name": "x", "scopes": ["nonsense"]}).error["param"] == "scopes"
        assert client.admin("POST", "keys", {"name": "old", "expiresAt": "2020-01-01T00:00:00Z"}).error["param"] == "expiresAt"
        brief = client.with_key(client.create_expiring_key("brief")["key"])
        assert wait_until(lambda: brief.get("/v1/accounts").status == 401, timeout_s=10)

    def test_a_key_is_shown_once_and_its_secret_is_nowhere_on_disk(self, fresh, tmp_path):
        server = fresh("--rate-limit", "0", data=tmp_path / "data")
        client = Client(server)
        create = lambda: client.send("POST", "/admin/v1/workspaces/demo/keys", {"name": "once"}, headers={"Idempotency-Key": "key-1"}, check=False)
        made, again = create(), create()
        assert made.status == again.status == 200 and again.headers["idempotent-replayed"] == "true"
        assert {**again.json, "key": made["key"]} == made.json and "key" not in again.json
        assert client.with_key(made["key"]).get("/v1/accounts").status == 200
        assert not [file.name for file in (tmp_path / "data").iterdir() if file.is_file() and made["key"].encode() in file.read_bytes()]

    def test_administration_is_for_admins(self, client, unique):
        plain_member = client.create_member(f"plain{unique}@example.com")
        admin_member = client.create_member(f"boss{unique}@example.com", "admin")
        for more, status in (({}, 403), ({"scopes": ["accounts:read"]}, 403), ({"scopes": ["workspace:admin"]}, 200), ({"member": plain_member["id"]}, 403), ({"member": admin_member["id"]}, 200),
                             ({"member": admin_member["id"], "scopes": ["accounts:read"]}, 403), ({"member": plain_member["id"], "scopes": ["workspace:admin"]}, 403)):
            assert client.with_key(client.create_key("a", **more)["key"]).admin("GET", "keys").status == status, more
        assert client.with_key("no").admin("GET", "keys").status == 401
        assert client.post("/admin/v1/workspaces", {"slug": "mine", "name": "Mine"}, check=False).status == 403

    def test_fields_and_relationships_are_checked(self, client, unique):
        bad = [{"key": "Upper"}, {"key": "$name"}, {"key": "9x"}, {"key": "a b"}, {"key": "x" * 65}, {"label": ""}, {"valueType": "HTML"}, {"valueType": "NOPE"}, {"objectType": "task"}, {"objectType": "nope"},
               {"options": ["a"]}, {"multipleValues": True}, {"currency": "EUR"}, {"valueType": "SOCIAL_HANDLE"}, {"valueType": "SINGLE_SELECT", "options": ["a", "A"]}]
        for change in bad:
            body = {"objectType": "account", "key": f"checked{unique}", "label": "L", "valueType": "TEXT", **change}
            assert client.admin("POST", "fields", body).status in (400, 409), change
        client.create_field("account", f"checked{unique}", "TEXT")
        assert client.admin("POST", "fields", {"objectType": "account", "key": f"checked{unique}", "label": "L", "valueType": "TEXT"}).status == 409
        assert client.admin("POST", "relationships", {"source": "account", "key": f"checked{unique}", "label": "L", "target": "contact"}).status == 409
        assert client.admin("POST", "relationships", {"source": "list", "key": "x", "label": "L", "target": "contact"}).status == 400
        changed = client.admin_ok("POST", f"fields/checked{unique}", {"objectType": "account", "label": "Changed", "description": "why"})
        assert changed["label"] == "Changed" and client.ok("GET", "/v1/accounts/definitions")["fieldDefinitions"][f"checked{unique}"]["description"] == "why"

    def test_names_and_labels_are_checked(self, client, unique):
        def refused(what, body, param):
            answer = client.admin("POST", what, body)
            assert answer.status == 400 and answer.error["param"] == param and answer.error["message"], (what, body, answer)

        field_of = lambda **more: {"objectType": "account", "key": f"named{unique}", "label": "L", "valueType": "TEXT", **more}
        relationship_of = lambda **more: {"source": "account", "key": f"named{unique}", "label": "L", "target": "contact", **more}
        for blank in ("", "  \t", "\u00a0", "x" * 201):
            refused("fields", field_of(label=blank), "label")
            refused("relationships", relationship_of(label=blank), "label")
            refused("relationships", relationship_of(inverseLabel=blank), "inverseLabel")
            refused("keys", {"name": blank}, "name")
            assert client.send("POST", "/admin/v1/workspaces/demo", {"name": blank}, check=False).error["param"] == "name"
            assert client.operator().send("POST", "/admin/v1/workspaces", {"slug": f"blank{unique}", "name": blank}, check=False).error["param"] == "name"
        for currency in ("E1R", "EURO", "", "€€€"):
            refused("fields", field_of(valueType="CURRENCY", currency=currency), "currency")
            assert client.operator().send("POST", "/admin/v1/workspaces", {"slug": f"bad{unique}", "name": "x", "currency": currency}, check=False).error["param"] == "currency"
        made = client.admin_ok("POST", "fields", field_of(label="ß" * 200, valueType="CURRENCY", currency="chf", description="why"))
        assert made["label"] == "ß" * 200 and made["typeConfiguration"]["currency"] == "CHF"
        client.create_relationship("account", f"linked{unique}", "contact", inverseKey=f"back{unique}")
        refused(f"relationships/linked{unique}", {"inverseLabel": " "}, "inverseLabel")
        refused("fields/$name", {"objectType": "account", "required": False}, "required")
        refused("fields/$website", {"objectType": "account", "unique": False}, "unique")

    def test_options_are_listed(self, client, unique):
        client.create_field("account", f"listing{unique}", "SINGLE_SELECT", options=["A", "B"])
        options = client.admin("GET", f"options?objectType=account&field=listing{unique}").json
        assert [(option["label"], option["retired"]) for option in options["data"]] == [("A", False), ("B", False)] and options["totalCount"] == 2
        assert client.admin("GET", "options?objectType=account").error["param"] == "field"
        assert client.admin("GET", "options?objectType=account&field=none").status == client.admin("GET", "options?objectType=none&field=x").status == 404

    def test_a_list_s_parameters_are_no_keys(self, client):
        for key in ("status", "limit", "offset"):
            assert client.admin("POST", "fields", {"objectType": "account", "key": key, "label": "L", "valueType": "TEXT"}).error["param"] == "key"
            assert client.admin("POST", "relationships", {"source": "account", "key": key, "label": "L", "target": "contact"}).error["param"] == "key"
            assert client.admin("POST", "relationships", {"source": "account", "key": "fine", "inverseKey": key, "label": "L", "target": "contact"}).error["param"] == "inverseKey"

    def test_the_last_admin_stays_one(self, fresh):
        client = Client(fresh("--rate-limit", "0"))
        ada = client.list("members")["data"][0]
        with nothing_changes(client):
            answer = client.admin("POST", f"members/{ada['id']}", {"role": "member", "firstName": "No"})
        assert answer.status == 409 and answer.error["param"] == "role" and answer.headers["x-should-retry"] == "false"
        boss = client.create_member("boss@example.com", "admin")
        assert field(client.admin_ok("POST", f"members/{boss['id']}", {"role": "member"}), "$role") == "member"
        assert field(client.admin_ok("POST", f"members/{ada['id']}", {"firstName": "Still"}), "$role") == "admin"

    def test_a_description_is_cleared_by_null(self, client, unique):
        key = f"described{unique}"
        made = client.create_field("account", key, "SINGLE_SELECT", options=["A"], description="why")
        option = made["typeConfiguration"]["options"][0]["id"]
        where = {"objectType": "account", "field": key}
        assert client.admin_ok("POST", f"options/{option}", {**where, "description": "what"})["description"] == "what"
        assert client.admin_ok("POST", f"options/{option}", {**where, "position": 0})["description"] == "what"
        assert client.admin_ok("POST", f"options/{option}", {**where, "description": None})["description"] is None
        assert client.admin_ok("POST", f"fields/{key}", {"objectType": "account", "label": "L"})["description"] == "why"
        assert client.admin_ok("POST", f"fields/{key}", {"objectType": "account", "description": None})["description"] is None

    def test_a_description_has_a_thousand_characters(self, client, unique):
        key, most = f"long{unique}", "\u00e9" * 1000
        field = {"objectType": "account", "key": key, "label": "L", "valueType": "SINGLE_SELECT", "options": ["A"]}
        option = client.admin_ok("POST", "fields", {**field, "description": most})["typeConfiguration"]["options"][0]["id"]
        relationship = {"source": "account", "key": f"far{unique}", "label": "L", "target": "contact"}
        client.admin_ok("POST", "relationships", {**relationship, "description": most})
        with nothing_changes(client):
            for path, body in [("fields", {**field, "key": f"more{unique}"}), (f"fields/{key}", {"objectType": "account"}), ("options", {"objectType": "account", "field": key, "label": "B"}),
                               (f"options/{option}", {"objectType": "account", "field": key}), ("relationships", {**relationship, "key": f"further{unique}"}), (f"relationships/far{unique}", {})]:
                answer = client.admin("POST", path, {**body, "description": most + "x"})
                assert answer.status == 400 and answer.error["param"] == "description" and "1,000 characters" in answer.error["message"], (path, answer)

    def test_relationships_have_an_end(self, fresh):
        client = Client(fresh("--rate-limit", "0"))
        for number in range(500):
            client.create_relationship("account", f"r{number}", "contact")
        with nothing_changes(client):
            answer = client.admin("POST", "relationships", {"source": "account", "key": "last", "label": "L", "target": "contact"})
        assert answer.status == 400 and "500" in answer.error["message"]
        assert client.get("/v1/accounts/definitions").status == 200

    def test_a_key_that_would_filter_two_relationships_is_refused(self, client, unique):
        client.create_relationship("account", f"shared{unique}", "opportunity")
        answer = client.admin("POST", "relationships", {"source": "contact", "key": f"shared{unique}", "label": "L", "target": "opportunity"})
        assert answer.status == 409 and answer.error["param"] == "key"
        answer = client.admin("POST", "relationships", {"source": "opportunity", "key": f"shared{unique}", "label": "L", "target": "contact"})
        assert answer.status == 409 and answer.error["param"] == "key"
        account, contact = client.create("accounts", {"$name": "A"})["id"], client.create("contacts", {})["id"]
        deal = client.create("opportunities", {"$name": "D"}, {"$account": account})["id"]
        client.update("accounts", account, relationships={f"shared{unique}": {"add": deal}})
        assert client.ids("opportunities", {f"shared{unique}": account}) == [deal] and client.ids("opportunities", {f"shared{unique}": contact}) == []

    def test_a_field_made_unique_later(self, client, unique):
        key = f"later{unique}"
        client.create_field("contact", key, "TEXT")
        one, two = (client.create("contacts", {key: "same"})["id"] for _ in range(2))
        answer = client.admin("POST", f"fields/{key}", {"objectType": "contact", "unique": True})
        assert answer.status == 409 and one in answer.error["message"] and two in answer.error["message"]
        client.update("contacts", two, {key: "other"})
        client.admin_ok("POST", f"fields/{key}", {"objectType": "contact", "unique": True})
        assert client.post("/v1/contacts", {"fields": {key: "SAME"}}).status == 409

    def test_a_new_field_shows_on_old_records(self, client, account, unique):
        client.create_field("account", f"newer{unique}", "NUMBER")
        assert field(client.retrieve("accounts", account["id"]), f"newer{unique}") is None


    def test_what_admins_list_and_change(self, client, unique):
        member = client.create_member(f"changed{unique}@example.com")
        changed = client.admin_ok("POST", f"members/{member['id']}", {"firstName": "New", "role": "admin"})
        assert field(changed, "$name")["firstName"] == "New" and field(changed, "$role") == "admin"
        assert client.admin("POST", f"members/{member['id']}", {"role": "king"}).status == 400
        assert member["id"] in [row["id"] for row in client.admin_ok("GET", "members")["data"]]
        client.create_field("account", f"listed{unique}", "TEXT")
        assert f"listed{unique}" in [row["key"] for row in client.admin_ok("GET", "fields")["data"]]
        made = client.create_relationship("account", f"near{unique}", "contact", inverseKey=f"far{unique}")
        assert made["id"] in [row["id"] for row in client.admin_ok("GET", "relationships")["data"]]
        client.admin_ok("POST", f"relationships/{made['id']}", {"label": "Nearest"})
        assert client.ok("GET", "/v1/accounts/definitions")["relationshipDefinitions"][f"near{unique}"]["label"] == "Nearest"
        assert client.send("POST", "/admin/v1/workspaces/demo", {"name": "Demo"}, check=False).json["name"] == "Demo"


class TestWorkspaces:
    @pytest.fixture(scope="class")
    def two(self):
        from harness.server import Server
        server = Server("--rate-limit", "0")
        operator = Client(server).operator()
        made = operator.send("POST", "/admin/v1/workspaces", {"slug": "other", "name": "Other"}, check=False)
        assert made.status == 200, made
        key = operator.admin_ok("POST", "keys", {"name": "other", "scopes": []}, workspace="other")
        yield Client(server), Client(server, key["key"])
        assert server.stop() == 0

    def test_never_see_each_other(self, two):
        one, other = two
        account = one.create("accounts", {"$name": "Ours", "$website": ["ours.example"]})
        assert other.list("accounts")["totalCount"] == 0
        assert other.get(f"/v1/accounts/{account['id']}").status == 404
        assert other.post(f"/v1/accounts/{account['id']}", {"fields": {"$name": "x"}}).status == 404
        assert other.delete(f"/v1/accounts/{account['id']}").status == 404
        answer = other.post("/v1/opportunities", {"fields": {"$name": "x"}, "relationships": {"$account": account["id"]}})
        assert answer.error["code"] == "relationship_entity_missing"
        other.create("accounts", {"$name": "Theirs", "$website": ["ours.example"]})  # unique in each by itself
        assert other.list("accounts", {"$contact": account["id"]})["totalCount"] == 0
        option = one.ok("GET", "/v1/opportunities/definitions")["fieldDefinitions"]["$stage"]["typeConfiguration"]["options"][0]["id"]
        assert other.get("/v1/opportunities", query={"$stage": option}).status == 400

    def test_idempotency_keys_are_apart(self, two):
        headers = {"Idempotency-Key": "shared"}
        ids = {client.create("accounts", {"$name": "k"}, headers=headers)["id"] for client in two}
        assert len(ids) == 2

    def test_the_operator_administers_all_an_admin_one(self, two):
        one, other = two
        operator = one.operator()
        assert [w["slug"] for w in operator.ok("GET", "/admin/v1/workspaces", check=False)["data"]] == ["demo", "other"]
        assert [w["slug"] for w in one.ok("GET", "/admin/v1/workspaces", check=False)["data"]] == ["demo"]
        assert one.admin("GET", "keys", workspace="other").status == 404
        assert operator.send("POST", "/admin/v1/workspaces", {"slug": "other", "name": "Again"}, check=False).status == 409
        assert operator.send("POST", "/admin/v1/workspaces", {"slug": "Bad Slug", "name": "x"}, check=False).status == 400
        assert operator.send("GET", "/v1/accounts").status == 401


def test_a_second_process_on_the_same_directory_is_refused(fresh, tmp_path):
    from harness.server import Server
    first = fresh(data=tmp_path / "data")
    with pytest.raises(RuntimeError, match=f"another Plenoptic \\(process {first.process.pid}\\) is running"):
        Server(data=tmp_path / "data")


def test_a_damaged_file_is_refused_and_left_alone(tmp_path):
    from harness.server import Server
    (tmp_path / "plenoptic.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(RuntimeError, match="damaged"):
        Server(data=tmp_path)
    assert (tmp_path / "plenoptic.db").read_bytes() == b"this is no database" * 100


def test_graceful_stop_finishes_requests(fresh, tmp_path):
    """Nobody sends again here: an answer that was dropped would leave a record more than were answered."""
    server = fresh("--rate-limit", "0", data=tmp_path / "data")
    made = []

    def write_until_it_is_gone():
        client = Client(server, resends=False)
        with contextlib.suppress(*LOST):
            while True:
                made.append(client.create("accounts", {"$name": "During"})["id"])

    threads = [threading.Thread(target=write_until_it_is_gone) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert wait_until(lambda: len(made) > 20, timeout_s=20)
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    server.start()
    assert Client(server).list("accounts")["totalCount"] == len(set(made))
