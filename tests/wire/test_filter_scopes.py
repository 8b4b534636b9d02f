"""What a filter may tell: links that the listed record does not show are found out by whoever may read their other end only."""
import pytest

from harness.client import links

# What is listed, the filter, and the scope that it needs besides. The ids need not exist: a scope is asked for before anything is looked up.
HIDDEN = [
    ("members", "$account-member", "acc", "accounts"), ("members", "$contact-member", "con", "contacts"), ("members", "$opportunity-member", "opp", "opportunities"),
    ("members", "$task-member", "tsk", "tasks"), ("members", "$note-member", "nte", "notes"),
    ("accounts", "$list-account", "lst", "lists"), ("contacts", "$list-contact", "lst", "lists"), ("opportunities", "$list-opportunity", "lst", "lists"),
    ("lists", "$accounts", "acc", "accounts"), ("lists", "$contacts", "con", "contacts"), ("lists", "$opportunities", "opp", "opportunities"), ("lists", "$list-account", "acc", "accounts"),
]
SHOWN = [("accounts", "$contact", "con"), ("accounts", "$account-opportunity", "opp"), ("opportunities", "$account", "acc"), ("tasks", "$assignedTo", "mem"), ("accounts", "$owner", "mem")]


def an_id(prefix):
    return f"{prefix}_cm0000000000000000000000a"


@pytest.fixture(scope="module")
def reader(client):
    """A client whose key has these scopes and no others."""
    return lambda *scopes: client.with_key(client.create_key("reader", scopes=list(scopes))["key"])


@pytest.mark.parametrize("negation", ["", "-"])
@pytest.mark.parametrize("plural, key, prefix, far", HIDDEN)
def test_what_is_not_shown_needs_the_other_end_s_scope(reader, plural, key, prefix, far, negation):
    query = {f"{key}[{negation}contains]": an_id(prefix)}
    answer = reader(f"{plural}:read").get(f"/v1/{plural}", query=query)
    assert answer.status == 403 and f"{far}:read" in answer.error["message"]
    assert reader(f"{plural}:read", f"{far}:read").get(f"/v1/{plural}", query=query).status == 200


@pytest.mark.parametrize("plural, key, prefix", SHOWN)
def test_what_is_shown_needs_no_other_scope(reader, plural, key, prefix):
    assert reader(f"{plural}:read").get(f"/v1/{plural}", query={f"{key}[contains]": an_id(prefix)}).status == 200


def test_the_end_of_a_custom_relationship_that_has_no_key_is_not_shown(client, reader, unique):
    key = f"advises{unique}"
    client.create_relationship("account", key, "contact")
    query = {f"{key}[contains]": an_id("acc")}
    assert reader("contacts:read").get("/v1/contacts", query=query).status == 403
    assert reader("contacts:read", "accounts:read").get("/v1/contacts", query=query).status == 200
    assert reader("accounts:read").get("/v1/accounts", query={f"{key}[contains]": an_id("con")}).status == 200


@pytest.mark.parametrize("object_type, plural", [("$account", "accounts"), ("$contact", "contacts"), ("$opportunity", "opportunities")])
def test_the_trash_of_a_list_s_members(client, reader, account, unique, object_type, plural):
    kept, gone = (client.create(plural, {"$name": {"firstName": name} if plural == "contacts" else name}, {"$account": account["id"]} if plural == "opportunities" else None)["id"]
                  for name in ("kept", "gone"))
    path = f"/v1/lists/{client.create('lists', {'$name': f'T{unique}', '$objectType': object_type}, {f'${plural}': [kept, gone]})['id']}/{plural}"
    client.delete(f"/v1/{plural}/{gone}")
    listed = lambda status: [row["id"] for row in client.ok("GET", path, query={"status": status})["data"]]
    assert listed("active") == listed("") == [kept] and listed("trashed") == [gone]
    assert client.get(path, query={"status": "rubbish"}).error["param"] == "status"
    answer = reader("lists:read", f"{plural}:read").get(path, query={"status": "trashed"})
    assert answer.status == 403 and f"{plural}:restore" in answer.error["message"]


class TestKeysOfCustomRelationships:
    """They filter lists at both ends, so nothing else there may have them."""

    def refused(self, client, kind, key, source, target="contact", **more):
        body = {"fields": {"objectType": source, "key": key, "label": key, "valueType": "TEXT"},
                "relationships": {"source": source, "key": key, "label": key, "target": target, **more}}[kind]
        answer = client.admin("POST", kind, body)
        assert answer.status == 409 and (more.get("inverseKey") or key) in answer.error["message"], answer
        return answer.error["param"]

    def test_are_free_at_both_ends(self, client, unique):
        key = f"partner{unique}"
        client.create_relationship("contact", key, "member")
        assert self.refused(client, "relationships", key, "account") == "key"
        client.create_relationship("account", f"other{unique}", "contact")
        assert self.refused(client, "relationships", f"other{unique}", "contact", "member") == "key"
        assert self.refused(client, "fields", f"other{unique}", "contact") == "key"
        assert self.refused(client, "relationships", f"third{unique}", "account", inverseKey=key) == "inverseKey"

    def test_one_that_several_have_names_none(self, client, unique):
        key = f"twin{unique}"
        made = [client.create_relationship("account", key, "contact"), client.create_relationship("opportunity", key, "opportunity")]
        answer = client.admin("POST", f"relationships/{key}", {"label": "Which?"})
        assert answer.status == 409 and all(one["id"] in answer.error["message"] for one in made)
        assert client.admin("POST", f"relationships/{made[1]['id']}", {"label": "This"}).status == 200


def test_a_has_one_end_that_was_taken_stays_whatever_is_restored_when(client, unique):
    """Its former holder was in the trash when it was taken, and so was it when that came back."""
    client.create_relationship("account", f"lead{unique}", "contact", cardinality="HAS_ONE", inverseKey=f"leadOf{unique}")
    account = client.create("accounts", {"$name": "Led"})["id"]
    newer, former = (client.create("contacts", {"$name": {"firstName": name}})["id"] for name in ("newer", "former"))
    client.update("accounts", account, None, {f"lead{unique}": {"add": former}})
    client.delete(f"/v1/contacts/{former}")
    client.update("contacts", newer, None, {f"leadOf{unique}": {"add": account}})
    client.delete(f"/v1/accounts/{account}")
    for path in (f"contacts/{former}", f"accounts/{account}"):
        client.ok("POST", f"/v1/{path}/restore", {})
    assert links(client.retrieve("accounts", account), f"lead{unique}") == [newer]
    assert links(client.retrieve("contacts", former), f"leadOf{unique}") == []


@pytest.mark.parametrize("plural, id", [("lists", "lst"), ("accounts", "acc")])
def test_a_bad_field_is_told_before_a_record_that_is_none(client, plural, id):
    assert client.post(f"/v1/{plural}/{an_id(id)}", {"fields": {"$bogus": 1}}).error["code"] == "unknown_field"
    assert client.post(f"/v1/{plural}/{an_id(id)}", {"fields": {"$name": "fine"}}).status == 404
