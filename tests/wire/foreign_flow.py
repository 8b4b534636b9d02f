"""Runs inside a virtual environment that has the official SDK, unmodified. Arguments: base URL, API key. Prints `ok` lines."""
import asyncio
import os
import sys

import lightfield
from lightfield import AsyncLightfield, Lightfield

base_url, api_key, weak_key = sys.argv[1:4]
client = Lightfield(api_key=api_key, base_url=base_url)
raw = client.with_raw_response if hasattr(client, "with_raw_response") else None


def raises(kind, call):
    try:
        call()
    except kind as error:
        assert isinstance(error.body, dict) and error.body["error"]["message"], error.body
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def has(resource, method):
    return hasattr(getattr(client, resource, None), method)


# The reference page's example, word for word but for the id.
account = client.account.create(fields={"$name": "Foreign", "$website": ["https://foreign.example"], "$industry": ["SaaS"]})
member = client.member.list().data[0]
opportunity = client.opportunity.create(fields={"$name": "Foreign deal", "$stage": "Lead"}, relationships={"$account": account.id})
opportunity_update_response = client.opportunity.update(
    id=opportunity.id,
)
assert opportunity_update_response.id == opportunity.id
updated = client.opportunity.update(opportunity.id, fields={"$stage": "Proposal", "$amount": 1250.5}, relationships={"$owner": {"replace": member.id}})
assert updated.fields["$amount"].value == 1250.5 and updated.relationships["$owner"].values == [member.id]
assert updated.fields["$stage"].value_type == "SINGLE_SELECT" and str(updated.created_at)
print("ok reference page")

definitions = client.opportunity.definitions()
stage = definitions.field_definitions["$stage"]
configuration = stage.type_configuration
options = configuration["options"] if isinstance(configuration, dict) else [{"id": option.id, "label": option.label} for option in configuration.options]
assert {option["id"]: option["label"] for option in options}[updated.fields["$stage"].value] == "Proposal"
page = client.opportunity.list(limit=5, offset=0, extra_query={"$name[equal]": "foreign DEAL", "$account": account.id})
assert page.total_count == 1 and page.data[0].id == opportunity.id and page.object == "list"
first = client.account.create(fields={"$name": "Idem"}, extra_headers={"Idempotency-Key": "foreign"})
again = client.account.create(fields={"$name": "Other"}, extra_headers={"Idempotency-Key": "foreign"})
assert first.id == again.id
assert client.opportunity.retrieve(opportunity.id).fields["$name"].value == "Foreign deal"
contact = client.contact.create(fields={"$name": {"firstName": "Ada", "lastName": "L"}, "$email": ["ada@foreign.example"]}, relationships={"$account": account.id})
assert client.contact.update(contact.id, fields={"$title": "CTO"}).fields["$title"].value == "CTO"
task = client.task.create(fields={"$title": "Call", "$status": "TODO"}, relationships={"$assignedTo": member.id})
assert client.task.update(task.id, fields={"$status": "COMPLETE"}).fields["$status"].value == "COMPLETE"
note = client.note.create(fields={"$title": "Note", "$content": "# Hi"}, relationships={"$account": account.id})
assert client.note.retrieve(note.id).fields["$content"].value == "# Hi"
made = client.list.create(fields={"$name": "L", "$objectType": "$account"}, relationships={"$accounts": account.id})
assert client.list.list_accounts(made.id).total_count == 1
assert client.member.retrieve(member.id).fields.email.value if hasattr(client.member.retrieve(member.id).fields, "email") else True
print("ok flow")

if has("auth", "validate"):
    assert client.auth.validate().active
if has("opportunity", "delete"):
    client.opportunity.delete(opportunity.id)
    raises(lightfield.NotFoundError, lambda: client.opportunity.retrieve(opportunity.id))
    assert client.opportunity.list(extra_query={"status": "trashed"}).total_count >= 1
    if has("opportunity", "restore"):
        assert client.opportunity.restore(opportunity.id).id == opportunity.id
    else:  # this version does not know it yet
        client.post(f"/v1/opportunities/{opportunity.id}/restore", cast_to=object, body={})
    print("ok delete and restore")
if has("opportunity", "field_history"):
    history = client.opportunity.field_history("$stage", id=opportunity.id)
    assert [entry.display_value for entry in history.data] == ["Proposal", "Lead"]
    print("ok field history")

raises(lightfield.BadRequestError, lambda: client.opportunity.update(opportunity.id, fields={"bogus": 1}))
raises(lightfield.AuthenticationError, lambda: Lightfield(api_key="no", base_url=base_url).account.list())
raises(lightfield.PermissionDeniedError, lambda: Lightfield(api_key=weak_key, base_url=base_url).contact.list())
raises(lightfield.NotFoundError, lambda: client.account.retrieve("acc_none"))
raises(lightfield.ConflictError, lambda: client.contact.create(fields={"$email": ["ada@foreign.example"]}))
raises(lightfield.UnprocessableEntityError, lambda: client.account.create(fields={"$name": " "}))
limited = Lightfield(api_key=os.environ["LIMITED_KEY"], base_url=sys.argv[4], max_retries=0)


def hammer():
    for _ in range(50):
        limited.account.list()


raises(lightfield.RateLimitError, hammer)
print("ok typed errors")


async def flow():
    async with AsyncLightfield(api_key=api_key, base_url=base_url) as ours:
        made = await asyncio.gather(*(ours.account.create(fields={"$name": f"Async {n}"}) for n in range(10)))
        assert len({account.id for account in made}) == 10
        listed = await ours.account.list(extra_query={"$name[startsWith]": "async"})
        assert listed.total_count == 10
        moved = await ours.opportunity.update(opportunity.id, fields={"$nextStep": "async"})
        assert moved.fields["$nextStep"].value == "async"


asyncio.run(flow())
print("ok async")
