"""What the clients log of a token when every logger is at DEBUG. docs/security.md relies on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Set
from typing import Any

import pytest

from bedrock import Bedrock
from test_clients_page import PATHS

# The loggers that write the whole token.
LOGGERS: dict[str, Set[str]] = {
    **dict.fromkeys(PATHS, frozenset()),
    "boto3": {"botocore.endpoint"},
    "aiobotocore": {"botocore.endpoint"},
}


@pytest.fixture
def records(log_records: list[str]) -> Iterator[list[logging.LogRecord]]:
    """All records of all loggers, those too that do not propagate."""
    records = []
    make = logging.getLogRecordFactory()

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        records.append(make(*args, **kwargs))
        return records[-1]

    logging.setLogRecordFactory(factory)
    yield records
    logging.setLogRecordFactory(make)


@pytest.mark.parametrize("heading", LOGGERS)
def test_loggers_that_write_the_token(
    heading: str,
    recipe: Callable[..., dict[str, Any]],
    server: Bedrock,
    records: list[logging.LogRecord],
) -> None:
    recipe(heading)
    found = {
        record.name
        for record in records
        for request in server.requests
        # Its beginning says nothing but "bedrock.amazonaws.com/?Action=".
        if request.token[60:120] in record.getMessage()
    }
    assert found == LOGGERS[heading]
    assert records
