"""opportunity.update: the call that the project began with."""
import pytest
from harness.client import field, links
from harness.snapshot import nothing_changes


def path(opportunity):
    return f"/v1/opportunities/{opportunity['id']}"


def test_changes_only_what_is_named(client, opportunity):
    with nothing_changes(client, but=[opportunity["id"]]):
        updated = client.update("opportunities", opportunity["id"], {"$nextStep": "Call Ada"})
    assert field(updated, "$nextStep") == "Call Ada"
    for key in opportunity["fields"]:
        if key != "$nextStep":
            assert updated["fields"][key] == opportunity["fields"][key]
    assert updated["relationships"] == opportunity["relationships"]
    assert updated["createdAt"] == opportunity["createdAt"]
    assert client.retrieve("opportunities", opportunity["id"]) == updated


def test_an_empty_body_object_changes_nothing(client, opportunity):
    with nothing_changes(client):
        assert client.update("opportunities", opportunity["id"]) == opportunity


def test_writing_the_same_value_leaves_no_trace(client, opportunity):
    assert client.update("opportunities", opportunity["id"], {"$stage": "Lead"})["updatedAt"] == opportunity["updatedAt"]


def test_updated_at_moves_with_a_change(client, opportunity):
    assert client.update("opportunities", opportunity["id"], {"$amount": 7})["updatedAt"] >= opportunity["updatedAt"]


@pytest.mark.parametrize("sent", ["Proposal", "proposal", "  PROPOSAL "])
def test_stage_by_label_in_any_case(client, opportunity, sent):
    updated = client.update("opportunities", opportunity["id"], {"$stage": sent})
    options = client.ok("GET", "/v1/opportunities/definitions")["fieldDefinitions"]["$stage"]["typeConfiguration"]["options"]
    assert field(updated, "$stage") == next(option["id"] for option in options if option["label"] == "Proposal")
    again = client.update("opportunities", opportunity["id"], {"$stage": field(updated, "$stage")})
    assert again["fields"] == updated["fields"]


def test_null_clears(client, opportunity):
    updated = client.update("opportunities", opportunity["id"], {"$amount": None, "$stage": None})
    assert field(updated, "$amount") is None and field(updated, "$stage") is None


def test_several_fields_and_relationships_at_once(client, opportunity, contact, member):
    updated = client.update("opportunities", opportunity["id"], {"$stage": "Won", "$amount": 75000, "$closeDate": "2026-12-01", "$closeReason": "Price"},
                            {"$owner": {"replace": member["id"]}, "$champion": {"add": [contact["id"]]}})
    assert field(updated, "$closeDate") == "2026-12-01T00:00:00.000Z"
    assert links(updated, "$owner") == [member["id"]]
    assert links(updated, "$champion") == [contact["id"]]
    assert links(client.retrieve("contacts", contact["id"]), "$opportunity") == [opportunity["id"]]


def test_account_moves_by_replace_and_both_accounts_show_it(client, opportunity, account, unique):
    other = client.create("accounts", {"$name": f"Other {unique}"})
    with nothing_changes(client, but=[opportunity["id"], account["id"], other["id"]]):
        updated = client.update("opportunities", opportunity["id"], None, {"$account": {"replace": other["id"]}})
    assert links(updated, "$account") == [other["id"]]
    assert links(client.retrieve("accounts", account["id"]), "$opportunity") == []
    assert links(client.retrieve("accounts", other["id"]), "$opportunity") == [opportunity["id"]]


@pytest.mark.parametrize("operation", [{"replace": None}, {"replace": []}, {"remove": "ACCOUNT"}])
def test_the_required_account_cannot_be_cleared(client, opportunity, account, operation):
    operation = {name: account["id"] if value == "ACCOUNT" else value for name, value in operation.items()}
    with nothing_changes(client):
        answer = client.post(path(opportunity), {"relationships": {"$account": operation}})
    assert answer.status == 422 and answer.error["param"] == "relationships.$account"


@pytest.mark.parametrize("fields, status, code, param", [
    ({"$bogus": 1}, 400, "unknown_field", "fields.$bogus"),
    ({"bogus": 1}, 400, "unknown_field", "fields.bogus"),
    ({"$opportunityStatus": "x"}, 400, "invalid_configuration", "fields.$opportunityStatus"),
    ({"$lastInteractionAt": None}, 400, "invalid_configuration", "fields.$lastInteractionAt"),
    ({"$name": 5}, 400, "invalid_type", "fields.$name"),
    ({"$name": None}, 422, None, "fields.name"),
    ({"$name": "   "}, 422, None, "fields.name"),
    ({"$amount": "5"}, 400, "invalid_type", "fields.$amount"),
    ({"$amount": 1.001}, 422, None, "fields.$amount"),
    ({"$amount": 9007199254740992}, 422, None, "fields.$amount"),
    ({"$closeDate": "2026-02-30"}, 400, "invalid_type", "fields.$closeDate"),
    ({"$closeDate": "2026-12-01T10:00:00"}, 400, "invalid_type", "fields.$closeDate"),
    ({"$stage": "Nowhere"}, 422, None, "fields.$stage"),
    ({"$stage": "opt_00000000-0000-4000-8000-000000000000"}, 400, "referenced_resource_missing", "fields.$stage"),
    ({"$stage": ["Won", "Lost"]}, 422, None, "fields.$stage"),
    ({"$nextStep": "x" * 10_001}, 422, None, "fields.$nextStep"),
])
def test_bad_fields_are_refused_and_change_nothing(client, opportunity, fields, status, code, param):
    with nothing_changes(client):
        answer = client.post(path(opportunity), {"fields": {"$nextStep": "must not stay", **fields} if "$nextStep" not in fields else fields})
    assert (answer.status, answer.error.get("code"), answer.error.get("param")) == (status, code, param)


def test_messages_say_what_would_be_right(client, opportunity):
    assert client.post(path(opportunity), {"fields": {"$bogus": 1}}).error["message"].startswith("Unrecognized field '$bogus' for 'opportunities'.")
    assert client.post(path(opportunity), {"fields": {"$name": ""}}).error["message"] == "CrmOpportunity requires name field"
    assert "'Proposal'" in client.post(path(opportunity), {"fields": {"$stage": "Nowhere"}}).error["message"]


@pytest.mark.parametrize("relationships, status, code, param", [
    ({"$bogus": {"add": "con_x"}}, 400, "unknown_relationship", "relationships.$bogus"),
    ({"$task": {"add": "tsk_x"}}, 400, "invalid_configuration", "relationships.$task"),
    ({"$note": {"add": "nte_x"}}, 400, "invalid_configuration", "relationships.$note"),
    ({"$createdBy": {"replace": "mem_x"}}, 400, "invalid_configuration", "relationships.$createdBy"),
    ({"$champion": {"add": "CONTACT", "replace": "CONTACT"}}, 400, "invalid_configuration", "relationships.$champion"),
    ({"$champion": {}}, 400, "invalid_configuration", "relationships.$champion"),
    ({"$champion": {"set": "CONTACT"}}, 400, "invalid_configuration", "relationships.$champion"),
    ({"$champion": {"add": "CONTACT", "remove": "CONTACT"}}, 400, "invalid_configuration", "relationships.$champion"),
    ({"$champion": "CONTACT"}, 400, "invalid_configuration", "relationships.$champion"),
    ({"$champion": {"add": 5}}, 400, "invalid_type", "relationships.$champion"),
    ({"$champion": {"add": None}}, 400, "invalid_type", "relationships.$champion"),
    ({"$champion": {"add": "con_c00000000000000000000000a"}}, 400, "relationship_entity_missing", "relationships.$champion"),
    ({"$champion": {"add": "c00000000000000000000000a"}}, 400, "relationship_entity_missing", "relationships.$champion"),
    ({"$champion": {"add": "ACCOUNT"}}, 400, "relationship_entity_missing", "relationships.$champion"),
    ({"$champion": {"remove": "nonsense"}}, 400, "relationship_entity_missing", "relationships.$champion"),
    ({"$owner": {"replace": ["MEMBER", "MEMBER2"]}}, 422, None, "relationships.$owner"),
    ({"$champion": {"add": ["CONTACT"] * 26}}, 422, "relationship_write_limit_exceeded", "relationships"),
])
def test_bad_relationships_are_refused_and_change_nothing(client, opportunity, account, contact, member, relationships, status, code, param, unique):
    second = client.create_member(f"second{unique}@example.com")
    names = {"CONTACT": contact["id"], "ACCOUNT": account["id"], "MEMBER": member["id"], "MEMBER2": second["id"]}

    def filled(value):
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return names.get(value, value)

    with nothing_changes(client):
        answer = client.post(path(opportunity), {"fields": {"$nextStep": "must not stay"}, "relationships": filled(relationships)})
    assert (answer.status, answer.error.get("code"), answer.error.get("param")) == (status, code, param), answer


def test_add_and_remove_together(client, opportunity, contact, unique):
    other = client.create("contacts", {"$name": {"firstName": f"Second {unique}"}})
    client.update("opportunities", opportunity["id"], None, {"$champion": {"add": contact["id"]}})
    updated = client.update("opportunities", opportunity["id"], None, {"$champion": {"add": other["id"], "remove": contact["id"]}})
    assert links(updated, "$champion") == [other["id"]]


def test_adding_what_is_there_and_removing_what_is_not_change_nothing(client, opportunity, contact):
    first = client.update("opportunities", opportunity["id"], None, {"$champion": {"add": contact["id"]}})
    with nothing_changes(client):
        assert client.update("opportunities", opportunity["id"], None, {"$champion": {"add": contact["id"]}, "$evaluator": {"remove": contact["id"]}}) == first


def test_add_to_a_has_one_sets_it(client, opportunity, member, unique):
    second = client.create_member(f"owner{unique}@example.com")
    client.update("opportunities", opportunity["id"], None, {"$owner": {"add": member["id"]}})
    updated = client.update("opportunities", opportunity["id"], None, {"$owner": {"add": [second["id"]]}})
    assert links(updated, "$owner") == [second["id"]]
    assert links(client.update("opportunities", opportunity["id"], None, {"$owner": {"remove": member["id"]}}), "$owner") == [second["id"]]
    assert links(client.update("opportunities", opportunity["id"], None, {"$owner": {"remove": second["id"]}}), "$owner") == []


def test_champion_and_evaluator_are_one_relationship_of_the_contact(client, opportunity, contact):
    client.update("opportunities", opportunity["id"], None, {"$champion": {"add": contact["id"]}, "$evaluator": {"add": contact["id"]}})
    assert links(client.retrieve("contacts", contact["id"]), "$opportunity") == [opportunity["id"]]


def test_a_trashed_target_is_inactive(client, opportunity, contact):
    client.ok("DELETE", f"/v1/contacts/{contact['id']}")
    answer = client.post(path(opportunity), {"relationships": {"$champion": {"add": contact["id"]}}})
    assert (answer.status, answer.error["code"]) == (400, "relationship_entity_inactive")


@pytest.mark.parametrize("id", ["opp_c00000000000000000000000a", "acc_c00000000000000000000000a", "nonsense", "opp_", "opp_C00000000000000000000000A"])
def test_an_unknown_id_is_not_found(client, id):
    answer = client.post(f"/v1/opportunities/{id}", {"fields": {"$name": "x"}})
    assert answer.status == 404
    assert answer.error["message"] == "No resource found in 'opportunities' with the given ID."


def test_a_trashed_opportunity_is_not_found(client, opportunity):
    client.ok("DELETE", path(opportunity))
    assert client.post(path(opportunity), {"fields": {"$name": "x"}}).status == 404


MALFORMED = [("fields", "$bogus", 1, "unknown_field"), ("relationships", "$bogus", {"add": "con_x"}, "unknown_relationship"),
             ("relationships", "$evaluator", {"swap": 1}, "invalid_configuration"),
             ("relationships", "$evaluator", {"add": ["acc_c0000000000000000000000a"]}, "relationship_entity_missing")]
REFUSED = [("fields", "$stage", "Nowhere"), ("fields", "$name", ""), ("fields", "$amount", 1.001), ("relationships", "$champion", {"add": [f"con_c{'0' * 22}{n:02}" for n in range(26)]})]


def body_of(*parts):
    body = {}
    for place, key, value, *_ in parts:
        body.setdefault(place, {})[key] = value
    return body


@pytest.mark.parametrize("malformed", MALFORMED, ids=lambda what: f"{what[1]}: {what[3]}")
@pytest.mark.parametrize("refused", REFUSED, ids=lambda what: what[1])
def test_what_is_malformed_is_told_before_what_is_refused_in_any_order(client, opportunity, malformed, refused):
    before = client.retrieve("opportunities", opportunity["id"])
    for parts in ((malformed, refused), (refused, malformed)):
        answer = client.post(path(opportunity), body_of(*parts))
        assert (answer.status, answer.error["code"]) == (400, malformed[3]), answer
    assert client.post(path(opportunity), body_of(refused)).status == 422
    assert client.retrieve("opportunities", opportunity["id"]) == before


@pytest.mark.parametrize("id", ["opp_c00000000000000000000000a", "nonsense", "trashed"])
def test_a_missing_record_is_told_before_what_is_refused_and_after_what_is_malformed(client, opportunity, id):
    if id == "trashed":
        client.ok("DELETE", path(opportunity))
        id = opportunity["id"]
    for refused in REFUSED:
        assert client.post(f"/v1/opportunities/{id}", body_of(refused)).status == 404, refused
        for malformed in MALFORMED:
            assert client.post(f"/v1/opportunities/{id}", body_of(refused, malformed)).status == 400, malformed


@pytest.mark.parametrize("body, status, code", [
    (None, 400, "parameter_missing"),
    (b"", 400, "parameter_missing"),
    (b"{", 400, "invalid_type"),
    (b"[]", 400, "invalid_type"),
    (b"null", 400, "invalid_type"),
    (b'{"fields":{}} x', 400, "invalid_type"),
    (b'{"fields":{},"fields":{}}', 400, "invalid_type"),
    (b'{"fields":{"$name":"a","$name":"b"}}', 400, "invalid_type"),
    (b'{"fields":[]}', 400, "invalid_type"),
    (b'{"fields":null}', 400, "invalid_type"),
    (b'{"relationships":"x"}', 400, "invalid_type"),
    (b'{"bogus":1}', 400, "invalid_configuration"),
    (b'{"fields":{"$name":"a\\u0000b"}}', 400, "invalid_type"),
    (b'{"fields":{"$name":"\xff"}}', 400, "invalid_type"),
])
def test_bad_bodies(client, opportunity, body, status, code):
    with nothing_changes(client):
        answer = client.send("POST", path(opportunity), body=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.error.get("code")) == (status, code), answer


def test_malformed_json_names_line_and_column(client, opportunity):
    message = client.post(path(opportunity), b'{\n  "fields": {,}\n}').error["message"]
    assert "line 2" in message and "column" in message


def test_another_content_type_is_refused(client, opportunity):
    for sent in ("text/plain", "application/x-www-form-urlencoded", None):
        answer = client.send("POST", path(opportunity), body=b'{"fields":{}}', headers={"Content-Type": sent})
        assert answer.status == 415
    assert client.send("POST", path(opportunity), body=b'{"fields":{}}', headers={"Content-Type": "Application/JSON; charset=utf-8"}).status == 200
