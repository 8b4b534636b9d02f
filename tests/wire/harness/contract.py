"""Checks answers against the published contracts, where they stand beside the project (`../shared/spec`)."""
import json
import re
from pathlib import Path

import jsonschema
import pytest

SPEC = Path(__file__).resolve().parents[4] / "shared" / "spec"
AVAILABLE = (SPEC / "contract-2026-10.json").exists()
needs_contract = pytest.mark.skipif(not AVAILABLE, reason="NOT TESTED: the published contract, ../shared/spec is not there; of answers only the envelope is checked")
TYPES = {400: {"bad_request"}, 401: {"unauthorized"}, 403: {"forbidden"}, 404: {"not_found"}, 408: {"bad_request"}, 409: {"conflict", "idempotency_conflict"},
         413: {"bad_request"}, 414: {"bad_request"}, 415: {"unsupported_media_type"}, 422: {"unprocessable_content"}, 429: {"too_many_requests"}, 431: {"bad_request"},
         500: {"internal_server_error"}, 501: {"bad_request"}, 503: {"service_unavailable"}, 505: {"bad_request"}}
# What October added to July's closed shapes, and July's loosely typed corners.
ADDED_SINCE_JULY = re.compile(r"'(directions|\$user|slug|system|parentId|parentFieldKey|readOnly)'")


def path_pattern(path):
    return re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + "$")


class Contract:
    def __init__(self):
        self.october, self.july, self.operations = [], [], {}
        if not AVAILABLE:
            return
        document = json.loads((SPEC / "contract-2026-10.json").read_text())
        self.operations = {operation["id"]: operation for operation in document["operations"]}
        for operation in document["operations"]:
            schema = {"$defs": document["$defs"], **(operation["response"] or {})}
            self.october.append((operation["method"], path_pattern(operation["path"]), operation["path"], jsonschema.Draft202012Validator(schema)))
        july = json.loads((SPEC / "openapi-2026-07.json").read_text())
        for path, methods in july["paths"].items():
            for method, operation in methods.items():
                if method not in ("get", "post", "delete"):
                    continue
                schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema")
                if schema:
                    validator = jsonschema.Draft202012Validator({"components": july["components"], **schema})
                    self.july.append((method.upper(), path_pattern(path), path, validator))
        # Literal segments win.
        for rows in (self.october, self.july):
            rows.sort(key=lambda row: row[2].count("{"))

    @staticmethod
    def find(rows, method, path):
        for row_method, pattern, template, validator in rows:
            if row_method == method and pattern.match(path):
                return template, validator
        return None, None

    def check(self, method, path, status, headers, body):
        assert headers.get("request-id"), f"{method} {path}: no Request-Id"
        if status >= 400:
            return self.check_error(method, path, status, body)
        template, october = self.find(self.october, method, path)
        july_template, july = self.find(self.july, method, path)
        # July's `/v1/notes/{id}` is not October's `/v1/notes/definitions`.
        same = template and july_template and re.sub(r"{[^}]*}", "", template) == re.sub(r"{[^}]*}", "", july_template)
        for name, validator in (("October", october), ("July", july if same else None)):
            if not validator:
                continue
            problems = [error for error in validator.iter_errors(body) if not (name == "July" and tolerated(error))]
            assert not problems, f"{method} {path}: the answer breaks the contract of {name}: {problems[0].message[:400]} at {list(problems[0].path)}"

    @staticmethod
    def check_error(method, path, status, body):
        assert isinstance(body, dict) and set(body) == {"error"}, f"{method} {path}: {body}"
        error = body["error"]
        assert error["type"] in TYPES[status], error
        assert isinstance(error["message"], str) and error["message"], error
        assert set(error) <= {"type", "message", "code", "param"}, error
        if status == 400:
            assert error.get("code"), error
        for leak in ("SELECT *", "sqlite", "/work/", "std::"):
            assert leak not in error["message"], error


def tolerated(error):
    if error.context:
        return any(tolerated(inner) for inner in error.context)
    return bool(ADDED_SINCE_JULY.search(error.message)) and error.validator in ("additionalProperties", "unevaluatedProperties")
