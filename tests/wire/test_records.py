"""Every record type: create, retrieve, list, delete, restore, and what each says when it cannot."""
import pytest
from harness.client import field, links
from harness.snapshot import nothing_changes

MISSING = {"accounts": "acc", "contacts": "con", "opportunities": "opp", "tasks": "tsk", "notes": "nte"}


@pytest.fixture
def make(client, account, member, unique):
    """One of each type, with what it needs."""
    bodies = {
        "accounts": ({"$name": f"Account {unique} made"}, None),
        "contacts": ({"$name": {"firstName": "A", "lastName": f"B{unique}"}}, None),
        "opportunities": ({"$name": f"Deal {unique} made"}, {"$account": account["id"]}),
        "tasks": ({"$title": f"Task {unique}", "$status": "TODO"}, {"$assignedTo": member["id"]}),
        "notes": ({"$title": f"Note {unique}"}, None),
        "lists": ({"$name": f"List {unique}", "$objectType": "$account"}, None),
    }
    return lambda plural: client.create(plural, *bodies[plural])


@pytest.mark.parametrize("plural", MISSING)
def test_create_then_retrieve_and_list(client, make, plural):
    record = make(plural)
    assert record["id"].startswith(MISSING[plural] + "_c") and len(record["id"]) == 29
    assert client.retrieve(plural, record["id"]) == record
    page = client.list(plural, {"limit": 1})
    assert page["data"] == [record] and page["totalCount"] >= 1
    assert record["externalId"] is None
    assert record["httpLink"].endswith(f"/crm/{plural[:-3] + 'y' if plural == 'opportunities' else plural[:-1]}/{record['id']}")


@pytest.mark.parametrize("plural", MISSING)
def test_every_defined_field_and_relationship_shows(client, make, plural):
    record = make(plural)
    definitions = client.ok("GET", f"/v1/{plural}/definitions")
    assert set(record["fields"]) == set(definitions["fieldDefinitions"])
    assert set(record["relationships"]) == set(definitions["relationshipDefinitions"])
    for key, definition in definitions["fieldDefinitions"].items():
        assert record["fields"][key]["valueType"] == definition["valueType"]
        assert definition["slug"] == key.removeprefix("$") and definition["id"].startswith("ad_")
    for key, definition in definitions["relationshipDefinitions"].items():
        shown = record["relationships"][key]
        assert (shown["cardinality"].upper(), shown["objectType"]) == (definition["cardinality"], definition["objectType"])


@pytest.mark.parametrize("plural", MISSING)
def test_trash_and_restore(client, make, plural):
    record = make(plural)
    path = f"/v1/{plural}/{record['id']}"
    with nothing_changes(client, but=[record["id"]] + [id for key in record["relationships"] for id in links(record, key)]):
        assert client.ok("POST", path + "/restore") == record  # not trashed: as it is
        trashed = client.ok("DELETE", path)
        assert trashed["fields"] == record["fields"]
        assert client.ok("DELETE", path) == trashed
    assert client.get(path).status == 404
    assert record["id"] not in client.ids(plural)
    assert record["id"] in client.ids(plural, {"status": "trashed"})
    restored = client.ok("POST", path + "/restore", {})
    assert restored["fields"] == record["fields"] and restored["relationships"] == record["relationships"]
    assert client.retrieve(plural, record["id"]) == restored
    assert record["id"] in client.ids(plural) and record["id"] not in client.ids(plural, {"status": "trashed"})


@pytest.mark.parametrize("body", [None, {}, b"null"])
def test_delete_and_restore_take_an_empty_body(client, make, body):
    path = f"/v1/accounts/{make('accounts')['id']}"
    assert client.delete(path, body=body).status == 200
    assert client.post(path + "/restore", body).status == 200


@pytest.mark.parametrize("plural", [*MISSING, "lists"])
def test_delete_refuses_a_body_with_keys(client, make, plural):
    path = f"/v1/{plural}/{make(plural)['id']}"
    answer = client.delete(path, body={"x": 1})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_configuration", "x")
    assert client.get(path).status == 200


@pytest.mark.parametrize("plural", MISSING)
def test_restore_refuses_a_body_with_keys(client, make, plural):
    path = f"/v1/{plural}/{make(plural)['id']}"
    client.ok("DELETE", path)
    answer = client.post(path + "/restore", {"x": 1})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_configuration", "x")
    assert client.get(path).status == 404


@pytest.mark.parametrize("plural, prefix", MISSING.items())
@pytest.mark.parametrize("method, rest", [("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/restore")])
def test_unknown_ids_are_not_found(client, plural, prefix, method, rest):
    body = {} if method == "POST" else None
    for id in (f"{prefix}_c00000000000000000000000a", "nonsense", "mem_c00000000000000000000000a"):
        answer = client.send(method, f"/v1/{plural}/{id}{rest}", body=body)
        assert answer.status == 404 and answer.error["message"] == f"No resource found in '{plural}' with the given ID."


@pytest.mark.parametrize("plural, fields, relationships, status, code, param", [
    ("accounts", {}, None, 400, "parameter_missing", "fields.$name"),
    ("accounts", {"$name": None}, None, 422, None, "fields.name"),
    ("accounts", {"$name": " "}, None, 422, None, "fields.name"),
    ("opportunities", {}, {"$account": "ACCOUNT"}, 400, "parameter_missing", "fields.$name"),
    ("opportunities", {"$name": "x"}, None, 400, "parameter_missing", "relationships.$account"),
    ("opportunities", {"$name": "x"}, {}, 400, "parameter_missing", "relationships.$account"),
    ("opportunities", {"$name": "x"}, {"$account": None}, 422, None, "relationships.$account"),
    ("opportunities", {"$name": "x"}, {"$account": []}, 422, None, "relationships.$account"),
    ("opportunities", {"$name": "x"}, {"$account": "acc_c00000000000000000000000a"}, 400, "relationship_entity_missing", "relationships.$account"),
    ("tasks", {"$title": "x"}, {"$assignedTo": "MEMBER"}, 400, "parameter_missing", "fields.$status"),
    ("tasks", {"$status": "TODO"}, {"$assignedTo": "MEMBER"}, 400, "parameter_missing", "fields.$title"),
    ("tasks", {"$title": "x", "$status": "TODO"}, {}, 400, "parameter_missing", "relationships.$assignedTo"),
    ("tasks", {"$title": "x", "$status": "DOING"}, {"$assignedTo": "MEMBER"}, 422, None, "fields.$status"),
    ("tasks", {"$title": "x", "$status": " "}, {"$assignedTo": "MEMBER"}, 422, None, "fields.status"),
    ("tasks", {"$title": "x", "$status": "TODO", "custom": 1}, {"$assignedTo": "MEMBER"}, 400, "unknown_field", "fields.custom"),
    ("notes", {}, None, 400, "parameter_missing", "fields.$title"),
    ("notes", {"$title": "x", "$body": "y"}, None, 400, "unknown_field", "fields.$body"),
    ("notes", {"$title": "x"}, {"$createdBy": "MEMBER"}, 400, "invalid_configuration", "relationships.$createdBy"),
    ("contacts", {"$name": "Ada Lovelace"}, None, 400, "invalid_type", "fields.$name"),
    ("contacts", {"$contactStatus": "x"}, None, 400, "invalid_configuration", "fields.$contactStatus"),
])
def test_bad_creates_are_refused_and_change_nothing(client, account, member, plural, fields, relationships, status, code, param):
    names = {"ACCOUNT": account["id"], "MEMBER": member["id"]}
    body = {"fields": fields}
    if relationships is not None:
        body["relationships"] = {key: names.get(value, value) if isinstance(value, str) else value for key, value in relationships.items()}
    with nothing_changes(client):
        answer = client.post(f"/v1/{plural}", body)
    assert (answer.status, answer.error.get("code"), answer.error.get("param")) == (status, code, param), answer


def test_missing_name_says_so_as_documented(client):
    assert client.post("/v1/accounts", {"fields": {"$name": None}}).error["message"] == "CrmAccount requires name field"
    assert client.post("/v1/tasks", {"fields": {"$title": ""}}).error["message"] == "CrmTask requires title field"


def test_a_contact_needs_no_field(client):
    assert field(client.create("contacts", {}), "$name") is None
    assert client.post("/v1/contacts", {}).error["param"] == "fields"


def test_skip_enrichment_is_taken_where_the_contract_has_it(client, unique):
    assert client.post("/v1/accounts", {"fields": {"$name": f"Skip {unique}"}, "skipEnrichment": True}).status == 200
    assert client.post("/v1/accounts", {"fields": {"$name": "x"}, "skipEnrichment": "yes"}).error["code"] == "invalid_type"
    assert client.post("/v1/notes", {"fields": {"$title": "x"}, "skipEnrichment": True}).error["code"] == "invalid_configuration"


def test_task_status_reads_back_as_the_constant(client, make, account, opportunity):
    task = make("tasks")
    assert field(task, "$status") == "TODO"
    for sent, back in (("IN_PROGRESS", "IN_PROGRESS"), ("complete", "COMPLETE"), ("Cancelled", "CANCELLED")):
        assert field(client.update("tasks", task["id"], {"$status": sent}), "$status") == back
    moved = client.update("tasks", task["id"], {"$dueAt": "2026-03-16T12:00:00+02:00", "$description": "**bold**"},
                          {"$account": {"replace": account["id"]}, "$opportunity": {"add": opportunity["id"]}})
    assert field(moved, "$dueAt") == "2026-03-16T10:00:00.000Z"
    assert links(client.retrieve("accounts", account["id"]), "$task") == [task["id"]]
    assert links(client.retrieve("opportunities", opportunity["id"]), "$task") == [task["id"]]
    answer = client.post(f"/v1/tasks/{task['id']}", {"relationships": {"$assignedTo": {"replace": None}}})
    assert answer.status == 422


def test_who_created_it(client, make, member, unique):
    assert links(make("tasks"), "$createdBy") == [member["id"]]
    assert links(make("notes"), "$createdBy") == [member["id"]]
    assert links(make("opportunities"), "$createdBy") == [member["id"]]
    other = client.create_member(f"creator{unique}@example.com")
    task = client.create("tasks", {"$title": "x", "$status": "TODO"}, {"$assignedTo": member["id"], "$createdBy": other["id"]})
    assert links(task, "$createdBy") == [other["id"]]


def test_note_relationships_take_add_and_remove_only(client, make, account, contact, opportunity):
    note = make("notes")
    changed = client.update("notes", note["id"], {"$content": "# Hello\n\n- world"}, {"$account": {"add": account["id"]}, "$contact": {"add": [contact["id"]]}, "$opportunity": {"add": opportunity["id"]}})
    assert field(changed, "$content") == "# Hello\n\n- world"
    assert links(client.retrieve("accounts", account["id"]), "$note") == [note["id"]]
    assert links(client.retrieve("contacts", contact["id"]), "$note") == [note["id"]]
    answer = client.post(f"/v1/notes/{note['id']}", {"relationships": {"$account": {"replace": account["id"]}}})
    assert (answer.status, answer.error["code"]) == (400, "invalid_configuration")
    assert links(client.update("notes", note["id"], None, {"$account": {"remove": account["id"]}}), "$account") == []


def test_links_hide_with_the_trash_and_come_back(client, opportunity, account, contact):
    client.update("opportunities", opportunity["id"], None, {"$champion": {"add": contact["id"]}})
    client.ok("DELETE", f"/v1/accounts/{account['id']}")
    shown = client.retrieve("opportunities", opportunity["id"])
    assert links(shown, "$account") == [] and links(shown, "$champion") == [contact["id"]]
    client.ok("POST", f"/v1/accounts/{account['id']}/restore")
    assert links(client.retrieve("opportunities", opportunity["id"]), "$account") == [account["id"]]


def test_a_has_one_taken_meanwhile_stays_as_it_is(client, opportunity, account, unique):
    other = client.create("accounts", {"$name": f"Taker {unique}"})
    client.ok("DELETE", f"/v1/accounts/{account['id']}")
    client.update("opportunities", opportunity["id"], None, {"$account": {"replace": other["id"]}})
    client.ok("POST", f"/v1/accounts/{account['id']}/restore")
    assert links(client.retrieve("opportunities", opportunity["id"]), "$account") == [other["id"]]
    assert links(client.retrieve("accounts", account["id"]), "$opportunity") == []


def test_unique_values(client, unique):
    site, mail = f"unique{unique}.example.com", f"Unique{unique}@Example.com"
    first = client.create("accounts", {"$name": "First", "$website": [site]})
    with nothing_changes(client):
        answer = client.post("/v1/accounts", {"fields": {"$name": "Second", "$website": ["other.example.org", f"http://www.{site.upper()}/"]}})
    assert answer.status == 409 and answer.error["type"] == "conflict" and answer.error["param"] == "fields.$website"
    assert answer.headers["x-should-retry"] == "false" and first["id"] in answer.error["message"]
    contact = client.create("contacts", {"$email": [mail]})
    assert field(contact, "$email") == [mail]
    assert client.post("/v1/contacts", {"fields": {"$email": [mail.lower()]}}).status == 409
    assert client.update("contacts", contact["id"], {"$email": [mail.lower(), "second" + mail]})
    client.ok("DELETE", f"/v1/contacts/{contact['id']}")
    taker = client.create("contacts", {"$email": mail})
    answer = client.post(f"/v1/contacts/{contact['id']}/restore")
    assert answer.status == 409 and answer.headers["x-should-retry"] == "false"
    client.update("contacts", taker["id"], {"$email": None})
    assert client.post(f"/v1/contacts/{contact['id']}/restore").status == 200


def test_a_list_of_another_type_s_trash_needs_restore_scope(client, server):
    reader = client.with_key(client.create_key("reader", scopes=["accounts:read"])["key"])
    assert reader.get("/v1/accounts").status == 200
    answer = reader.get("/v1/accounts", query={"status": "trashed"})
    assert answer.status == 403 and "accounts:restore" in answer.error["message"]
    assert reader.get("/v1/accounts", query={"status": "trashed", "$bogus": "1"}).status == 403  # before what is wrong with a filter
    assert client.get("/v1/accounts", query={"status": "gone"}).error["param"] == "status"


def test_field_history(client, account, unique):
    opportunity = client.create("opportunities", {"$name": f"H{unique}", "$stage": "Lead"}, {"$account": account["id"]})
    path = f"/v1/opportunities/{opportunity['id']}/fields/$stage/history"
    for stage in ("Demo", "Demo", "Trial", None, "Won"):
        client.update("opportunities", opportunity["id"], {"$stage": stage})
    client.update("opportunities", opportunity["id"], {"$amount": 5})
    history = client.ok("GET", path)
    assert [entry["displayValue"] for entry in history["data"]] == ["Won", "", "Trial", "Demo", "Lead"]
    assert [entry["isCreate"] for entry in history["data"]] == [False] * 4 + [True]
    assert history["hasMore"] is False and history["nextCursor"] is None
    assert history["data"][-1]["recordedAt"] == opportunity["createdAt"]
    pages, after = [], None
    while True:
        page = client.ok("GET", path, query={"limit": 2} | ({"after": after} if after else {}))
        pages += page["data"]
        assert not any(entry["isCreate"] for entry in page["data"])
        after = page["nextCursor"]
        if not page["hasMore"]:
            break
    assert [entry["displayValue"] for entry in pages] == ["Won", "", "Trial", "Demo", "Lead"]
    assert client.ok("GET", f"/v1/opportunities/{opportunity['id']}/fields/$nextStep/history")["data"] == []


@pytest.mark.parametrize("plural", ["accounts", "contacts", "opportunities"])
@pytest.mark.parametrize("key, query, code, param", [
    ("$bogus", {}, "unknown_field", None), ("$lastInteractionAt", {}, "invalid_configuration", None), ("$name", {"limit": 0}, "invalid_type", "limit"),
    ("$name", {"limit": 101}, "invalid_type", "limit"), ("$name", {"after": "nonsense"}, "invalid_type", "after"), ("$name", {"after": "1.0011223344556677"}, "invalid_type", "after"),
])
def test_bad_history_requests(client, make, plural, key, query, code, param):
    answer = client.get(f"/v1/{plural}/{make(plural)['id']}/fields/{key}/history", query=query)
    assert answer.status == 400 and answer.error["code"] == code and (param is None or answer.error["param"] == param)


def test_history_of_an_unknown_record_is_not_found(client):
    assert client.get("/v1/accounts/acc_c00000000000000000000000a/fields/$name/history").status == 404


def test_members(client, member, unique):
    made = client.create_member(f"New{unique}@example.com", "admin")
    read = client.retrieve("members", made["id"])
    assert read == made and made["id"] in client.ids("members")
    assert field(read, "$email") == f"New{unique}@example.com" and field(read, "$role") == "admin" and field(read, "$profileImage") is None
    [user] = links(read, "$user")
    assert user.startswith("usr_")
    for value in (user, user.removeprefix("usr_")):  # filters as the relationship that it shows as
        assert [row["id"] for row in client.list("members", {"$user[contains]": value})["data"]] == client.ids("members", {"$user": value}) == [made["id"]]
        assert made["id"] not in client.ids("members", {"$user[-contains]": value})
    assert client.list("members", {"$user": "usr_c00000000000000000000000a"})["totalCount"] == client.list("members", {"$user": "nobody"})["totalCount"] == 0
    assert client.get("/v1/members", query={"$user[startsWith]": "usr_"}).error["code"] == "invalid_configuration"
    assert client.get("/v1/members", query={"$user": ""}).error["code"] == "invalid_type"
    assert client.get("/v1/members/mem_c00000000000000000000000a").error["message"] == "No resource found in 'members' with the given ID."


class TestLists:
    def test_life(self, client, account, unique):
        made = client.create("lists", {"$name": f"L{unique}", "$objectType": "$account", "$description": "why"}, {"$accounts": account["id"]})
        assert set(made) == {"id", "createdAt", "httpLink", "fields"}
        assert field(made, "$objectType") == "$account" and field(made, "$kind") is None
        path = f"/v1/lists/{made['id']}"
        assert client.ids(f"lists/{made['id']}/accounts") == [account["id"]]
        other = client.create("accounts", {"$name": f"In list {unique}"})
        changed = client.update("lists", made["id"], {"$name": "Renamed"}, {"$accounts": {"add": [other["id"]], "remove": account["id"]}})
        assert field(changed, "$name") == "Renamed"
        page = client.list(f"lists/{made['id']}/accounts")
        assert [record["id"] for record in page["data"]] == [other["id"]] and page["totalCount"] == 1
        client.ok("DELETE", f"/v1/accounts/{other['id']}")
        assert client.list(f"lists/{made['id']}/accounts")["totalCount"] == 0
        assert client.ok("DELETE", path) == client.ok("DELETE", path)
        assert client.get(path).status == 404 and made["id"] not in client.ids("lists")
        assert client.get(path + "/accounts").status == 404

    @pytest.mark.parametrize("bare", ["account", "contact", "opportunity"])
    def test_bare_object_types_read_back_with_the_dollar(self, client, bare, unique):
        assert field(client.create("lists", {"$name": f"B{unique}", "$objectType": bare}), "$objectType") == "$" + bare

    def test_target_lists(self, client, unique):
        target = client.create("lists", {"$name": f"T{unique}", "$objectType": "$account", "$kind": "target"})
        answer = client.post("/v1/lists", {"fields": {"$name": "second", "$objectType": "$contact", "$kind": "target"}})
        assert answer.status == 409 and answer.headers["x-should-retry"] == "false"
        assert client.post("/v1/lists", {"fields": {"$name": "x", "$objectType": "$opportunity", "$kind": "target"}}).status == 422
        contacts, deals = (client.create("lists", {"$name": f"T{unique} {bare}", "$objectType": bare})["id"] for bare in ("contact", "opportunity"))
        with nothing_changes(client):
            answer = client.post(f"/v1/lists/{contacts}", {"fields": {"$kind": "target"}})
            assert answer.status == 409 and answer.headers["x-should-retry"] == "false"
            assert client.post(f"/v1/lists/{deals}", {"fields": {"$kind": "target"}}).status == 422
        assert field(client.update("lists", target["id"], {"$kind": None}), "$kind") is None

    @pytest.mark.parametrize("fields, relationships, status", [
        ({"$objectType": "$account"}, None, 400), ({"$name": "x"}, None, 400), ({"$name": "x", "$objectType": "$task"}, None, 400),
        ({"$name": "x", "$objectType": "$account", "$kind": "other"}, None, 422), ({"$name": "", "$objectType": "$account"}, None, 422),
        ({"$name": "x", "$objectType": "$account"}, {"$contacts": []}, 400), ({"$name": "x", "$objectType": "$account"}, {"$bogus": []}, 400),
    ])
    def test_bad_creates(self, client, fields, relationships, status):
        body = {"fields": fields} | ({"relationships": relationships} if relationships is not None else {})
        with nothing_changes(client):
            assert client.post("/v1/lists", body).status == status

    def test_bad_updates(self, client, account, unique):
        made = client.create("lists", {"$name": f"U{unique}", "$objectType": "$account"})
        path = f"/v1/lists/{made['id']}"
        with nothing_changes(client):
            assert client.post(path, {"fields": {"$objectType": "$contact"}}).error["code"] == "invalid_configuration"
            assert client.post(path, {"fields": {"$name": None}}).status == 422
            assert client.post(path, {"relationships": {"$accounts": {"replace": account["id"]}}}).error["code"] == "invalid_configuration"
            assert client.post(path, {"relationships": {"$contacts": {"add": account["id"]}}}).status == 400
            assert client.get(path + "/contacts").status == 400

    def test_both_scopes_are_needed(self, client, unique):
        made = client.create("lists", {"$name": f"S{unique}", "$objectType": "$account"})
        for scopes, status in ((["lists:read"], 403), (["accounts:read"], 403), (["lists:read", "accounts:read"], 200)):
            assert client.with_key(client.create_key("k", scopes=scopes)["key"]).get(f"/v1/lists/{made['id']}/accounts").status == status


# What each operation refuses, by the same rules.
LISTED = ["accounts", "contacts", "opportunities", "tasks", "notes", "lists", "members"]


@pytest.mark.parametrize("plural", LISTED)
@pytest.mark.parametrize("key, value", [("limit", 0), ("limit", 26), ("offset", -1), ("limit", "x"), ("$bogus", 1), ("bogus[equal]", 1)])
def test_bad_list_queries(client, plural, key, value):
    answer = client.get(f"/v1/{plural}", query={key: value})
    assert answer.status == 400 and answer.error["param"] == key, answer


@pytest.mark.parametrize("plural, body, param", [
    (plural, body, param) for plural in ("accounts", "contacts", "opportunities", "tasks", "notes")
    for body, param in (({"fields": {"bogus": 1}}, "fields.bogus"), ({"relationships": {"$bogus": {"add": "x"}}}, "relationships.$bogus"), ({"other": 1}, "other"), ({"fields": []}, "fields"), ([], "body"))])
def test_bad_updates_change_nothing(client, make, plural, body, param):
    record = make(plural)
    answer = client.post(f"/v1/{plural}/{record['id']}", body)
    assert answer.status == 400 and answer.error.get("param") == param, answer
    assert client.retrieve(plural, record["id"]) == record


@pytest.mark.parametrize("object_type, plural", [("$account", "accounts"), ("$contact", "contacts"), ("$opportunity", "opportunities")])
def test_bad_queries_of_list_members(client, make, object_type, plural, unique):
    made = client.create("lists", {"$name": f"L{unique}", "$objectType": object_type}, {f"${plural}": make(plural)["id"]})
    path = f"/v1/lists/{made['id']}/{plural}"
    assert client.ok("GET", path)["totalCount"] == 1
    assert client.get(path, query={"limit": 0}).status == 400 and client.get(path, query={"offset": "x"}).status == 400
    assert client.get(f"/v1/lists/lst_cm0000000000000000000000/{plural}").status == 404


def test_messages_name_only_what_the_caller_may_see(client, unique):
    client.create("accounts", {"$name": "Holder", "$website": [f"holder{unique}.example"]})
    blind = client.with_key(client.create_key("blind", scopes=["accounts:create"])["key"])
    answer = blind.post("/v1/accounts", {"fields": {"$name": "x", "$website": [f"holder{unique}.example"]}})
    assert answer.status == 409 and "acc_" not in answer.error["message"], answer
    assert "acc_" in client.post("/v1/accounts", {"fields": {"$name": "x", "$website": [f"holder{unique}.example"]}}).error["message"]


def test_a_replaced_link_stays_gone_though_its_far_end_was_in_the_trash(client, make, account, contact, unique):
    task = make("tasks")
    client.update("tasks", task["id"], None, {"$account": {"replace": account["id"]}})
    client.update("accounts", account["id"], None, {"$contact": {"add": contact["id"]}})
    client.delete(f"/v1/accounts/{account['id']}")
    client.delete(f"/v1/contacts/{contact['id']}")
    client.update("tasks", task["id"], None, {"$account": {"replace": None}})
    client.ok("POST", f"/v1/accounts/{account['id']}/restore", {})
    assert links(client.retrieve("tasks", task["id"]), "$account") == []
    other = make("contacts")
    client.update("accounts", account["id"], None, {"$contact": {"replace": other["id"]}})
    client.ok("POST", f"/v1/contacts/{contact['id']}/restore", {})
    assert links(client.retrieve("accounts", account["id"]), "$contact") == [other["id"]]


def test_a_no_op_on_a_required_relationship_is_none_of_its_business(client, opportunity, account, make):
    other = make("accounts")["id"]
    client.delete(f"/v1/accounts/{account['id']}")
    for operation in ({"add": []}, {"remove": other}):
        assert links(client.update("opportunities", opportunity["id"], None, {"$account": operation}), "$account") == []
    assert client.post(f"/v1/opportunities/{opportunity['id']}", {"relationships": {"$account": {"replace": None}}}).status == 422


class TestAnswersAfterWrites:
    """A retrieve's answer may be kept: whatever changes it shows at once."""

    def test_fields_links_and_the_far_end(self, client, opportunity, account, contact):
        client.retrieve("accounts", account["id"])
        client.retrieve("contacts", contact["id"])
        client.retrieve("opportunities", opportunity["id"])
        client.update("opportunities", opportunity["id"], {"$amount": 7}, {"$champion": {"add": contact["id"]}})
        assert client.retrieve("opportunities", opportunity["id"])["fields"]["$amount"]["value"] == 7
        assert opportunity["id"] in client.retrieve("contacts", contact["id"])["relationships"]["$opportunity"]["values"]
        assert opportunity["id"] in client.retrieve("accounts", account["id"])["relationships"]["$opportunity"]["values"]

    def test_the_same_id_of_another_type_is_not_found(self, client, account):
        bare = account["id"].split("_")[1]
        client.retrieve("accounts", account["id"])
        for plural, prefix in (("contacts", "con"), ("lists", "lst"), ("members", "mem"), ("opportunities", "opp")):
            assert client.get(f"/v1/{plural}/{prefix}_{bare}").status == 404
        client.retrieve("accounts", account["id"])

    def test_trash_and_restore_of_a_neighbour(self, client, opportunity, account):
        client.retrieve("accounts", account["id"])
        client.delete(f"/v1/opportunities/{opportunity['id']}")
        assert client.retrieve("accounts", account["id"])["relationships"]["$opportunity"]["values"] == []
        assert client.get(f"/v1/opportunities/{opportunity['id']}").status == 404
        client.ok("POST", f"/v1/opportunities/{opportunity['id']}/restore", {})
        assert client.retrieve("accounts", account["id"])["relationships"]["$opportunity"]["values"] == [opportunity["id"]]

    def test_a_list_that_gains_and_loses_members(self, client, account, unique):
        made = client.create("lists", {"$name": f"Kept {unique}", "$objectType": "$account"})
        client.retrieve("accounts", account["id"])
        client.retrieve("lists", made["id"])
        client.update("lists", made["id"], None, {"$accounts": {"add": account["id"]}})
        assert client.ok("GET", f"/v1/lists/{made['id']}/accounts")["totalCount"] == 1
        client.delete(f"/v1/lists/{made['id']}")
        assert client.get(f"/v1/lists/{made['id']}").status == 404

    def test_a_renamed_field_and_a_new_relationship(self, client, account, unique):
        client.create_field("account", f"kept{unique}", "TEXT")
        client.retrieve("accounts", account["id"])
        client.create_relationship("account", f"keptTo{unique}", "contact", cardinality="HAS_MANY", inverseKey=f"keptOf{unique}")
        assert f"keptTo{unique}" in client.retrieve("accounts", account["id"])["relationships"]
