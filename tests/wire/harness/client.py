"""A small HTTP client for tests: keeps its connection, shows everything, checks each answer against the contract."""
import datetime
import http.client
import json
import socket
from urllib.parse import quote

from .contract import Contract
from .server import SLOW

CONTRACT = Contract()
SEEN = set()  # every (method, path, status) of this run
VERSION = "2026-03-01"
LOST = (ConnectionError, http.client.IncompleteRead)  # how a request ends whose server is killed


class Answer:
    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.raw = raw
        self.json = json.loads(raw) if raw and self.headers.get("content-type", "").startswith("application/json") else None

    @property
    def error(self):
        return self.json["error"]

    def __repr__(self):
        return f"<{self.status} {self.raw[:600]!r}>"

    def __getitem__(self, key):
        return self.json[key]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def begin(connection, method, target, body, headers):
    """The head of the answer."""
    connection.request(method, target, body=body, headers=headers)
    return connection.getresponse()


class Client:
    def __init__(self, server, key=None, unix=False, resends=True):
        self.server = server
        self.key = server.key if key is None else key
        self.unix = unix
        self.resends = resends
        self.connection = None

    def with_key(self, key):
        return Client(self.server, key)

    def operator(self):
        return Client(self.server, "", unix=True)

    def send(self, method, path, body=None, headers=None, query=None, raw_query=None, check=True):
        """`body`: JSON, or bytes as they are. `query`: a dict or pairs, encoded here."""
        target = path
        pairs = list(query.items()) if isinstance(query, dict) else list(query or [])
        if pairs:
            target += "?" + "&".join(f"{quote(str(k), safe='')}={quote(str(v), safe='')}" for k, v in pairs)
        if raw_query is not None:
            target += "?" + raw_query
        sent = {"Lightfield-Version": VERSION}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if body is not None:
            sent["Content-Type"] = "application/json"
            if not isinstance(body, bytes):
                body = json.dumps(body, ensure_ascii=False).encode()
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        answer = self.exchange(method, target, body, sent)
        SEEN.add((method, path.split("?")[0], answer.status))
        if check and path.startswith("/v1/"):
            CONTRACT.check(method, path, answer.status, answer.headers, answer.json)
        return answer

    def exchange(self, method, target, body, headers):
        """Sends again only where a connection that was kept ended before a byte came back, as a server's may that was idle: anything else might run twice."""
        kept, self.connection = self.connection, None  # it is kept again once its answer is whole
        connection = kept or self.connect()
        try:
            response = begin(connection, method, target, body, headers)
        except ConnectionError:
            if not kept or not self.resends:
                raise
            connection = self.connect()
            response = begin(connection, method, target, body, headers)
        answer = Answer(response.status, response.getheaders(), response.read())
        self.connection = connection if connection.sock else None
        return answer

    def connect(self):
        if self.unix:
            return UnixConnection(self.server.socket_path())
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30 * SLOW)

    def get(self, path, **more):
        return self.send("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.send("POST", path, body=body, **more)

    def delete(self, path, **more):
        return self.send("DELETE", path, **more)

    # Shorthands that must succeed.
    def ok(self, method, path, body=None, **more):
        answer = self.send(method, path, body=body, **more)
        assert answer.status == 200, f"{method} {path} {body}: {answer}"
        return answer.json

    def create(self, plural, fields, relationships=None, **more):
        body = {"fields": fields}
        if relationships is not None:
            body["relationships"] = relationships
        return self.ok("POST", f"/v1/{plural}", body, **more)

    def update(self, plural, id, fields=None, relationships=None, **more):
        body = {}
        if fields is not None:
            body["fields"] = fields
        if relationships is not None:
            body["relationships"] = relationships
        return self.ok("POST", f"/v1/{plural}/{id}", body, **more)

    def retrieve(self, plural, id):
        return self.ok("GET", f"/v1/{plural}/{id}")

    def list(self, plural, query=None, **more):
        return self.ok("GET", f"/v1/{plural}", query=query, **more)

    def ids(self, plural, query=None, **more):
        return [record["id"] for record in self.list(plural, query, **more)["data"]]

    # Administration: the only place that knows its paths and bodies.
    def admin(self, method, what, body=None, workspace=None):
        return self.send(method, f"/admin/v1/workspaces/{workspace or self.server.workspace}/{what}", body=body, check=False)

    def admin_ok(self, method, what, body=None, workspace=None):
        answer = self.admin(method, what, body, workspace)
        assert answer.status == 200, f"{method} {what} {body}: {answer}"
        return answer.json

    def create_key(self, name="test", **more):
        return self.admin_ok("POST", "keys", {"name": name, **more})

    def create_expiring_key(self, name):
        """A key that lives for a second."""
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=SLOW)
        return self.create_key(name, expiresAt=moment.isoformat(timespec="milliseconds"))

    def create_field(self, object_type, key, value_type, **more):
        return self.admin_ok("POST", "fields", {"objectType": object_type, "key": key, "label": key.title(), "valueType": value_type, **more})

    def create_relationship(self, source, key, target, **more):
        return self.admin_ok("POST", "relationships", {"source": source, "key": key, "label": key.title(), "target": target, **more})

    def create_member(self, email, role="member"):
        return self.admin_ok("POST", "members", {"email": email, "firstName": "Test", "lastName": "Member", "role": role})


def field(record, key):
    return record["fields"][key]["value"]


def links(record, key):
    return record["relationships"][key]["values"]
