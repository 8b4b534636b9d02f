"""The value types, each through a custom field: what is taken, what comes back, what is refused."""
import pytest
from harness.client import field

FIELDS = {
    "vtext": ("TEXT", {}), "vnumber": ("NUMBER", {}), "vcurrency": ("CURRENCY", {"currency": "EUR"}), "vcheckbox": ("CHECKBOX", {}), "vdatetime": ("DATETIME", {}),
    "vemail": ("EMAIL", {}), "vemails": ("EMAIL", {"multipleValues": True}), "vurl": ("URL", {}), "vurls": ("URL", {"multipleValues": True}), "vphone": ("TELEPHONE", {}),
    "vphones": ("TELEPHONE", {"multipleValues": True}), "vtwitter": ("SOCIAL_HANDLE", {"handleService": "TWITTER"}), "vlinkedin": ("SOCIAL_HANDLE", {"handleService": "LINKEDIN"}),
    "vfacebook": ("SOCIAL_HANDLE", {"handleService": "FACEBOOK"}), "vinstagram": ("SOCIAL_HANDLE", {"handleService": "INSTAGRAM"}), "vaddress": ("ADDRESS", {}),
    "vname": ("FULL_NAME", {}), "vone": ("SINGLE_SELECT", {"options": ["Low", "High  Up"]}), "vmany": ("MULTI_SELECT", {"options": ["A", "B", "C"]}), "vmarkdown": ("MARKDOWN", {}),
}


@pytest.fixture(scope="module")
def holder(client):
    for key, (value_type, more) in FIELDS.items():
        client.create_field("account", key, value_type, **more)
    return client.create("accounts", {"$name": "Values"})["id"]


def address(**parts):
    return {name: parts.get(name) for name in ("street", "street2", "city", "state", "postalCode", "country", "latitude", "longitude")}


@pytest.mark.parametrize("key, sent, back", [
    ("vtext", "  hello \u2003", "hello"), ("vtext", "", None), ("vtext", "x" * 10_000, "x" * 10_000), ("vtext", ["one"], "one"), ("vtext", "déjà 你好 🎉", "déjà 你好 🎉"),
    ("vtext", "line\nline", "line\nline"), ("vtext", "a\u000bb", "a\u000bb"),
    ("vnumber", 0.1, 0.1), ("vnumber", 5, 5), ("vnumber", -3.5, -3.5), ("vnumber", 9007199254740991, 9007199254740991), ("vnumber", -9007199254740991, -9007199254740991),
    ("vnumber", 1.50, 1.5), ("vnumber", 0, 0), ("vnumber", 90071992547409.91, 90071992547409.91), ("vnumber", [7], 7),
    ("vcurrency", 1250.05, 1250.05), ("vcheckbox", True, True), ("vcheckbox", False, False),
    ("vdatetime", "2026-03-16T12:00:00+00:00", "2026-03-16T12:00:00.000Z"), ("vdatetime", "2026-03-16T12:00:00.123456-05:30", "2026-03-16T17:30:00.123Z"),
    ("vdatetime", "2024-02-29", "2024-02-29T00:00:00.000Z"), ("vdatetime", "2026-03-16t12:00:00z", "2026-03-16T12:00:00.000Z"),
    ("vemail", "Ada@Example.com", "Ada@Example.com"), ("vemail", ["a@b.co"], "a@b.co"), ("vemails", "a@b.co", ["a@b.co"]), ("vemails", ["a@b.co", "A@B.CO", "c@d.io"], ["a@b.co", "c@d.io"]),
    ("vemails", [], None), ("vemail", "first.last+tag@sub-domain.example.org", "first.last+tag@sub-domain.example.org"),
    ("vurl", "example.com/path?q=1", "https://example.com/path?q=1"), ("vurl", "http://example.com", "http://example.com"), ("vurls", ["example.com", "https://www.example.com/"], ["https://example.com"]),
    ("vurl", "http://localhost:3000/x", "http://localhost:3000/x"),
    ("vphone", "+1 (202) 555-1234", "+12025551234"), ("vphone", "202-555-1234", "+12025551234"), ("vphone", "+12025551234 x100", "+12025551234;ext=100"),
    ("vphone", "(202) 555-1234 ext:100", "+12025551234;ext=100"), ("vphone", "+12025551234 #100", "+12025551234;ext=100"), ("vphone", "5551234", "5551234"), ("vphones", ["+442079460958"], ["+442079460958"]),
    ("vtwitter", "@acme", "https://x.com/acme"), ("vtwitter", "https://twitter.com/acme?s=20", "https://x.com/acme"), ("vtwitter", "https://mobile.twitter.com/acme/", "https://x.com/acme"),
    ("vlinkedin", "https://uk.linkedin.com/in/ada-lovelace/?x=1", "https://linkedin.com/in/ada-lovelace"), ("vlinkedin", "https://www.linkedin.com/company/acme", "https://linkedin.com/company/acme"),
    ("vlinkedin", "ada", "https://linkedin.com/company/ada"), ("vfacebook", "https://facebook.com/profile.php?id=1000123&x=1", "https://facebook.com/profile.php?id=1000123"),
    ("vfacebook", "facebook.com/people/Ada/1000", "https://facebook.com/people/Ada/1000"), ("vurl", "https://münchen.example/ü", "https://münchen.example/ü"), ("vurl", "https://intranet/x", "https://intranet/x"),
    ("vurl", "https://my_shop.example.com", "https://my_shop.example.com"), ("vphone", "tel:+12025551234", "+12025551234"), ("vdatetime", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"), ("vlinkedin", "company/acme", "https://linkedin.com/company/acme"),
    ("vfacebook", "facebook.com/acme", "https://facebook.com/acme"), ("vinstagram", "https://instagram.com/acme/", "https://www.instagram.com/acme"),
    ("vaddress", {"city": " Berlin ", "country": "de"}, address(city="Berlin", country="DE")), ("vaddress", {"latitude": 52.5200066, "longitude": -13.4}, address(latitude=52.5200066, longitude=-13.4)),
    ("vaddress", {}, None), ("vaddress", {"city": ""}, None),
    ("vname", {"firstName": " Ada ", "lastName": None}, {"firstName": "Ada", "lastName": None}), ("vname", {}, None), ("vname", {"lastName": "L"}, {"firstName": None, "lastName": "L"}),
    ("vmarkdown", "# x\n\n  y", "# x\n\n  y"), ("vmarkdown", " \n ", None),
])
def test_taken(client, holder, key, sent, back):
    client.update("accounts", holder, {key: None})
    answer = client.update("accounts", holder, {key: sent})
    assert field(answer, key) == back
    assert answer["fields"][key]["valueType"] == FIELDS[key][0]
    assert client.retrieve("accounts", holder)["fields"] == answer["fields"]
    assert field(client.update("accounts", holder, {key: None}), key) is None


@pytest.mark.parametrize("key, sent, status, code", [
    ("vtext", 5, 400, "invalid_type"), ("vtext", True, 400, "invalid_type"), ("vtext", {"a": 1}, 400, "invalid_type"), ("vtext", ["a", "b"], 422, None), ("vtext", "x" * 10_001, 422, None),
    ("vdatetime", "2026-03-16T12:00Z", 400, "invalid_type"), ("vurl", "mailto:a@b.com", 422, None), ("vurl", "ada@example.com", 422, None), ("vurl", "http://x.y:99999", 422, None),
    ("vemail", "a\u00a0b@c.de", 422, None), ("vfacebook", "facebook.com/groups/foo", 422, None), ("vtwitter", "x.com/i/user/1", 422, None), ("vinstagram", "instagram.com/p/XYZ", 422, None),
    ("vnumber", "5", 400, "invalid_type"), ("vnumber", True, 400, "invalid_type"), ("vnumber", 0.001, 422, None), ("vnumber", 9007199254740992, 422, None),
    ("vnumber", 1e300, 422, None), ("vcurrency", {"amount": 5}, 400, "invalid_type"), ("vcheckbox", "true", 400, "invalid_type"), ("vcheckbox", 1, 400, "invalid_type"),
    ("vdatetime", "2026-13-01", 400, "invalid_type"), ("vdatetime", "yesterday", 400, "invalid_type"), ("vdatetime", "2026-01-01T00:00:00", 400, "invalid_type"), ("vdatetime", 5, 400, "invalid_type"),
    ("vdatetime", "9999-12-31T23:59:60Z", 400, "invalid_type"), ("vdatetime", "2026-01-01 00:00:00Z", 400, "invalid_type"), ("vdatetime", "2026-01-01T24:00:00Z", 400, "invalid_type"),
    ("vemail", "nonsense", 422, None), ("vemail", "a@b", 422, None), ("vemail", "a b@c.de", 422, None), ("vemail", ["a@b.co", "c@d.io"], 422, None), ("vemail", 5, 400, "invalid_type"),
    ("vemails", ["a@b.co", None], 400, "invalid_type"), ("vemails", [["a@b.co"]], 400, "invalid_type"), ("vurl", "ftp://example.com", 422, None), ("vurl", "not a url", 422, None), ("vurl", "nodots", 422, None),
    ("vurl", "javascript:alert(1)", 422, None), ("vphone", "+1", 422, None), ("vphone", "abc", 422, None), ("vphone", "123", 422, None), ("vphone", "+1234567890123456789", 422, None),
    ("vtwitter", "https://linkedin.com/in/x", 422, None), ("vtwitter", "a b", 422, None), ("vlinkedin", "https://linkedin.com/", 422, None), ("vinstagram", 7, 400, "invalid_type"),
    ("vaddress", "Berlin", 400, "invalid_type"), ("vaddress", {"zip": "1"}, 400, "invalid_type"), ("vaddress", {"country": "DEU"}, 422, None), ("vaddress", {"country": "XQ"}, 422, None),
    ("vaddress", {"latitude": "52"}, 400, "invalid_type"), ("vaddress", {"latitude": 91}, 422, None), ("vaddress", {"city": 5}, 400, "invalid_type"),
    ("vname", "Ada", 400, "invalid_type"), ("vname", {"first": "x"}, 400, "invalid_type"), ("vname", {"firstName": 5}, 400, "invalid_type"),
    ("vone", "Middle", 422, None), ("vone", "opt_x", 400, "referenced_resource_missing"), ("vone", ["Low"] * 101, 422, None), ("vone", 5, 400, "invalid_type"), ("vmany", ["A", "Z"], 422, None), ("vmany", 5, 400, "invalid_type"),
    ("vmarkdown", 5, 400, "invalid_type"), ("vmarkdown", "x" * 1_000_001, 422, None),
])
def test_refused(client, holder, key, sent, status, code):
    before = client.retrieve("accounts", holder)
    answer = client.post(f"/v1/accounts/{holder}", {"fields": {key: sent}})
    assert (answer.status, answer.error.get("code"), answer.error["param"]) == (status, code, f"fields.{key}"), answer
    assert client.retrieve("accounts", holder) == before


@pytest.mark.parametrize("text, status", [(b"1e400", 422), (b"1e-400", 422), (b"1" + b"0" * 400, 422), (b"1.0000000", 200), (b"12.5e1", 200), (b"-0", 200), (b"1E2", 200), (b"0.10", 200)])
def test_numbers_by_their_text(client, holder, text, status):
    answer = client.post(f"/v1/accounts/{holder}", b'{"fields":{"vnumber":' + text + b"}}")
    assert answer.status == status, answer


@pytest.mark.parametrize("text, shown", [(b"52.50", 52.5), (b"525e-1", 52.5), (b"-0", 0), (b"0.00001", 0.00001)])
def test_a_coordinate_written_otherwise_is_no_change(client, holder, text, shown):
    before = client.update("accounts", holder, {"vaddress": {"latitude": shown}})
    answer = client.post(f"/v1/accounts/{holder}", b'{"fields":{"vaddress":{"latitude":' + text + b"}}}")
    assert (answer.status, answer.json) == (200, before)


def test_selects(client, holder):
    options = client.ok("GET", "/v1/accounts/definitions")["fieldDefinitions"]
    one = {option["label"]: option["id"] for option in options["vone"]["typeConfiguration"]["options"]}
    many = {option["label"]: option["id"] for option in options["vmany"]["typeConfiguration"]["options"]}
    assert field(client.update("accounts", holder, {"vone": " high UP "}), "vone") == one["High  Up"]
    assert field(client.update("accounts", holder, {"vone": "high \u00a0 up"}), "vone") == one["High  Up"]
    assert field(client.update("accounts", holder, {"vone": [one["Low"]]}), "vone") == one["Low"]
    assert field(client.update("accounts", holder, {"vmany": ["c", "A", many["C"]]}), "vmany") == [many["C"], many["A"]]
    assert field(client.update("accounts", holder, {"vmany": "B"}), "vmany") == [many["B"]]
    assert field(client.update("accounts", holder, {"vmany": []}), "vmany") is None


def test_type_configuration(client, holder):
    shown = {key: definition["typeConfiguration"] for key, definition in client.ok("GET", "/v1/accounts/definitions")["fieldDefinitions"].items()}
    assert shown["vcurrency"] == {"currency": "EUR"} and shown["vtwitter"] == {"handleService": "TWITTER"}
    assert shown["vemails"] == {"unique": False, "multipleValues": True} and shown["vtext"] == {} and shown["$website"] == {"unique": True, "multipleValues": True}


def test_an_option_returns_only_where_its_label_is_free(client, unique):
    key = f"back{unique}"
    made = client.create_field("contact", key, "SINGLE_SELECT", options=["Old", "New"])
    old = made["typeConfiguration"]["options"][0]["id"]
    where = {"objectType": "contact", "field": key}
    client.admin_ok("POST", f"options/{old}", {**where, "retired": True})
    client.admin_ok("POST", "options", {**where, "label": " old "})
    answer = client.admin("POST", f"options/{old}", {**where, "retired": False})
    assert answer.status == 409 and answer.error["param"] == "label"
    assert client.admin_ok("POST", f"options/{old}", {**where, "retired": False, "label": "Older"})["retired"] is False
    assert client.admin("POST", f"options/{old}", {**where, "label": "OLD"}).status == 409


def test_retired_options_stay_readable_and_cannot_be_written(client, unique):
    client.create_field("contact", f"retire{unique}", "SINGLE_SELECT", options=["Old", "New"])
    record = client.create("contacts", {f"retire{unique}": "Old"})
    option = field(record, f"retire{unique}")
    client.admin_ok("POST", f"options/{option}", {"objectType": "contact", "field": f"retire{unique}", "retired": True})
    assert field(client.retrieve("contacts", record["id"]), f"retire{unique}") == option
    assert client.post("/v1/contacts", {"fields": {f"retire{unique}": "Old"}}).status == 422
    renamed = client.admin_ok("POST", "options", {"objectType": "contact", "field": f"retire{unique}", "label": "Newest"})
    assert field(client.update("contacts", record["id"], {f"retire{unique}": "newest"}), f"retire{unique}") == renamed["id"]
