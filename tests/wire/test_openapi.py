"""The OpenAPI document: generated from the operations table and the definitions, and true of what the server answers."""
import json
import re

import jsonschema
import pytest


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json", headers={"Authorization": None}, check=False).json


def operation(document, id):
    return next(operation for path in document["paths"].values() for operation in path.values() if operation["operationId"] == id)


def body(document, id):
    return operation(document, id)["requestBody"]["content"]["application/json"]["schema"]


def parameters(document, id):
    return {parameter["name"]: parameter for parameter in operation(document, id)["parameters"]}


def check(document, name, value):
    jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]}).validate(value)


def test_every_reference_leads_somewhere(document):
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= set(document["components"]["schemas"]) and {"OpportunityRecord", "TaskCreateFields", "MemberPage"} <= names
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_parameters_are_those_that_work(document):
    assert {id for id in ("account.list", "task.list", "note.list", "list.list", "member.list", "list.listAccounts") if "status" in parameters(document, id)} == {"account.list", "task.list", "note.list", "list.listAccounts"}
    history = parameters(document, "contact.fieldHistory")
    assert history["limit"]["schema"]["maximum"] == 100 and "after" in history
    filters = parameters(document, "opportunity.list")
    assert {"$stage[equal]", "$amount[lessThanOrEqual]", "$name[startsWith]", "$account", "$opportunity-account"} <= set(filters) and "$stage[contains]" not in filters


def test_bodies_say_what_is_needed(document):
    assert body(document, "opportunity.create")["required"] == body(document, "task.create")["required"] == ["fields", "relationships"]
    for id, takes in (("note.update", False), ("list.update", False), ("task.update", True)):
        name = body(document, id)["properties"]["relationships"]["$ref"].rsplit("/", 1)[1]
        forms = {entry["allOf"][0]["$ref"].rsplit("/", 1)[1] for entry in document["components"]["schemas"][name]["properties"].values()}
        assert forms == {"RelationshipOperation" if takes else "RelationshipChange"}
    assert body(document, "account.create")["required"] == ["fields"] and not body(document, "opportunity.update")["required"]
    for id in ("account.delete", "list.delete", "task.restore"):
        assert operation(document, id)["requestBody"]["required"] is False and body(document, id)["additionalProperties"] is False


def test_the_system_s_definitions_stand_in_it(document):
    schemas = document["components"]["schemas"]
    fields = schemas["OpportunityCreateFields"]["properties"]
    assert [option["label"] for option in fields["$stage"]["x-options"]][:2] == ["Lead", "Qualification"] and "id" not in fields["$stage"]["x-options"][0]
    assert fields["$amount"]["anyOf"][0] == {"type": "number"} and schemas["OpportunityCreateFields"]["required"] == ["$name"]
    assert [option["id"] for option in schemas["TaskCreateFields"]["properties"]["$status"]["x-options"]][0] == "TODO"
    assert schemas["OpportunityCreateRelationships"]["required"] == ["$account"] and "$opportunity" not in schemas["AccountCreateRelationships"]["properties"]


def test_a_key_shows_its_own_workspace(client, document, unique):
    made = client.create_field("opportunity", f"shown{unique}", "MULTI_SELECT", options=["Red", "Blue"])
    client.create_relationship("account", f"linked{unique}", "contact")
    own = client.get("/openapi.json", check=False).json["components"]["schemas"]
    options = own["OpportunityUpdateFields"]["properties"][f"shown{unique}"]["x-options"]
    assert options == [{"label": option["label"], "id": option["id"]} for option in made["typeConfiguration"]["options"]]
    assert own["AccountRecord"]["properties"]["relationships"]["properties"][f"linked{unique}"]["x-object-type"] == "contact"
    others = client.get("/openapi.json", headers={"Authorization": "Bearer sk_lf_unknown"}, check=False).json
    assert others == document and f"shown{unique}" not in json.dumps(document)


def test_a_key_that_may_not_read_a_types_definitions_does_not_see_them_here(client, document, unique):
    client.create_field("opportunity", f"hidden{unique}", "TEXT")
    scopes = ["accounts:read", "contacts:read", "opportunities:read", "tasks:read", "notes:read", "meetings:read", "emails:read", "lists:read", "members:read", "files:read"]
    tasks_only = client.with_key(client.create_key("tasks", scopes=["tasks:read"])["key"])
    assert tasks_only.get("/v1/opportunities/definitions").status == 403
    assert tasks_only.get("/openapi.json", check=False).json == document
    known = [scope for scope in scopes if scope in json.dumps(document)]
    reader = client.with_key(client.create_key("reader", scopes=known)["key"])
    assert f"hidden{unique}" in reader.get("/openapi.json", check=False).json["components"]["schemas"]["OpportunityUpdateFields"]["properties"]


def test_records_are_as_it_says(client, account, opportunity, contact, member):
    own = client.get("/openapi.json", check=False).json
    for name, plural, id in (("Account", "accounts", account["id"]), ("Contact", "contacts", contact["id"]), ("Opportunity", "opportunities", opportunity["id"]), ("Member", "members", member["id"])):
        check(own, f"{name}Record", client.retrieve(plural, id))
        check(own, f"{name}Page", client.list(plural))
    check(own, "OpportunityUpdateFields", {"$stage": "Lead", "$amount": 5, "$closeDate": None})
    with pytest.raises(jsonschema.ValidationError):
        check(own, "OpportunityUpdateFields", {"$amount": "5"})
