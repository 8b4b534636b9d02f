"""The house's rules, read from the sources: which way includes go, how long things are, what may not stand in a file."""
import re

import pytest

from tree import FILES, ROOT

SOURCES = [path for path in FILES if path.suffix in (".cpp", ".h")]
SRC = ROOT / "src"

# What each folder may include besides itself. `http/message.h` alone is open to the API: it is the seam, without Boost.
MAY_INCLUDE = {
    "base": set(),
    "model": {"base"},
    "http": {"base"},
    "storage": {"base", "model"},
    "index": {"base", "model"},
    "services": {"base", "model", "storage", "index"},
    "api": {"base", "model", "storage", "index", "services", "http/message.h"},
    "cli": {"base", "plenoptic"},
    "server": {"base", "model", "storage", "index", "services", "api", "http", "cli"},
}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_LINE = 280


def relative(path):
    return str(path.relative_to(ROOT))


def folder_of(path):
    return path.relative_to(SRC).parts[0]


def own_includes(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.is_relative_to(SRC)], ids=relative)
def test_includes_follow_the_arrows(path):
    folder = folder_of(path)
    allowed = MAY_INCLUDE[folder] | {folder}
    for include in own_includes(path):
        assert include.split("/")[0] in allowed or include in allowed, f"{relative(path)} includes {include}; src/{folder} may include {sorted(allowed)}"


def test_every_folder_has_its_line():
    assert {folder_of(path) for path in SOURCES if path.is_relative_to(SRC) and len(path.relative_to(SRC).parts) > 1} == set(MAY_INCLUDE)


def test_the_client_library_stands_alone():
    for path in SOURCES:
        if path.is_relative_to(ROOT / "sdk"):
            for include in own_includes(path):
                assert include.startswith(("plenoptic/", "base/")) or (path.parent / include).exists() or (ROOT / "sdk/cpp" / include).exists(), f"{relative(path)} includes {include}"
                assert include == "base/json.h" or not (include.startswith("base/") and path.is_relative_to(ROOT / "sdk/cpp/include")), f"the public header {relative(path)} shows {include}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_stay_short(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST_FILE, f"{relative(path)} has {len(lines)} lines; split it"
    for number, line in enumerate(lines, 1):
        assert len(line) <= LONGEST_LINE, f"{relative(path)}:{number} is {len(line)} long"


def functions(text):
    """(line, length) of each function body: a line that ends in `{` at the depth of a namespace or class, by indentation."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        opened = re.match(r"^( {0,2})\S.*\)[^;=]*\{$", line)
        if not opened or re.match(r"^\s*(if|for|while|switch|else|do|try|namespace|class|struct|enum)\b", line):
            continue
        end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith(opened.group(1) + "}")), len(lines))
        yield start + 1, end - start + 1


@pytest.mark.parametrize("path", [path for path in SOURCES if not path.name.endswith("_test.cpp")], ids=relative)
def test_functions_stay_short(path):
    for line, length in functions(path.read_text()):
        assert length <= LONGEST_FUNCTION, f"{relative(path)}:{line} is a function of {length} lines"


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix in (".cpp", ".h", ".py", ".cmake", ".txt", ".lua", ".md") or path.name == "dev"], ids=relative)
def test_nothing_is_left_for_later(path):
    marks = re.compile(r"(//|#|--|<!--).*\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert not marks.search(line), f"{relative(path)}:{number}: {line.strip()}"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".h"], ids=relative)
def test_a_header_opens_with_its_contract(path):
    assert path.read_text().startswith("//"), f"{relative(path)}: say first what it is for"


def test_boosts_heavy_headers_stay_in_http():
    for path in SOURCES:
        if re.search(r"#include <boost/(beast|asio)", path.read_text()):
            assert path.is_relative_to(SRC / "http"), relative(path)


def test_nothing_a_user_runs_needs_the_shared_folder():
    for path in FILES:
        if path.suffix in (".cpp", ".h", ".cmake", ".sh") or path.name in ("dev", "CMakeLists.txt"):
            assert "../shared" not in path.read_text(), relative(path)
