"""nginx: answers the same bytes by `return`, from one core. What HTTP itself costs; the ceiling."""

from bench.load import drive
from bench.machine import SERVER_CORE, end, free_port, pinned, start, wait_until_answers

# A parameter of nginx's configuration has 4,096 bytes at most, so a long body is set in pieces.
LONGEST_PARAMETER = 4000
ESCAPED = {"\\": "\\\\", "'": "\\'", "$": "${dollar}"}


def _pieces(body):
    """The body as quoted parameters that nginx takes."""
    pieces = [""]
    for character in body:
        quoted = ESCAPED.get(character, character)
        if len((pieces[-1] + quoted).encode()) > LONGEST_PARAMETER:
            pieces.append("")
        pieces[-1] += quoted
    return pieces


class Nginx:
    def __init__(self, directory, body, records):
        directory.mkdir()
        self.records = records  # the same requests as Plenoptic's: making them costs the load as much
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        pieces = _pieces(body)
        settings, answer = "", pieces[0]
        if len(pieces) > 1:
            settings = " ".join(f"set $piece{number} '{piece}';" for number, piece in enumerate(pieces))
            answer = "".join(f"${{piece{number}}}" for number in range(len(pieces)))
        paths = " ".join(f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (directory / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; {paths}
  geo $dollar {{ default "$"; }}
  server {{ listen 127.0.0.1:{self.port}; location / {{ default_type application/json; {settings} return 200 '{answer}'; }} }} }}
""")
        log = directory / "output.log"
        self.process = start(pinned(SERVER_CORE, "nginx", "-c", directory / "nginx.conf"), stderr=log.open("w"))
        wait_until_answers(self.url, self.process, log)

    def drive(self, scenario, seconds, connections=64, seed=1):
        return drive(self.url, "plenoptic", scenario, seconds, connections, f"Authorization: Bearer {'x' * 40}|Lightfield-Version: 2026-03-01", seed, records=self.records)

    def stop(self):
        end(self.process)
