"""The documents say what is so: links lead somewhere, every dependency has its reason, the README begins with the two commands."""
import json
import re
import sys

import pytest

from tree import FILES, ROOT

sys.path.insert(0, str(ROOT))
from bench.report import best_of_peer  # noqa: E402

DOCUMENTS = [path for path in FILES if path.suffix == ".md"]


def relative(path):
    return str(path.relative_to(ROOT))


def packages_of(list_name):
    script = (ROOT / "dev").read_text()
    return re.search(list_name + r"=\(([^)]*)\)", script).group(1).split()


def test_the_readme_begins_with_the_two_commands():
    code = re.search(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    commands = [line.split("#")[0].strip() for line in code.strip().splitlines()]
    assert commands[-2:] == ["./dev run", "./dev test"]


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/life-of-a-request.md", ".clang-format", ".clang-tidy",
                                  "CMakePresets.json"])
def test_what_every_project_has_is_there(name):
    assert (ROOT / name).stat().st_size > 100


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{relative(path)} links to {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_files_named_in_documents_exist(path):
    for target in re.findall(r"`((?:src|sdk|tests|bench|docs|cmake)/[\w./-]+\.\w+)`", path.read_text()):
        assert (ROOT / target).exists(), f"{relative(path)} names {target}"


@pytest.mark.parametrize("package", packages_of("BUILD_PACKAGES") + packages_of("TEST_PACKAGES") + packages_of("CHECK_PACKAGES") + packages_of("BENCH_PACKAGES"))
def test_every_dependency_has_its_reason(package):
    assert re.search(r"`" + re.escape(package) + r"`", (ROOT / "docs/decisions/dependencies.md").read_text()), f"docs/decisions/dependencies.md does not name {package}"


def test_every_folder_says_what_it_is():
    for folder in sorted((ROOT / "src").iterdir()):
        if folder.is_dir():
            assert (folder / "README.md").exists(), f"src/{folder.name} has no README.md"


def test_every_setting_is_documented():
    declared = re.findall(r'"--([a-z-]+)"', (ROOT / "src/server/run.cpp").read_text())
    documented = (ROOT / "docs/settings.md").read_text()
    for name in declared:
        assert f"--{name}" in documented, f"docs/settings.md does not explain --{name}"


def test_the_readme_shows_what_was_measured_last():
    measured = json.loads((ROOT / "bench/results/beside-peers/latest.json").read_text())["beside_peers"]
    rows = []
    for scenario in ("retrieve", "update", "create", "list", "contains"):
        results = measured["scenarios"][scenario]
        rates = [results["Plenoptic"]["rate"]] + [best_of_peer(scenario, results, peer)[1]["rate"] for peer in ("PocketBase", "Directus")]
        rows.append([f"{rate:,.0f}" for rate in rates])
    table = re.search(r"\| a second \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", (ROOT / "README.md").read_text()).group(1)
    assert [[cell.strip() for cell in line.strip("|\n").split("|")][1:] for line in table.strip().splitlines()] == rows
