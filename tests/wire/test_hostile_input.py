"""Input that means harm: each gets a clear answer or a closed connection, and the server stays alive and small."""
import json
import os
import resource
import socket
import threading
import time

import pytest
from harness.client import Client
from harness.server import SLOW, Server, wait_until


@pytest.fixture(scope="module")
def victim():
    server = Server("--rate-limit", "0")
    Client(server).create("accounts", {"$name": "warm"})
    yield server
    assert server.alive()
    assert server.stop() == 0


def talk(server, data, finish=False, timeout=15):
    """Sends raw bytes and returns all that comes back until the peer closes or stays silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout * SLOW) as sock:
        try:
            sock.sendall(data)
            if finish:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received = b""
        try:
            while chunk := sock.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def head(server, first="GET /v1/auth/validate HTTP/1.1", *lines, close=True):
    rows = [first, "Host: x", f"Authorization: Bearer {server.key}", "Lightfield-Version: 2026-03-01", *lines] + (["Connection: close"] if close else [])
    return "\r\n".join(rows).encode() + b"\r\n\r\n"


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


@pytest.mark.parametrize("data, expected", [
    (b"nonsense\r\n\r\n", 400), (b"GET\r\n\r\n", 400), (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", (400, 505)), (b"\x00\x01\x02\x03\r\n\r\n", 400), (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n", 400),
    (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414), (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(200)) + b"\r\n", 431),
    (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400), (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400), (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400), (b"POST / HTTP/1.1\r\nContent-Length: abc\r\n\r\n", 400),
    (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400), (b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    (b"POST /v1/x HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
])
def test_malformed_requests(victim, data, expected):
    answer = talk(victim, data)
    assert status(answer) in (expected if isinstance(expected, tuple) else (expected,)), answer[:300]
    assert b'{"error":{"type":' in answer and b"Connection: close" in answer


@pytest.mark.parametrize("codings", ["gzip", "identity", "xchunked", "chunked, identity", "chunked, chunked", "gzip, chunked", "chunked\r\nTransfer-Encoding: chunked", "chunked;q=1", ""])
def test_what_a_coding_hides_is_no_request(victim, codings):
    """A proxy may take what follows for a body: it must not be answered as a request of its own (RFC 9112, 6.3)."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = talk(victim, f"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {codings}\r\n\r\n".encode() + hidden, timeout=5)
    assert status(answer) in (400, 501) and answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer, answer


@pytest.mark.parametrize("path, expected", [
    ("/v1/../etc/passwd", 404), ("/v1//accounts", 404), ("/v1/accounts/..%2f..%2fetc", 404), ("/v1/accounts/%00", 400), ("/v1/accounts/%", 400), ("/v1/accounts/%ff", 400), ("/v1/accounts/%2F", 404),
    ("/v1/accounts/" + "a" * 5000, 404), ("//", 404), ("/v1/accounts/acc_%63", 404), ("/V1/accounts", 404), ("*", (400, 404)), ("http://evil/v1/accounts", (400, 404)),
])
def test_path_tricks(victim, path, expected):
    answer = talk(victim, head(victim, f"GET {path} HTTP/1.1"))
    assert status(answer) in (expected if isinstance(expected, tuple) else (expected,)), answer[:300]


@pytest.mark.parametrize("body, expected", [
    (b"[" * 10_000 + b"]" * 10_000, 400), (b'{"fields":' * 5_000, 400), (b'{"fields":{' + b",".join(b'"k%d":1' % n for n in range(50_000)) + b"}}", 400),
    (b'{"fields":{"$name":"' + b"x" * 1_000_000 + b'"}}', 422), (b'{"fields":{"$name":"x","$notes":"' + b"y" * 3_000_000 + b'"}}', 422), (b'{"fields":{"$name":' + b"9" * 100_000 + b"}}", 400),
    (b'{"fields":{"$name":1e999999999999}}', 400), (b"\xef\xbb\xbf{}", 400), (b'{"fields":{"$name":"\\ud800"}}', 400), (b'{"fields":{"$name":"\xc0\x80"}}', 400), (b"{" + b" " * 4_000_000 + b"}", 400),
    (b'{"fields":{"$industry":[' + b",".join([b'"SaaS"'] * 300_000) + b"]}}", 400), (b'{"relationships":{"$contact":[' + b",".join([b'"con_x"'] * 10_000) + b"]},\"fields\":{\"$name\":\"x\"}}", (400, 422)),
])
def test_hostile_bodies(victim, body, expected):
    answer = Client(victim).send("POST", "/v1/accounts", body=body)
    assert answer.status in (expected if isinstance(expected, tuple) else (expected,)), answer


def test_ten_thousand_filters(victim):
    query = "&".join(f"$name[equal]={n}" for n in range(10_000))
    assert status(talk(victim, head(victim, f"GET /v1/accounts?{query} HTTP/1.1"))) == 414
    assert Client(victim).get("/v1/accounts", raw_query="&".join(f"$name={n}" for n in range(101))).status == 400
    assert Client(victim).get("/v1/accounts", raw_query="&".join(["a"] * 1500)).status == 400


def test_a_declared_giant_body_is_refused_at_once(victim):
    answer = talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Type: application/json", f"Content-Length: {10**12}", close=False) + b"{", timeout=5)
    assert status(answer) == 413


def test_a_streamed_giant_body_is_cut_off(victim):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked", close=False) + chunk * 100, timeout=5)
    assert status(answer) == 413


def test_chunked_bodies_and_continue(victim):
    body = b'{"fields":{"$name":"chunked"}}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    answer = talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked") + chunks)
    assert status(answer) == 200
    answer = talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue") + body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    trailers = chunks.removesuffix(b"\r\n") + b"X-Sum: 1\r\nX-Other: 2\r\n\r\n"
    answer = talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked", close=False) + trailers + head(victim))
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [200, 200]


@pytest.mark.parametrize("protocol, lines, continues", [("1.1", ["Expect: 100-Continue", "Expect: 100-continue"], 1), ("1.1", ["Expect: x"] * 50, 0), ("1.0", ["Expect: 100-continue"], 0)])
def test_continue_is_said_once_to_who_knows_it(victim, protocol, lines, continues):
    body = b'{"fields":{"$name":"expected"}}'
    answer = talk(victim, head(victim, f"POST /v1/accounts HTTP/{protocol}", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines) + body)
    assert answer.count(b"100 Continue") == continues and answer.count(b" 200 OK") == 1


def test_pipelined_requests_are_answered_in_order(victim):
    paths = ["/healthz", "/v1/nothing", "/v1/auth/validate", "/v1/accounts?limit=1"] * 25
    answer = talk(victim, b"".join(head(victim, f"GET {path} HTTP/1.1", close=False) for path in paths) + head(victim))
    codes = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert codes == [200, 404, 200, 200] * 25 + [200]


def test_half_closed_sockets_get_their_answer(victim):
    body = b'{"fields":{"$name":"half"}}'
    answer = talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}", close=False) + body, finish=True)
    assert status(answer) == 200
    assert talk(victim, head(victim, "POST /v1/accounts HTTP/1.1", "Content-Length: 50", close=False) + b"{", finish=True) == b""


def test_old_protocol_and_head(victim):
    answer = talk(victim, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert status(answer) == 200 and b"Connection: close" in answer
    answer = talk(victim, b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status(answer) == 200 and answer.endswith(b"\r\n\r\n")


def test_an_options_label_may_be_as_long_as_a_body(victim):
    """Two million combining marks in the wrong order: to sort them costs the square of their number."""
    client = Client(victim)
    account = client.create("accounts", {"$name": "marks"})["id"]
    deal = client.create("opportunities", {"$name": "Deal"}, {"$account": account})
    answer = client.post(f"/v1/opportunities/{deal['id']}", {"fields": {"$stage": "\u0301" * 900_000 + "\u0323" * 900_000}})
    assert answer.status == 422 and "Proposal" in answer.error["message"] and len(answer.raw) < 2000
    assert client.retrieve("opportunities", deal["id"]) == deal


def test_a_record_holds_sixteen_mebibytes(fresh):
    """What many bodies bring together is limited too; less of it is always taken."""
    client = Client(fresh("--rate-limit", "0"))
    for number in range(5):
        client.create_field("account", f"text{number}", "MARKDOWN")
    account, long = client.create("accounts", {"$name": "Long"})["id"], "\U0001f600" * 1_000_000
    for number in range(4):
        client.update("accounts", account, {f"text{number}": long})
    before = client.get(f"/v1/accounts/{account}").json
    answer = client.post(f"/v1/accounts/{account}", {"fields": {"text4": long, "$name": "Longer"}})
    assert answer.status == 422 and answer.error["param"] == "fields" and "Shorten" in answer.error["message"], answer.status
    assert client.get(f"/v1/accounts/{account}").json == before
    client.update("accounts", account, {"text0": "short", "text4": long})


@pytest.mark.parametrize("raw", [b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nLightfield-Version: \xff\x80\r\n\r\n"])
def test_answers_are_utf_8_whatever_came(victim, raw):
    answer = talk(victim, raw.replace(b"KEY", victim.key.encode()).replace(b"Host: x", b"Host: x\r\nConnection: close"))
    assert status(answer) in (400, 404)
    assert "\N{REPLACEMENT CHARACTER}" in json.loads(answer.split(b"\r\n\r\n", 1)[1].decode("utf-8"))["error"]["message"]


def test_too_many_query_parameters_are_told_as_that(victim):
    client = Client(victim)
    answer = client.get("/v1/accounts", raw_query="&".join(["a=1"] * 1001))
    assert answer.status == 400 and "1000 parameters" in answer.error["message"]
    assert client.get("/v1/accounts", raw_query="&".join(["a=1"] * 1000)).status == 200


def test_slow_loris_is_cut_off(victim):
    """Also one whose half of a head came behind a whole request."""
    socks = [socket.create_connection(("127.0.0.1", victim.port)) for _ in range(50)]
    for number, sock in enumerate(socks):
        sock.sendall((b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" if number % 2 else b"") + b"GET /healthz HTTP/1.1\r\nX: ")
    assert Client(victim).get("/healthz").status == 200
    deadline = time.monotonic() + 14 * SLOW
    for number, sock in enumerate(socks):
        received = b""
        while b" 408 " not in received:
            sock.settimeout(max(0.1, deadline - time.monotonic()))
            part = sock.recv(4096)
            assert part, received
            received += part
        assert received.count(b" 200 OK") == number % 2
        sock.close()


def test_halves_of_bodies_are_held_up_to_a_limit(fresh):
    """Without a key: bodies are read before it is looked at. 256 MiB are held, further ones are refused until there is room."""
    server = fresh("--rate-limit", "0")
    before, body = server.resident_kib(), b" " * ((4 << 20) - 1)
    post = b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    socks = []
    for _ in range(100):
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=20 * SLOW)
        sock.sendall(post % (len(body) + 1) + body)
        socks.append(sock)
    assert Client(server).create("accounts", {"$name": "Meanwhile"})
    refused, held = [], []
    for sock in socks:
        sock.settimeout(0.2)
        try:
            answer = sock.recv(65536)
            assert status(answer) == 503 and b"Retry-After: " in answer, answer
            refused.append(sock)
        except TimeoutError:
            held.append(sock)
    assert 55 <= len(held) <= 64 and refused
    if SLOW == 1:
        assert server.resident_kib() - before < 2 * (256 << 10)  # a string doubles as it grows
    held[0].settimeout(20 * SLOW)
    held[0].sendall(b" ")
    assert status(held[0].recv(65536)) == 401  # it was held, not harmed
    # A byte of a next request keeps no body's memory.
    for sock in held[1:]:
        sock.settimeout(20 * SLOW)
        sock.sendall(b" G")
        assert status(sock.recv(65536)) == 401
    if SLOW == 1:
        assert wait_until(lambda: server.resident_kib() - before < 100 << 10, timeout_s=5)
    for sock in socks:
        sock.close()
    assert wait_until(lambda: status(talk(server, post % len(body) + body, timeout=1)) == 401, timeout_s=20)


def test_answers_that_nobody_reads_are_held_up_to_a_limit(fresh):
    """A page of long notes is a hundred megabytes: of such, 256 MiB wait to be read; then lists are refused, and writes and short answers are not."""
    server = fresh("--rate-limit", "0")
    client = Client(server)
    content = "\U0001f600" * 1_000_000
    for number in range(25):
        client.create("notes", {"$title": f"Long {number}", "$content": content})
    request = head(server, "GET /v1/notes HTTP/1.1", close=False)
    slow = []
    for _ in range(4):
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=30 * SLOW)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(request)
        slow.append(sock)
        sock.recv(12, socket.MSG_PEEK)  # it is being answered
    refused = client.get("/v1/notes")
    assert refused.status == 503 and refused.headers["retry-after"], refused.status
    assert client.get("/v1/notes", query={"limit": 1, "offset": 25}).status == 200
    assert client.create("accounts", {"$name": "Meanwhile"})
    for sock in slow:
        sock.close()
    assert wait_until(lambda: client.get("/v1/notes").status == 200, timeout_s=20 * SLOW)


def create_long_account(client):
    """Its id. An answer of it has twelve megabytes."""
    for number in range(3):
        client.create_field("account", f"text{number}", "MARKDOWN")
    account = client.create("accounts", {"$name": "Long"})["id"]
    for number in range(3):
        client.update("accounts", account, {f"text{number}": "\U0001f600" * 1_000_000})
    return account


def test_repeated_writes_whose_answers_nobody_reads_are_held_up_to_a_limit(fresh):
    """A kept answer may be as long as a record, and asking for it again takes a few bytes: past 256 MiB unread no write is begun."""
    server = fresh("--rate-limit", "0")
    client = Client(server)
    account = create_long_account(client)
    path = f"/v1/accounts/{account}"
    assert client.post(path, {"fields": {"$name": "Longer"}}, headers={"Idempotency-Key": "long"}).status == 200
    repeated = head(server, f"POST {path} HTTP/1.1", "Idempotency-Key: long", "Content-Type: application/json", "Content-Length: 2", close=False) + b"{}"
    answers, slow = [], []
    for _ in range(40):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(30 * SLOW)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(repeated)
        slow.append(sock)
        answers.append(status(sock.recv(13, socket.MSG_PEEK | socket.MSG_WAITALL)))
    assert set(answers) == {200, 503} and 20 <= answers.count(200) <= 30, answers  # of twelve megabytes each
    assert client.get("/v1/accounts", query={"limit": 1, "offset": 1}).status == 200
    for sock in slow:
        sock.close()
    assert wait_until(lambda: client.post("/v1/accounts", {"fields": {"$name": "After"}}).status == 200, timeout_s=20 * SLOW)


def test_writes_whose_answers_there_is_no_room_for_are_not_done(fresh):
    """An answer stands in memory until its group is committed: past 256 MiB a write of the group is refused, and undone."""
    server = fresh("--rate-limit", "0")
    client = Client(server)
    account = create_long_account(client)
    before = server.resident_kib()
    sockets = []
    for number in range(40):
        body = json.dumps({"fields": {"$name": f"By {number}"}}).encode()
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(60 * SLOW)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(head(server, f"POST /v1/accounts/{account} HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}", close=False) + body)
        sockets.append(sock)
    answers = [status(sock.recv(13, socket.MSG_PEEK | socket.MSG_WAITALL)) for sock in sockets]
    assert set(answers) == {200, 503}, answers  # of twelve megabytes each
    if SLOW == 1:
        assert server.resident_kib() - before < 3 * (256 << 10)
    for sock in sockets:
        sock.close()
    assert wait_until(lambda: client.post("/v1/accounts", {"fields": {"$name": "After"}}).status == 200, timeout_s=20 * SLOW)
    name = client.get(f"/v1/accounts/{account}").json["fields"]["$name"]["value"]
    assert answers[int(name.removeprefix("By "))] == 200


@pytest.mark.skipif(SLOW > 1, reason="a sanitizer tries memory through a pipe, and takes what it cannot for a fault")
def test_out_of_descriptors_it_accepts_again_once_there_are_some(fresh):
    """Over TCP and on the operator's socket, whichever had to wait."""
    server = fresh("--rate-limit", "0", "--threads", "1")
    assert Client(server).get("/healthz").status == 200
    pid, path = server.process.pid, server.socket_path()
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    for _ in range(3):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 2, limits[1]))
        waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
        for _ in range(4):
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].connect(path)
            time.sleep(0.02)
        time.sleep(0.1)
        for sock in waiting:
            sock.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        assert status(talk(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", timeout=5)) == 200
        assert Client(server).operator().get("/healthz").status == 200


def test_a_slow_reader_holds_nobody_up(victim):
    slow = socket.create_connection(("127.0.0.1", victim.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    request = head(victim, "GET /openapi.json HTTP/1.1", close=False)
    sent = 0
    try:
        for _ in range(2000):
            sent += slow.send(request)
    except BlockingIOError:
        pass
    started = time.monotonic()
    for _ in range(20):
        assert Client(victim).get("/healthz").status == 200
    assert time.monotonic() - started < 3 * SLOW
    slow.close()


def test_memory_stays_flat(victim):
    def abuse():
        client = Client(victim)
        for _ in range(15):
            client.send("POST", "/v1/accounts", body=b'{"fields":{"$name":"' + b"x" * 3_000_000 + b'"}}')
            client.send("POST", "/v1/accounts", body=b"[" * 100_000)
            talk(victim, b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000, finish=True)

    def together():
        threads = [threading.Thread(target=abuse) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together()
    before = victim.resident_kib()
    together()
    assert victim.resident_kib() < before * 1.2 + 40_000 * SLOW
