"""Notebooks: the quickstart runs, and no cell that ends in a token saves it in the file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sigv4
from bedrock import REPLY, Bedrock
from examples import KEYS

REASON = "not installed: nbclient (the extra `notebooks`)"
nbformat = pytest.importorskip("nbformat", reason=REASON)
nbclient = pytest.importorskip("nbclient", reason=REASON)

QUICKSTART = Path(__file__).parents[2] / "docs" / "notebooks" / "quickstart.ipynb"

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture(autouse=True)
def server(monkeypatch):
    with Bedrock(KEYS, region="us-east-1") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        yield server


def execute(*cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()


def outputs(notebook):
    return [
        output.get("text") or output.get("data", {}).get("text/plain") or str(output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]


def secrets_in(notebook):
    """The secrets found in a notebook, whatever the MIME type, escaping and line breaks."""
    text = re.sub(r"\s|\\n|\\", "", json.dumps(notebook))
    secrets = [KEYS.secret_key, KEYS.token, sigv4.uri_encode(KEYS.token)]
    found = [secret for secret in secrets if secret in text]
    # The text of a token starts with the public part of the URL; more than that is a secret.
    found += re.findall(r"bedrock-api-key-[A-Za-z0-9+/=]{64,}", text)
    found += re.findall(r"[0-9a-f]{64}", text)
    return found


def test_the_quickstart_is_small_and_saved_without_outputs():
    assert QUICKSTART.stat().st_size < 5_000
    notebook = nbformat.read(QUICKSTART, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_quickstart_runs_and_saves_no_secret(server):
    notebook = nbformat.read(QUICKSTART, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    answer, token, awaited = outputs(notebook)
    assert answer == REPLY + "\n"
    for shown in (token, awaited):
        assert re.fullmatch(r"<Token expires_at=\S+ region='us-east-1'>", shown)
    (request,) = server.requests
    assert request.claims.access_key == KEYS.access_key
    assert secrets_in(notebook) == []


SET_UP = """\
import dataclasses, pandas
from bedrock_token_generator import aio, get_token, get_token_provider

provider = get_token_provider()
token = provider()

@dataclasses.dataclass
class Settings:
    key: str
    provider: object
"""
LAST_LINES = [
    "get_token()",
    "token",
    "provider",
    "provider()",
    "get_token_provider()",
    "{'key': token, token: 1}",
    "[token, (token,), {token}]",
    "vars(Settings(token, provider))",
    "Settings(token, provider)",
    "pandas.DataFrame({'key': [token], 'provider': [provider]})",
    "pandas.Series([token])",
    "await aio.get_token()",
    "aio.get_token_provider()",
    "await aio.get_token_provider()()",
    "raise LookupError([token])",
    "%xmode Verbose\nsettings = Settings(token, provider)\nraise LookupError([token])",
    "import rich.pretty\nrich.pretty.install()\n[token, Settings(token, provider)]",
]


def test_cells_that_end_in_a_token_save_no_secret():
    cells = [SET_UP, *LAST_LINES]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", allow_errors=True, force_raise_errors=False
    )
    client.execute()
    for cell in notebook.cells[1:]:
        assert cell.outputs, cell.source
        assert secrets_in(cell.outputs) == [], cell.source
    assert secrets_in(notebook) == []


def test_print_still_gives_the_token():
    """Which shows, too, that a saved token would be found."""
    notebook = execute("from bedrock_token_generator import get_token\nprint(get_token())")
    (printed,) = outputs(notebook)
    claims = sigv4.claims(printed.strip())
    sigv4.verify(printed.strip(), KEYS, region="us-east-1", now=claims.date)
    assert secrets_in(notebook)


def test_running_a_cell_again_takes_the_new_credentials():
    cell = "print(get_token())"
    notebook = execute(
        "import os\nfrom bedrock_token_generator import get_token",
        cell,
        "os.environ.update(AWS_ACCESS_KEY_ID='AKIAOTHER', AWS_REGION='eu-west-1')",
        cell,
    )
    before, after = (sigv4.claims(output.strip()) for output in outputs(notebook))
    assert (before.access_key, before.region) == (KEYS.access_key, "us-east-1")
    assert (after.access_key, after.region) == ("AKIAOTHER", "eu-west-1")
