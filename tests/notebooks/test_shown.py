"""Where a key is shown though ``repr(token)`` shows none. docs/security.md says so."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import documents
from bedrock_token_generator import Token, get_token


@pytest.fixture
def token(environment: None) -> Token:
    return get_token()


def shown(token: Token, value: object) -> bool:
    return token[60:120] in repr(value)


def test_a_string_field_of_pydantic(token: Token) -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")

    class Settings(pydantic.BaseModel):
        key: str
        hidden: pydantic.SecretStr

    settings = Settings(key=token, hidden=token)
    assert shown(token, settings)
    assert not shown(token, settings.hidden)


def test_a_numpy_array(token: Token) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    assert shown(token, numpy.array([token]))
    assert not shown(token, numpy.array([token], dtype=object))


def test_a_cell_taken_out_of_a_pandas_frame(token: Token) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"key": [token]})
    assert not shown(token, frame)
    assert shown(token, frame["key"].str.strip()[0])
    # Without pyarrow, the cell is the token itself.
    assert shown(token, frame.loc[0, "key"]) == bool(find_spec("pyarrow"))
    assert not shown(token, pandas.DataFrame({"key": [token]}, dtype=object).loc[0, "key"])


@pytest.mark.parametrize("option", ["-v", "-vv"])
def test_pytest_where_it_compares_strings(option: str, token: Token, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from bedrock_token_generator import get_token\n"
        "def test_it():\n"
        "    token = get_token()\n"
        "    assert token == 'another'\n"
    )

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", option, "test_it.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed" in run.stdout
    assert token[60:120] in run.stdout


def test_the_page_names_them() -> None:
    page = (documents.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for name in ("pydantic", "numpy", "pandas", "pytest"):
        assert name in page
