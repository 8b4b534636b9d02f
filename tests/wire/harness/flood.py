"""Many connections at once, each with one request under way, from one thread: enough to be more than a server can answer in time."""
import json
import selectors
import socket
import time

from .client import VERSION
from .server import SLOW


class Reply:
    """What has come of an answer, until it is whole."""

    def __init__(self):
        self.bytes = b""

    def add(self, data):
        self.bytes += data
        return self.whole()

    def whole(self):
        head, separator, rest = self.bytes.partition(b"\r\n\r\n")
        return bool(separator) and len(rest) >= int(self.header(head, "Content-Length"))

    @staticmethod
    def header(head, name):
        for line in head.decode().split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    @property
    def head(self):
        return self.bytes.partition(b"\r\n\r\n")[0]

    @property
    def status(self):
        return int(self.head[9:12])

    @property
    def json(self):
        return json.loads(self.bytes.partition(b"\r\n\r\n")[2])


def request(server, method, path, body=None, **headers):
    payload = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {server.key}", f"Lightfield-Version: {VERSION}", "Content-Type: application/json",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()), f"Content-Length: {len(payload)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


class Flood:
    """`next_request(connection, reply)` gives what the connection sends next; the reply to the last one is None at first. None: it sends no more."""

    def __init__(self, server, connections, next_request):
        self.next_request = next_request
        self.selector = selectors.DefaultSelector()
        self.sockets = []
        self.active = 0
        for number in range(connections):
            sock = socket.create_connection(("127.0.0.1", server.port), timeout=30 * SLOW)
            self.sockets.append(sock)
            self.selector.register(sock, selectors.EVENT_READ, number)
        self.replies = [None] * connections

    def __enter__(self):
        for number in range(len(self.sockets)):
            self.send(number, None)
        return self

    def __exit__(self, *_):
        self.selector.close()
        for sock in self.sockets:
            sock.close()

    def send(self, number, reply):
        data = self.next_request(number, reply)
        if data is None:
            return
        self.replies[number] = Reply()
        self.active += 1
        self.sockets[number].sendall(data)

    def step(self):
        """Takes what has come, and sends what follows."""
        for key, _ in self.selector.select(timeout=5 * SLOW):
            data = key.fileobj.recv(1 << 18)
            assert data, "the server closed a connection of the flood"
            if self.replies[key.data].add(data):
                self.active -= 1
                self.send(key.data, self.replies[key.data])

    def run_until(self, done, timeout_s=30):
        deadline = time.monotonic() + timeout_s * SLOW
        while not done():
            assert time.monotonic() < deadline, "the flood did not do what was waited for"
            self.step()
