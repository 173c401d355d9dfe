"""Each recipe of docs/clients.md, as it stands there, and what it does when a token ends."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.request import HTTPRedirectHandler

import pytest
import time_machine

import documents
from bedrock import REPLY, Bedrock
from bedrock_token_generator import aio, get_token_provider
from examples import KEYS

Names = dict[str, Any]
Recipe = Callable[..., Names]

MESSAGES = [{"role": "user", "content": "Hello"}]
CHAT = "/openai/v1/chat/completions"
RESPONSES = "/openai/v1/responses"
HAIKU = "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0"
# Longer than any token lives.
LATER = timedelta(hours=13)

# What each recipe asks of Bedrock.
PATHS = {
    "OpenAI client": [CHAT],
    "AsyncOpenAI client": [CHAT],
    "Bedrock provider": [RESPONSES] * 2,
    "BedrockOpenAI client": [RESPONSES] * 2,
    "AnthropicBedrock": [f"{HAIKU}/invoke"],
    "AnthropicBedrockMantle": ["/anthropic/v1/messages"],
    "boto3": [f"{HAIKU}/converse"],
    "LangChain": [CHAT] * 2,
    "LiteLLM": [f"{HAIKU}/converse"],
    "Pydantic AI": [CHAT],
    "Strands Agents": [CHAT],
    "httpx": [CHAT] * 2,
    "requests": [CHAT],
    "urllib": [CHAT],
}
RENEWALS = {"When the key of a client ends", "When the key of a boto3 client ends"}


def chat(names: Names) -> object:
    return names["client"].chat.completions.create(model="m", messages=MESSAGES)


def respond(names: Names) -> object:
    return names["client"].responses.create(model="m", input="Hello")


def message(names: Names) -> object:
    return names["client"].messages.create(model="m", max_tokens=9, messages=MESSAGES)


def converse(names: Names) -> object:
    content = [{"role": "user", "content": [{"text": "Hello"}]}]
    return names["client"].converse(modelId="m", messages=content)


def tokens(server: Bedrock) -> set[str]:
    """The tokens that it took, which are all that it got."""
    assert all(request.claims for request in server.requests)
    return {request.token for request in server.requests}


def test_every_block_of_the_page_is_run() -> None:
    assert documents.blocks("docs/clients.md").keys() == {*PATHS, *RENEWALS, "Plain HTTP"}


@pytest.mark.parametrize("heading", PATHS)
def test_recipe(
    heading: str, recipe: Recipe, server: Bedrock, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe(heading)
    assert capsys.readouterr().out.split() == REPLY.split() * len(PATHS[heading])
    assert [request.path for request in server.requests] == PATHS[heading]
    for request in server.requests:
        assert request.claims is not None
        assert request.claims.access_key == KEYS.access_key


def post(names: Names) -> object:
    module = names.get("httpx") or names["requests"]
    return module.post(names["url"], json=names["body"], auth=names["BedrockAuth"]())


@pytest.mark.parametrize(
    ("heading", "again"),
    [
        ("OpenAI client", chat),
        ("LangChain", lambda names: names["model"].invoke("Hello")),
        ("LangChain", lambda names: asyncio.run(names["model"].ainvoke("Hello"))),
        ("Pydantic AI", lambda names: asyncio.run(names["Agent"](names["model"]).run("Hello"))),
        ("Strands Agents", lambda names: names["agent"]("Hello")),
        ("httpx", post),
        ("requests", post),
    ],
)
def test_a_client_that_takes_a_provider_outlives_its_first_token(
    heading: str,
    again: Callable[[Names], object],
    recipe: Recipe,
    server: Bedrock,
    clock: time_machine.Traveller,
) -> None:
    names = recipe(heading)
    assert len(tokens(server)) == 1
    clock.shift(LATER)
    again(names)
    assert len(tokens(server)) == 2


def openai_clients() -> list[Any]:
    from openai import AsyncBedrockOpenAI, AsyncOpenAI, BedrockOpenAI, OpenAI
    from openai.providers import bedrock

    return [
        OpenAI(api_key=get_token_provider()),
        OpenAI(provider=bedrock(token_provider=get_token_provider())),
        BedrockOpenAI(bedrock_token_provider=get_token_provider()),
        AsyncOpenAI(api_key=aio.get_token_provider()),
        AsyncOpenAI(provider=bedrock(token_provider=aio.get_token_provider())),
        AsyncBedrockOpenAI(bedrock_token_provider=aio.get_token_provider()),
    ]


def test_every_openai_client_sends_the_token_of_the_moment(
    server: Bedrock, clock: time_machine.Traveller
) -> None:
    async def ask(client: Any) -> None:
        answer = client.responses.create(model="m", input="Hello")
        answer = await answer if inspect.isawaitable(answer) else answer
        assert answer.output_text == REPLY

    async def ask_twice() -> None:
        for client in openai_clients():
            await ask(client)
            clock.shift(LATER)
            await ask(client)

    asyncio.run(ask_twice())
    # Each client begins in the second in which the one before it ended.
    assert len(tokens(server)) == len(openai_clients()) + 1


@pytest.mark.parametrize(
    ("heading", "again"),
    [
        ("AnthropicBedrock", message),
        ("AnthropicBedrockMantle", message),
        ("boto3", converse),
    ],
)
def test_a_client_that_takes_a_string_is_renewed_at_its_end(
    heading: str,
    again: Callable[[Names], object],
    recipe: Recipe,
    server: Bedrock,
    clock: time_machine.Traveller,
) -> None:
    import anthropic
    from botocore.exceptions import ClientError

    names = recipe(heading)
    renewal = f"When the key of a {'boto3 ' * (heading == 'boto3')}client ends"
    clock.shift(timedelta(hours=11))
    names = recipe(renewal, **names)
    again(names)
    assert len(tokens(server)) == 1

    clock.shift(timedelta(hours=1))
    with pytest.raises((anthropic.PermissionDeniedError, ClientError), match=r"403|AccessDenied"):
        again(names)
    assert server.requests.pop().claims is None

    names = recipe(renewal, **names)
    again(names)
    assert len(tokens(server)) == 2


def test_boto3_keeps_the_key_it_was_made_with(
    recipe: Recipe,
    server: Bedrock,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = recipe("boto3")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "another")
    converse(names)
    assert tokens(server) == {names["token"]}


def test_boto3_sends_no_token_without_tls(server: Bedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from botocore.exceptions import InvalidEndpointConfigurationError

    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    url = server.url.replace("https", "http")
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=url)
    with pytest.raises(InvalidEndpointConfigurationError, match="HTTPS"):
        converse({"client": client})
    assert server.requests == []


def test_litellm_takes_a_new_token_with_each_call(
    recipe: Recipe, server: Bedrock, clock: time_machine.Traveller
) -> None:
    names = recipe("LiteLLM")
    clock.shift(LATER)
    arguments = {"model": "bedrock/anthropic.claude", "messages": MESSAGES}

    async def ask() -> None:
        provider = aio.get_token_provider()
        await names["litellm"].acompletion(**arguments, api_key=await provider())

    asyncio.run(ask())
    clock.shift(LATER)
    names["litellm"].completion(**arguments, api_key=names["provider"]())
    assert len(tokens(server)) == 3


def test_langchain_does_not_recognise_the_asynchronous_provider(server: Bedrock) -> None:
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="m", api_key=aio.get_token_provider())
    with pytest.raises(Exception, match="403"):
        asyncio.run(model.ainvoke("Hello"))
    assert server.requests[0].token.startswith("<coroutine")
    model.root_async_client.api_key.close()  # Or it warns that it was never awaited.


def stream_chat(client: Any) -> str:
    chunks = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def stream_response(client: Any) -> str:
    with client.responses.stream(model="m", input="Hello") as stream:
        return stream.get_final_response().output_text


def stream_message(client: Any) -> str:
    with client.messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream:
        return stream.get_final_text()


def stream_converse(client: Any) -> str:
    content = [{"role": "user", "content": [{"text": "Hello"}]}]
    events = client.converse_stream(modelId="m", messages=content)["stream"]
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    return "".join(each["delta"]["text"] for each in deltas)


@pytest.mark.parametrize(
    ("heading", "stream"),
    [
        ("OpenAI client", stream_chat),
        ("OpenAI client", stream_response),
        ("AnthropicBedrock", stream_message),
        ("AnthropicBedrockMantle", stream_message),
        ("boto3", stream_converse),
    ],
)
def test_the_client_of_a_recipe_streams(
    heading: str, stream: Callable[[Any], str], recipe: Recipe, server: Bedrock
) -> None:
    assert stream(recipe(heading)["client"]) == REPLY
    assert len(server.requests) == 2
    assert tokens(server)


def test_urllib_leaves_the_token_behind_in_a_redirect(recipe: Recipe) -> None:
    request = recipe("urllib")["request"]
    request.add_header("X-Other", "goes along")
    elsewhere = HTTPRedirectHandler().redirect_request(
        request, None, 302, "Found", {}, "https://elsewhere.example/"
    )
    assert dict(elsewhere.header_items()) == {"X-other": "goes along"}


def test_clients_find_the_endpoint_by_the_region(
    server: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    from anthropic import AnthropicBedrock, AnthropicBedrockMantle
    from openai import OpenAI
    from openai.providers import bedrock

    for name in os.environ:
        if os.environ[name].startswith(server.url):
            monkeypatch.delenv(name)
    provider = get_token_provider()
    endpoints = [
        OpenAI(provider=bedrock(token_provider=provider)).base_url,
        OpenAI(provider=bedrock(token_provider=provider, endpoint="runtime")).base_url,
        AnthropicBedrock(api_key=provider()).base_url,
        AnthropicBedrockMantle(api_key=provider()).base_url,
        boto3.client("bedrock-runtime", region_name="us-east-1").meta.endpoint_url,
    ]
    assert [str(each).rstrip("/") for each in endpoints] == [
        "https://bedrock-mantle.us-east-1.api.aws/openai/v1",
        "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "https://bedrock-mantle.us-east-1.api.aws/anthropic",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
    ]
