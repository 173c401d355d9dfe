"""rich's tracebacks with locals, which look inside containers and cut long strings."""

from __future__ import annotations

import io
import re

import pytest

from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS

REASON = "not installed: rich (the extra `notebooks`)"
console = pytest.importorskip("rich.console", reason=REASON)
traceback = pytest.importorskip("rich.traceback", reason=REASON)


@pytest.fixture(params=[80, None], ids=["cut", "whole"])
def render(request):
    return lambda caught: rendered(caught, request.param)


def rendered(caught, max_string):
    file = io.StringIO()
    console.Console(file=file, width=1000).print(
        traceback.Traceback.from_exception(
            caught.type, caught.value, caught.tb, show_locals=True, locals_max_string=max_string
        )
    )
    return file.getvalue()


def test_an_error_around_our_calls(credentials, render):
    def work():
        provider = get_token_provider(credentials=credentials, region="us-east-1")
        token = provider()
        headers = {"Authorization": [token]}
        raise LookupError(str(headers))

    with pytest.raises(LookupError) as caught:
        work()
    shown = render(caught)
    assert "<TokenProvider credentials=" in shown
    without_secrets(shown)


def test_an_error_inside_our_calls(credentials, render):
    credentials.secret_key += "\n"
    with pytest.raises(ValueError, match="secret_key of credentials") as caught:
        get_token(credentials=credentials, region="us-east-1")
    shown = render(caught)
    assert "fault = ValueError" in shown
    without_secrets(shown)


def without_secrets(shown):
    for secret in (KEYS.secret_key, KEYS.token):
        assert secret not in shown
    assert not re.search("bedrock-api-key-[A-Za-z0-9+/=]{65}", shown)
