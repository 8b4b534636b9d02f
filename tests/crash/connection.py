"""A quick HTTP connection for many small requests: one socket, no library, and a loss is an exception of its own."""
import json
import socket
from urllib.parse import quote

from harness.server import SLOW


class Lost(Exception):
    """The connection ended before its answer: what was asked is in flight."""


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def json(self):
        return json.loads(self.raw)

    def __repr__(self):
        return f"<{self.status} {self.raw[:400]!r}>"


class Connection:
    def __init__(self, port, key):
        self.head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nLightfield-Version: 2026-03-01\r\nContent-Type: application/json\r\n"
        self.buffer = b""
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=60 * SLOW)
        except OSError as failure:
            raise Lost() from failure

    def close(self):
        self.socket.close()

    def send(self, method, path, body=None, idempotency_key=None, query=()):
        if query:
            path += "?" + "&".join(f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in query)
        payload = b"" if body is None else json.dumps(body).encode()
        key = f"Idempotency-Key: {idempotency_key}\r\n" if idempotency_key else ""
        try:
            self.socket.sendall(f"{method} {path} HTTP/1.1\r\n{self.head}{key}Content-Length: {len(payload)}\r\n\r\n".encode() + payload)
            return self.receive()
        except OSError as failure:
            raise Lost() from failure

    def receive(self):
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self.more()
        lines = self.buffer[:end].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        size = end + 4 + int(headers.get("content-length", 0))
        while len(self.buffer) < size:
            self.more()
        raw, self.buffer = self.buffer[end + 4:size], self.buffer[size:]
        return Answer(int(lines[0].split()[1]), headers, raw)

    def more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise Lost()
        self.buffer += part
