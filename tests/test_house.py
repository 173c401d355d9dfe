"""What keeps the repository sound: whose warnings count, and what the pages may say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from importlib.metadata import requires

import pytest

import bedrock_token_generator
import documents

TESTS = documents.ROOT / "tests"
# The benchmarks are a program of their own, and only type checkers read what is in typing/.
MODULES = {
    path.stem for path in TESTS.rglob("*.py") if path.parent.name not in ("benchmarks", "typing")
}


def warn(
    filename: str, *module: str, warning: str | Warning = "made up"
) -> list[warnings.WarningMessage]:
    """Lay a warning to a module, or to a file alone, as the compiler does."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.warn_explicit(warning, DeprecationWarning, filename, 1, *module)
    return shown


@pytest.mark.parametrize(
    "module", ["bedrock_token_generator", "bedrock_token_generator.aio", *sorted(MODULES)]
)
def test_a_warning_of_ours_is_an_error(module):
    with pytest.raises(DeprecationWarning):
        warn("made_up.py", module)


@pytest.mark.parametrize("path", [__file__, bedrock_token_generator.__file__])
def test_a_warning_of_our_compiled_code_is_an_error(path):
    with pytest.raises(DeprecationWarning):
        warn(path)


def test_a_warning_aimed_at_the_caller_is_an_error():
    """As those of botocore: its stacklevel lays the warning to us."""
    others = {"__name__": "of_others", "warnings": warnings}
    exec("def call(): warnings.warn('made up', DeprecationWarning, stacklevel=2)", others)
    with pytest.raises(DeprecationWarning):
        others["call"]()


def test_a_warning_in_a_block_of_a_page_is_an_error():
    with pytest.raises(DeprecationWarning):
        exec("import warnings\nwarnings.warn('made up', DeprecationWarning)", {})


@pytest.mark.parametrize(
    "warning",
    [
        ResourceWarning("unclosed <socket>"),
        RuntimeWarning("coroutine 'made_up' was never awaited"),
        pytest.PytestUnhandledThreadExceptionWarning("made up"),
        pytest.PytestUnraisableExceptionWarning("made up"),
    ],
    ids=lambda warning: type(warning).__name__,
)
def test_a_warning_that_is_laid_to_whatever_runs_is_an_error(warning):
    with pytest.raises(type(warning)):
        warn("of_others.py", "of_others", warning=warning)


@pytest.mark.parametrize(
    "laid_to",
    [
        ("plugin.py", "langsmith.pytest_plugin"),
        ("plugin.py", "bedrock_token_generator_plugin"),
        ("test_of_others.py", "of_others.test_of_others"),
        ("/src/bedrock_token_generator/tests/.venv/site-packages/of_others/tests/it.py",),
    ],
)
def test_a_warning_of_others_is_shown_and_no_error(laid_to):
    assert [str(each.message) for each in warn(*laid_to)] == ["made up"]


def test_a_plugin_that_warns_when_it_is_loaded_stops_nothing(tmp_path):
    (tmp_path / "of_others.py").write_text(
        "import warnings\nwarnings.warn('made up', DeprecationWarning)\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "of_others", "--collect-only", "-q", __file__],
        cwd=documents.ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "DeprecationWarning: made up" in run.stdout


def test_every_requirement_is_pinned():
    """docs/contributing.md has the command that renews the pins."""
    pins = (TESTS / "constraints.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==", pins, flags=re.M))
    required = {re.match(r"[\w.-]+", each)[0] for each in requires("bedrock_token_generator")}
    assert required - {"bedrock_token_generator"} <= pinned
    assert "://" not in pins  # Whoever installs chooses the index.


def test_no_page_installs_the_package_by_its_name():
    """On an index the name belongs to nobody yet; a clone is installed by its path."""
    pages = [documents.ROOT / "README.md", *(documents.ROOT / "docs").rglob("*.md")]
    pages += (documents.ROOT / "docs").rglob("*.ipynb")
    by_name = r"(?:install|add|uvx)\b[^\n&;|]*[\s'\"`]bedrock[-_]token[-_]generator\b"
    found = {
        page.name: match[0]
        for page in pages
        for match in re.finditer(by_name, page.read_text(encoding="utf-8"))
    }
    assert found == {}


def test_the_pages_for_the_host_point_to_pages_that_exist():
    """``.github`` is not in the sdist."""
    for page in (documents.ROOT / ".github").glob("*.md"):
        (target,) = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
        assert (page.parent / target).exists()


def test_no_key_looks_like_a_live_one():
    """Scanners know AWS's examples by their end."""
    for path in documents.ROOT.glob("[dst]*/**/*"):
        if path.suffix in (".ipynb", ".json", ".md", ".mjs", ".py"):
            keys = re.findall(r"\bA[KS]IA[A-Z2-7]{16}\b", path.read_text(encoding="utf-8"))
            assert [key for key in keys if not key.endswith("EXAMPLE")] == [], path
