"""docs/migrating.md: a provider beside those that langchain-aws and Strands have of their own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from botocore.exceptions import NoCredentialsError, ProfileNotFound

import documents
import loopback
import sigv4
from bedrock import REPLY, Bedrock
from bedrock_token_generator import aio, get_token_provider
from credential_source import SECRET_KEY, SESSION_TOKEN, Source, _Handler
from examples import KEYS

MINUTES = 24 * 60
PAGE = (documents.ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def packages() -> None:
    """Not imported before they are needed: they take seconds."""
    for package in ("aws_bedrock_token_generator", "langchain_aws", "strands.models.openai"):
        pytest.importorskip(package, reason="needs the extra 'clients'")


def row(first: str) -> list[str]:
    """The numbers of a row of the page: ours, langchain-aws's, Strands'."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {first}")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def of_langchain(**arguments: str) -> Callable[[], str]:
    from langchain_aws import ChatOpenAIMantle

    model = ChatOpenAIMantle(model="m", region_name="us-east-1", **arguments)
    return model.openai_api_key


def of_strands() -> Callable[[], str]:
    from strands.models._openai_bedrock import resolve_bedrock_client_args

    config = {"region": "us-east-1"}
    return lambda: resolve_bedrock_client_args(config)["api_key"]


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> time_machine.Traveller:
    """The clock, with langchain-aws's monotonic one."""
    monkeypatch.setattr("langchain_aws.utils.time", SimpleNamespace(monotonic=lambda: time.time()))
    return clock


def test_requests_of_a_day(container: Source, moved: time_machine.Traveller) -> None:
    container.life = timedelta(hours=1)
    counts = []
    for provider in (get_token_provider(), of_langchain()):
        container.requests.clear()
        for _ in range(MINUTES):
            container.verify(provider())
            moved.shift(timedelta(minutes=1))
        counts.append(f"{container.requests.total()}")
    provider = of_strands()
    container.requests.clear()
    for _ in range(10):
        container.verify(provider())
    assert container.requests.total() == 10  # One for each: as many as there are minutes.
    assert [*counts, f"{MINUTES:,}"] == row("requests to the source in a day")


def test_the_token_of_a_role_of_a_profile(
    role_of_profile: Source, moved: time_machine.Traveller
) -> None:
    """langchain-aws asks for the credentials' end before they are there."""
    ours, theirs = get_token_provider(), of_langchain()
    begin = datetime.now(timezone.utc)
    ours()
    first = theirs()
    moved.shift(timedelta(minutes=61))
    assert theirs() == first
    assert sigv4.claims(first).end == begin + timedelta(hours=12)  # The role has ended.
    assert sigv4.claims(ours()).end == begin + timedelta(minutes=61 + 60)


class Watching(_Handler):
    """A source that answers once the event loop has gone on, or after 2 s in which it has not."""

    beat: threading.Event
    went_on: list[bool]

    def do_GET(self) -> None:
        self.beat.clear()
        self.went_on.append(self.beat.wait(2))
        super().do_GET()


async def beside(beat: threading.Event, call: Awaitable[Any]) -> None:
    """Await a call while the event loop does something else, too."""

    async def go_on() -> None:
        while True:
            beat.set()
            await asyncio.sleep(0.001)

    going_on = asyncio.create_task(go_on())
    await call
    going_on.cancel()


def test_whether_the_event_loop_goes_on(container: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_aws import ChatOpenAIMantle
    from strands.models.openai import OpenAIModel

    keys = {f"ASIASOURCE{number}": (SECRET_KEY, SESSION_TOKEN) for number in range(9)}

    async def ask(model: Any) -> None:
        message = {"role": "user", "content": [{"text": "Hello"}]}
        text = [str(event) async for event in model.stream([message])]
        assert REPLY in "".join(text)

    beat, went_on = threading.Event(), list[bool]()
    watched = {"source": container, "beat": beat, "went_on": went_on}
    handler = type("Handler", (Watching,), watched)
    with loopback.Server(handler) as source, Bedrock(KEYS, region="us-east-1") as server:
        server.keys = {each: sigv4.Keys(each, *rest) for each, rest in keys.items()}
        url = f"{server.url}/v1"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{source.url}/container")
        monkeypatch.setattr("strands.models._openai_bedrock._MANTLE_BASE_URL_TEMPLATE", url)
        arguments = {"api_key": aio.get_token_provider(), "base_url": url}
        ours = OpenAIModel(model_id="m", client_args=arguments)
        theirs = OpenAIModel(model_id="m", bedrock_mantle_config={"region": "us-east-1"})
        chain = ChatOpenAIMantle(model="m", base_url=url, region_name="us-east-1")
        for call in (ask(ours), chain.ainvoke("Hello"), ask(theirs)):
            asyncio.run(beside(beat, call))
    assert went_on == [True, True, False]


def test_a_mistyped_profile(environment: None, config: Callable[[str], Path]) -> None:
    config("[profile right]\nregion = us-east-1\n")
    assert (
        sigv4.claims(of_langchain(credentials_profile_name="wrong")()).access_key == KEYS.access_key
    )
    with pytest.raises(ProfileNotFound):
        get_token_provider(profile="wrong")()


def test_no_credentials(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in (of_langchain(), of_strands()):
        with pytest.raises(RuntimeError):
            provider()
    with pytest.raises(NoCredentialsError):
        get_token_provider(region="us-east-1")()
