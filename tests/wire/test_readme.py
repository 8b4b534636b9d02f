"""The README's tour, run as it stands, against the demo that its first command starts."""
import re
import subprocess

from harness.client import Client, field
from harness.server import ROOT, SLOW


def tour():
    text = (ROOT / "README.md").read_text()
    part = text[text.index("<!-- tour"):text.index("<!-- tour ends")]
    return re.findall(r"```sh\n(.*?)```", part, re.S)


def test_the_tour_works_as_written(fresh):
    server = fresh("--seed", "demo", "--rate-limit", "25")
    blocks = tour()
    assert len(blocks) == 6
    script = "set -euo pipefail\n" + "".join(f"{block}\necho '=== end'\n" for block in blocks)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60 * SLOW, env={"PATH": "/usr/bin:/bin", "URL": server.url, "KEY": server.key})
    assert done.returncode == 0, done.stderr
    first, definitions, update, filters, idempotent, wrong = done.stdout.split("=== end\n")[:6]
    assert '"totalCount":60' in first and '"fieldDefinitions"' in definitions
    deal = re.search(r'"id":"(opp_\w+)"', update).group(1)
    assert field(Client(server).retrieve("opportunities", deal), "$amount") == 75000
    assert filters.count('"totalCount":') == 2 and '"totalCount":0' not in filters
    ids = re.findall(r'"id":"(acc_\w+)"', idempotent)
    assert len(set(ids)) == 1 and "Idempotent-Replayed: true" in idempotent
    assert '"error"' in wrong and "Proposal" in wrong


def test_the_readme_starts_the_server_that_it_says():
    text = (ROOT / "README.md").read_text()
    assert "./dev run" in text.split("```")[1] and "./dev test" in text.split("```")[1]
