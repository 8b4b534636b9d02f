"""List filters: every type, operator and negation; relationship filters; what a filter cannot be."""
from urllib.parse import quote

import pytest
from harness.client import Client
from harness.server import Server


@pytest.fixture(scope="module")
def data():
    server = Server("--rate-limit", "0")
    client = Client(server)
    for key, value_type, more in (("score", "NUMBER", {}), ("vip", "CHECKBOX", {}), ("seen", "DATETIME", {}), ("tier", "SINGLE_SELECT", {"options": ["Gold", "Silver"]}), ("tags", "MULTI_SELECT", {"options": ["x"]}),
                                  ("mails", "EMAIL", {"multipleValues": True}), ("phone", "TELEPHONE", {}), ("handle", "SOCIAL_HANDLE", {"handleService": "TWITTER"}), ("where", "ADDRESS", {}),
                                  ("who", "FULL_NAME", {}), ("icp-score", "NUMBER", {})):
        client.create_field("account", key, value_type, **more)
    client.create_relationship("account", "parent", "account", cardinality="HAS_ONE", inverseLabel="Children", inverseCardinality="HAS_MANY")
    client.create_relationship("account", "partners", "contact", cardinality="HAS_MANY", inverseKey="partnerOf")
    rows = [
        {"$name": "Alpha GmbH", "score": 1.5, "vip": True, "seen": "2026-01-01", "tier": "Gold", "mails": ["ada@alpha.example", "sales@alpha.example"], "phone": "+12025551234", "handle": "alpha",
         "where": {"street": "Main St 1", "city": "Berlin"}, "who": {"firstName": "Ada", "lastName": "Lovelace"}, "$website": ["alpha.example"]},
        {"$name": "alphabet", "score": 2, "vip": False, "seen": "2026-02-01T12:00:00Z", "tier": "Silver", "mails": ["bob@beta.example"], "who": {"firstName": "Bob"}},
        {"$name": "ÄLPHA Straße", "score": -5, "icp-score": 3},
        {"$name": "Gamma"},
    ]
    ids = [client.create("accounts", row)["id"] for row in rows]
    contact = client.create("contacts", {"$name": {"firstName": "C"}}, {"$account": ids[0]})["id"]
    client.update("accounts", ids[1], None, {"parent": {"add": ids[0]}, "partners": {"add": contact}})
    client.update("accounts", ids[2], None, {"parent": {"add": ids[0]}})
    opportunity = client.create("opportunities", {"$name": "O"}, {"$account": ids[0], "$champion": contact})["id"]
    member = client.ids("members")[0]
    task = client.create("tasks", {"$title": "T", "$status": "TODO"}, {"$assignedTo": member, "$account": ids[0], "$opportunity": opportunity})["id"]
    note = client.create("notes", {"$title": "N"}, {"$opportunity": opportunity, "$account": [ids[0]]})["id"]
    yield {"client": client, "a": ids[0], "b": ids[1], "c": ids[2], "d": ids[3], "contact": contact, "opportunity": opportunity, "member": member, "task": task, "note": note}
    assert server.stop() == 0


def names(data, plural, query):
    page = data["client"].list(plural, query)
    letters = {data[letter]: letter for letter in "abcd"}
    assert page["totalCount"] == len(page["data"])
    return "".join(sorted(letters.get(record["id"], "?") for record in page["data"]))


@pytest.mark.parametrize("key, value, found", [
    ("$name[equal]", "ALPHA gmbh", "a"), ("$name", "alphabet", "b"), ("$name[-equal]", "alphabet", "acd"), ("$name[startsWith]", "alpha", "ab"), ("$name[startsWith]", "älpha STRASSE", "c"),
    ("$name[startsWith]", "A\u0308lpha", "c"), ("$name[-startsWith]", "alpha", "cd"), ("$name[startsWith]", "", "abcd"), ("$name[equal]", "nothing", ""),
    ("score", "1.5", "a"), ("score[equal]", "2.00", "b"), ("score[greaterThan]", "1.5", "b"), ("score[greaterThanOrEqual]", "1.5", "ab"), ("score[lessThan]", "1.5", "c"), ("score[lessThanOrEqual]", "1.5", "ac"),
    ("score[-greaterThan]", "1.5", "acd"), ("icp-score[equal]", "3", "c"), ("vip[equal]", "true", "a"), ("vip", "false", "b"), ("vip[-equal]", "true", "bcd"),
    ("seen[equal]", "2026-01-01T01:00:00+01:00", "a"), ("seen[greaterThan]", "2026-01-15", "b"), ("seen[lessThanOrEqual]", "2026-02-01T12:00:00Z", "ab"),
    ("tier[equal]", "gold", "a"), ("tier", "Silver", "b"), ("tier[-equal]", "Gold", "bcd"),
    ("mails[contains]", "ADA@", "a"), ("mails[contains]", "alpha.example", "a"), ("mails", "bob@beta.example", "b"), ("mails[contains]", ".e", "ab"), ("mails[-contains]", "alpha", "bcd"), ("mails[contains]", "le\nsa", ""),
    ("phone[contains]", "555-1234", "a"), ("phone[contains]", "+1202", "a"), ("phone[contains]", "999", ""), ("$website[contains]", "alpha", "a"),
    ("handle[equal]", "@Alpha", "a"), ("handle[equal]", "https://twitter.com/alpha", "a"), ("handle[startsWith]", "https://x.com/al", "a"), ("handle[startsWith]", "", "a"), ("handle[-startsWith]", "", "bcd"),
    ("where[startsWith]", "main st", "a"), ("where[equal]", "Main St 1, Berlin", "a"), ("who[equal]", "ada lovelace", "a"), ("who[startsWith]", "Bo", "b"),
])
def test_field_filters(data, key, value, found):
    assert names(data, "accounts", {key: value}) == found


def test_select_by_option_id(data):
    option = next(option["id"] for option in data["client"].ok("GET", "/v1/accounts/definitions")["fieldDefinitions"]["tier"]["typeConfiguration"]["options"] if option["label"] == "Gold")
    assert names(data, "accounts", {"tier[equal]": option}) == "a"


@pytest.mark.parametrize("key, target, found", [
    ("$contact", "contact", "a"), ("$contact[contains]", "contact", "a"), ("$contact[equal]", "contact", "a"), ("$contact[-contains]", "contact", "bcd"), ("$account-contact[contains]", "contact", "a"),
    ("partners", "contact", "b"), ("partners[contains]", "contact", "b"), ("parent", "a", "bc"), ("parent:asSource[contains]", "a", "bc"), ("parent:asDestination[contains]", "b", "a"), ("parent:asDestination", "a", ""),
    ("$opportunity", "opportunity", "a"), ("$opportunity-account", "opportunity", "a"), ("$task", "task", "a"), ("$task-account[contains]", "task", "a"), ("$note", "note", "a"),
])
def test_relationship_filters(data, key, target, found):
    assert names(data, "accounts", {key: data[target]}) == found
    assert names(data, "accounts", {key: data[target].split("_")[1]}) == found


@pytest.mark.parametrize("plural, key, target, found", [
    ("contacts", "$account-contact[contains]", "a", "contact"), ("contacts", "$account", "a", "contact"), ("contacts", "partnerOf", "b", "contact"), ("contacts", "$opportunity", "opportunity", "contact"),
    ("opportunities", "$account", "a", "opportunity"), ("opportunities", "$champion", "contact", "opportunity"), ("opportunities", "$opportunity-contact", "contact", "opportunity"),
    ("tasks", "$task-account[contains]", "a", "task"), ("tasks", "$assignedTo", "member", "task"), ("tasks", "$task-member", "member", "task"), ("tasks", "$opportunity", "opportunity", "task"),
    ("notes", "$note-opportunity[contains]", "opportunity", "note"), ("notes", "$account", "a", "note"), ("notes", "$createdBy", "member", "note"),
])
def test_relationship_filters_of_other_types(data, plural, key, target, found):
    assert data["client"].ids(plural, {key: data[target]}) == [data[found]]


def test_task_status_and_title(data):
    assert data["client"].ids("tasks", {"$status[equal]": "TODO"}) == [data["task"]]
    assert data["client"].ids("tasks", {"$status[-equal]": "TODO"}) == []
    assert data["client"].ids("tasks", {"$title[startsWith]": "t"}) == [data["task"]]


@pytest.mark.parametrize("value", ["acc_c00000000000000000000000a", "nonsense", "opp_x"])
def test_a_target_that_is_no_record_matches_nothing(data, value):
    assert names(data, "accounts", {"$contact": value}) == ""
    assert names(data, "accounts", {"$contact[-contains]": value}) == "abcd"


def test_filters_are_anded_and_keys_may_repeat(data):
    assert names(data, "accounts", [("score[greaterThan]", "-10"), ("score[lessThan]", "2")]) == "ac"
    assert names(data, "accounts", [("$name[startsWith]", "alpha"), ("vip", "true")]) == "a"
    assert names(data, "accounts", [("$name[startsWith]", "alpha"), ("$name[-equal]", "alphabet")]) == "a"


@pytest.mark.parametrize("key, value, code", [
    ("$bogus[equal]", "1", "unknown_field"), ("$bogus", "1", "unknown_field"), ("bogus[equal]", "1", "unknown_field"), ("$account-task-x[contains]", "1", "unknown_relationship"), ("$foo-bar", "1", "unknown_relationship"),
    ("$name[contains]", "x", "invalid_configuration"), ("$name[greaterThan]", "x", "invalid_configuration"), ("score[startsWith]", "1", "invalid_configuration"), ("vip[greaterThan]", "true", "invalid_configuration"),
    ("tier[contains]", "x", "invalid_configuration"), ("mails[equal]", "x", "invalid_configuration"), ("tags[equal]", "x", "invalid_configuration"), ("$notes[equal]", "x", "invalid_configuration"),
    ("$name[bogus]", "x", "invalid_configuration"), ("$name[]", "x", "invalid_configuration"), ("$contact[startsWith]", "x", "invalid_configuration"),
    ("score", "abc", "invalid_type"), ("score", "", "invalid_type"), ("vip", "yes", "invalid_type"), ("seen", "yesterday", "invalid_type"), ("tier", "Bronze", "invalid_type"), ("$contact", "", "invalid_type"),
])
def test_bad_filters(data, key, value, code):
    answer = data["client"].get("/v1/accounts", query={key: value})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, code, key), answer


def test_few_filters_look_through_all_texts(data):
    some = [("mails[-contains]", f"nowhere-{i}") for i in range(10)]
    assert names(data, "accounts", some) == "abcd"
    answer = data["client"].get("/v1/accounts", query=[*some, ("mails[contains]", "@")])
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_configuration", "mails[contains]"), answer
    assert "at most 10" in answer.error["message"]


def test_unknown_plain_parameters_are_ignored(data):
    assert names(data, "accounts", {"q": "x", "foo": "bar", "cursor": ""}) == "abcd"


@pytest.mark.parametrize("raw", ["$name[startsWith]=alpha", "%24name%5BstartsWith%5D=alpha", "$name[startsWith]=al%70ha", "$name[startsWith]=alpha&&", "limit=&$name[startsWith]=alpha"])
def test_raw_and_encoded_forms(data, raw):
    assert data["client"].list("accounts", raw_query=raw)["totalCount"] == 2


def test_plus_is_a_space(data):
    assert data["client"].list("accounts", raw_query="$name=Alpha+GmbH")["totalCount"] == 1
    assert data["client"].list("accounts", raw_query="$name=" + quote("Alpha GmbH"))["totalCount"] == 1


@pytest.mark.parametrize("raw", ["$name=%ZZ", "$name=%", "$name=%ff", "$name=%00", "%C0%80=x"])
def test_malformed_encoding(data, raw):
    assert data["client"].get("/v1/accounts", raw_query=raw).status == 400


@pytest.mark.parametrize("query, param", [({"limit": 0}, "limit"), ({"limit": 26}, "limit"), ({"limit": -1}, "limit"), ({"limit": "x"}, "limit"), ({"limit": "1.5"}, "limit"), ({"limit": 10**30}, "limit"), ({"offset": -1}, "offset"), ({"offset": "x"}, "offset")])
def test_bad_pages(data, query, param):
    answer = data["client"].get("/v1/accounts", query=query)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_type", param)


def test_pages_in_order(data):
    client = data["client"]
    whole = client.ids("accounts")
    assert whole == [data["d"], data["c"], data["b"], data["a"]]
    assert [client.ids("accounts", {"limit": 1, "offset": at})[0] for at in range(4)] == whole
    assert client.list("accounts", {"offset": 4}) == {"object": "list", "data": [], "totalCount": 4}
    assert client.list("accounts", {"limit": "", "offset": ""})["totalCount"] == 4
    assert client.ids("accounts", {"$name[startsWith]": "alpha", "limit": 1, "offset": 1}) == [data["a"]]


def test_a_list_sees_every_acknowledged_write(data):
    client = data["client"]
    for number in range(50):
        made = client.create("notes", {"$title": f"fresh {number}"})
        page = client.list("notes", {"$title": f"fresh {number}"})
        assert page["totalCount"] == 1 and page["data"][0]["id"] == made["id"]


def test_trashed_lists_filter_too(data):
    client = data["client"]
    made = client.create("accounts", {"$name": "Trashed one", "score": 77})
    client.ok("DELETE", f"/v1/accounts/{made['id']}")
    assert client.ids("accounts", {"score": "77"}) == []
    assert client.ids("accounts", {"score": "77", "status": "trashed"}) == [made["id"]]


def test_definitions_of_self_referential_relationships(data):
    definition = data["client"].ok("GET", "/v1/accounts/definitions")["relationshipDefinitions"]["parent"]
    assert definition["directions"] == {"asSource": {"cardinality": "HAS_ONE", "label": "Parent"}, "asDestination": {"cardinality": "HAS_MANY", "label": "Children"}}
    shown = data["client"].retrieve("accounts", data["b"])["relationships"]["parent"]
    assert shown["values"] == [data["a"]] and shown["directions"]["asSource"] == {"cardinality": "HAS_ONE", "values": [data["a"]]}
    far = data["client"].retrieve("accounts", data["a"])["relationships"]["parent"]
    assert sorted(far["values"]) == sorted([data["b"], data["c"]]) and far["directions"]["asSource"]["values"] == []


def test_removing_takes_a_self_referential_link_away_in_either_direction(data):
    client = data["client"]
    one, two = (client.create("accounts", {"$name": name})["id"] for name in ("one", "two"))
    client.update("accounts", one, None, {"parent": {"add": two}})
    client.update("accounts", two, None, {"parent": {"remove": one}})
    assert client.retrieve("accounts", one)["relationships"]["parent"]["values"] == []
    client.update("accounts", one, None, {"parent": {"replace": two}})
    assert client.retrieve("accounts", two)["relationships"]["parent"]["directions"]["asDestination"]["values"] == [one]
    assert client.post(f"/v1/accounts/{one}", {"relationships": {"parent": {"add": one}}}).status == 422
    for id in (one, two):
        client.ok("DELETE", f"/v1/accounts/{id}")


def test_who_is_linked_in_both_directions_is_named_once(data):
    client = data["client"]
    one, two, three = (client.create("accounts", {"$name": name})["id"] for name in ("one", "two", "three"))
    client.update("accounts", one, None, {"parent": {"replace": two}})
    client.update("accounts", two, None, {"parent": {"replace": one}})
    client.update("accounts", three, None, {"parent": {"replace": one}})
    shown = client.retrieve("accounts", one)["relationships"]["parent"]
    assert sorted(shown["values"]) == sorted([two, three])
    assert shown["directions"]["asSource"]["values"] == [two] and sorted(shown["directions"]["asDestination"]["values"]) == sorted([two, three])
    client.ok("DELETE", f"/v1/accounts/{two}")
    assert client.retrieve("accounts", one)["relationships"]["parent"]["values"] == [three]
    for id in (one, three):
        client.ok("DELETE", f"/v1/accounts/{id}")


def test_link_change_limit_counts_both_sides(data):
    client = data["client"]
    contacts = [client.create("contacts", {})["id"] for _ in range(26)]
    account = client.create("accounts", {"$name": "many"}, {"$contact": contacts[:25]})
    assert len(account["relationships"]["$contact"]["values"]) == 25
    answer = client.post(f"/v1/accounts/{account['id']}", {"relationships": {"$contact": {"replace": contacts[25]}}})
    assert (answer.status, answer.error["code"]) == (422, "relationship_write_limit_exceeded")
    assert client.retrieve("accounts", account["id"]) == account
    client.ok("DELETE", f"/v1/accounts/{account['id']}")


def test_links_to_trashed_records_do_not_count_towards_the_limit(data):
    """Nobody sees them, and `replace` takes them away with the rest."""
    client = data["client"]
    contacts = [client.create("contacts", {})["id"] for _ in range(31)]
    account = client.create("accounts", {"$name": "many"}, {"$contact": contacts[:15]})["id"]
    client.update("accounts", account, None, {"$contact": {"add": contacts[15:30]}})
    for contact in contacts[:30]:
        client.ok("DELETE", f"/v1/contacts/{contact}")
    assert client.retrieve("accounts", account)["relationships"]["$contact"]["values"] == []
    changed = client.update("accounts", account, None, {"$contact": {"replace": contacts[30]}})
    assert changed["relationships"]["$contact"]["values"] == [contacts[30]]
    client.ok("POST", f"/v1/contacts/{contacts[0]}/restore", {})
    assert client.retrieve("accounts", account)["relationships"]["$contact"]["values"] == [contacts[30]]
    client.ok("DELETE", f"/v1/accounts/{account}")


def test_several_parts_of_one_value_must_all_be_there(data):
    client = data["client"]
    made = {mail: client.create("accounts", {"$name": mail, "mails": [mail, "shared@several.example"]})["id"] for mail in ("anna.blum@several.example", "bob.blum@several.example")}
    found = lambda *parts: set(client.ids("accounts", [("mails[contains]", part) for part in parts]))
    assert found("blum", "SEVERAL.example") == set(made.values())
    assert found("anna", "several", "ed") == {made["anna.blum@several.example"]}
    assert found("anna", "bob") == set() and found("blum", "nobody") == set()
    assert found("shared@several", "bob") == {made["bob.blum@several.example"]}
    made["many"] = client.create("accounts", {"$name": "many", "mails": [f"person{number}@several.example" for number in range(60)]})["id"]
    assert found("person59@several") == found("person7@", "person41@several.example") == {made["many"]}
    assert found("person60@") == found("example\nperson7") == set() and found("several") == set(made.values())
    for id in made.values():
        client.ok("DELETE", f"/v1/accounts/{id}")


def test_a_taken_has_one_far_end_moves(data):
    client = data["client"]
    client.create_relationship("opportunity", "mainContact", "contact", cardinality="HAS_ONE", inverseKey="mainOf", inverseCardinality="HAS_ONE")
    contact = client.create("contacts", {})["id"]
    first = client.create("opportunities", {"$name": "1"}, {"$account": data["a"], "mainContact": contact})["id"]
    second = client.create("opportunities", {"$name": "2"}, {"$account": data["a"], "mainContact": contact})["id"]
    assert client.retrieve("opportunities", first)["relationships"]["mainContact"]["values"] == []
    assert client.retrieve("contacts", contact)["relationships"]["mainOf"]["values"] == [second]
    assert client.retrieve("opportunities", second)["relationships"]["$account"]["values"] == [data["a"]]
    for id in (first, second):
        client.ok("DELETE", f"/v1/opportunities/{id}")


def test_a_contacts_email_is_its_field(data, client, unique):
    made = client.create("contacts", {"$email": [f"find{unique}@me.example"]})
    for query in ({"$email[contains]": f"find{unique}@"}, {"$email[contains]": f"FIND{unique}@ME.example"}):
        assert client.ids("contacts", query) == [made["id"]]


def test_a_custom_relationship_filters_from_both_ends_by_its_slug(client, unique):
    slug = f"vendor{unique}"
    client.create_relationship("account", slug, "contact", cardinality="HAS_MANY")
    contact = client.create("contacts", {"$title": "v"})["id"]
    account = client.create("accounts", {"$name": "V"}, {slug: contact})["id"]
    assert client.ids("accounts", {f"{slug}[contains]": contact}) == [account] and client.ids("contacts", {f"{slug}[contains]": account}) == [contact]


def test_a_telephone_is_found_with_its_extension(client, unique):
    made = client.create("contacts", {"$phone": "+12025551234 x77" + str(unique)})["id"]
    assert client.ids("contacts", {"$phone[contains]": f"202-555-1234 x77{unique}"}) == [made]
