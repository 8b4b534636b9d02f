"""Last: which answers the scenarios of this run have seen, operation by operation."""
import json
import re
import subprocess
from pathlib import Path

import pytest
from harness.client import SEEN
from harness.server import BINARY

ROWS = json.loads(subprocess.run([str(BINARY), "operations", "--json"], capture_output=True, text=True, check=True).stdout)


def pattern(path):
    return re.compile("^" + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$")


def seen(row):
    """Statuses of the operation; a literal path wins over a parameter."""
    literal = {other["path"] for other in ROWS if "{" not in other["path"]}
    return {status for method, path, status in SEEN if method == row["method"] and pattern(row["path"]).match(path) and (path == row["path"] or path not in literal)}


def expected(row):
    if row["open"]:
        return {200}
    statuses = {200, 401}
    if row["scopes"] or row["admin"]:
        statuses.add(403)
    if "{id}" in row["path"] or "{listId}" in row["path"] or "{key}" in row["path"] or "{field}" in row["path"]:
        statuses.add(404)
    if row["rate"] in ("Search", "Write") or "{fieldKey}" in row["path"]:
        statuses.add(400)
    return statuses


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_scenarios_have_seen(request, row):
    collected = {Path(str(item.fspath)).name for item in request.session.items}
    if not {path.name for path in Path(__file__).parent.glob("test_*.py") if "foreign" not in path.name and "cpp_sdk" not in path.name} <= collected:
        pytest.skip("only a part of the scenarios runs")
    assert expected(row) <= seen(row), f"{row['id']} was answered with {sorted(seen(row))} only"
