"""Each recipe of docs/clients.md, as it stands there, and what it does when a token ends."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import pytest
import time_machine

import documents
import loopback
from bedrock import REPLY, Bedrock
from bedrock_token_generator import aio, get_token_provider
from examples import KEYS
from sigv4 import Keys

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
    "AsyncAnthropicBedrock": [f"{HAIKU}/invoke"],
    "AnthropicBedrockMantle": ["/anthropic/v1/messages"],
    "AsyncAnthropicBedrockMantle": ["/anthropic/v1/messages"],
    "boto3": [f"{HAIKU}/converse"],
    "aiobotocore": [f"{HAIKU}/converse"],
    "ChatOpenAI": [CHAT] * 2,
    "ChatOpenAI with asyncio alone": [CHAT],
    "ChatOpenAIMantle": [CHAT] * 2,
    "LiteLLM": [f"{HAIKU}/converse"],
    "LiteLLM Router": [f"{HAIKU}/converse"],
    "Pydantic AI": [CHAT],
    "Strands Agents": [CHAT],
    "In place of bedrock_mantle_config": [RESPONSES],
    "OpenAI Agents SDK": [CHAT],
    "LlamaIndex": [CHAT] * 2,
    "Instructor": [CHAT],
    "httpx": [CHAT] * 2,
    "httpx2": [CHAT],
    "aiohttp": [CHAT],
    "requests": [CHAT],
    "urllib": [CHAT],
}
TENANTS = ["A client for each tenant", "One client for all tenants"]


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
    assert documents.blocks("docs/clients.md").keys() == {*PATHS, *TENANTS, "Plain HTTP"}


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


def awaited(function: Callable[[Names], Any]) -> Callable[[Names], object]:
    async def wait(names: Names) -> object:
        return await function(names)

    return lambda names: asyncio.run(wait(names))


def post(names: Names) -> object:
    module = names.get("httpx") or names.get("httpx2") or names["requests"]
    return module.post(names["url"], json=names["body"], auth=names["BedrockAuth"]())


async def async_post(names: Names) -> None:
    async with names["httpx"].AsyncClient(auth=names["AsyncBedrockAuth"]()) as client:
        await client.post(names["url"], json=names["body"])


async def aiohttp_post(names: Names) -> None:
    session = names["aiohttp"].ClientSession(middlewares=[names["BedrockAuth"]()])
    async with session, session.post(names["url"], json=names["body"]):
        pass


async def aiobotocore_converse(names: Names) -> None:
    config = names["Config"](auth_scheme_preference="httpBearerAuth")
    async with names["session"].create_client(
        "bedrock-runtime", region_name="us-east-1", config=config
    ) as client:
        await converse({"client": client})


def extract(names: Names) -> object:
    return names["client"].chat.completions.create(
        model="m", messages=MESSAGES, response_model=names["Greeting"]
    )


AGAIN: list[tuple[str, Callable[[Names], object]]] = [
    ("OpenAI client", chat),
    ("AnthropicBedrock", message),
    ("AsyncAnthropicBedrock", awaited(message)),
    ("AnthropicBedrockMantle", message),
    ("AsyncAnthropicBedrockMantle", awaited(message)),
    ("boto3", converse),
    ("aiobotocore", awaited(aiobotocore_converse)),
    ("ChatOpenAI", lambda names: names["model"].invoke("Hello")),
    ("ChatOpenAI", awaited(lambda names: names["model"].ainvoke("Hello"))),
    ("ChatOpenAI with asyncio alone", awaited(lambda names: names["model"].ainvoke("Hello"))),
    ("ChatOpenAIMantle", lambda names: names["model"].invoke("Hello")),
    ("ChatOpenAIMantle", awaited(lambda names: names["model"].ainvoke("Hello"))),
    (
        "LiteLLM Router",
        awaited(lambda names: names["router"].acompletion(model="haiku", messages=MESSAGES)),
    ),
    ("Pydantic AI", awaited(lambda names: names["Agent"](names["model"]).run("Hello"))),
    ("Strands Agents", lambda names: names["agent"]("Hello")),
    ("In place of bedrock_mantle_config", lambda names: names["agent"]("Hello")),
    ("OpenAI Agents SDK", awaited(lambda names: names["Runner"].run(names["agent"], "Hello"))),
    ("LlamaIndex", lambda names: names["model"].complete("Hello")),
    ("LlamaIndex", awaited(lambda names: names["model"].acomplete("Hello"))),
    ("Instructor", extract),
    ("httpx", post),
    ("httpx", awaited(async_post)),
    ("httpx2", post),
    ("aiohttp", awaited(aiohttp_post)),
    ("requests", post),
]


@pytest.mark.parametrize(("heading", "again"), AGAIN)
def test_a_second_request_carries_the_token_of_its_moment(
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


def test_every_recipe_is_asked_again() -> None:
    # The clients of the others are asked again below, in a loop or in the same call.
    others = {"AsyncOpenAI client", "Bedrock provider", "BedrockOpenAI client"}
    assert PATHS.keys() - {heading for heading, _ in AGAIN} - others == {"LiteLLM", "urllib"}


def openai_clients() -> list[Any]:
    pytest.importorskip("openai.providers", reason="openai.providers is not installed")
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


class Identity(loopback.Handler):
    """Stands for STS, and keeps how the last request was signed."""

    authorization = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Identity.authorization = self.headers["Authorization"]
        body = (
            b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"
            b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_other_services_of_the_session_sign_with_sigv4(recipe: Recipe, server: Bedrock) -> None:
    session = recipe("boto3")["session"]
    with loopback.Server(Identity) as sts:
        client = session.client("sts", endpoint_url=sts.url)
        assert client.get_caller_identity()["Account"] == "123456789012"
    assert Identity.authorization.startswith("AWS4-HMAC-SHA256 Credential=")
    # The other service of the same signing name, which takes keys too.
    config = session.client("bedrock").meta.config
    assert config.auth_scheme_preference is None


def test_the_component_of_older_versions(server: Bedrock, recipe: Recipe) -> None:
    import boto3
    import botocore.session

    names = recipe("boto3")
    core = botocore.session.Session()
    core.register_component("token_provider", names["BedrockTokens"](names["provider"]))
    session = boto3.Session(botocore_session=core, region_name="us-east-1")
    config = names["Config"](auth_scheme_preference="httpBearerAuth")
    converse({"client": session.client("bedrock-runtime", config=config)})
    assert tokens(server) == {names["provider"]()}


def test_anthropic_sends_the_text_of_a_callable(server: Bedrock) -> None:
    anthropic = pytest.importorskip("anthropic", reason="anthropic is not installed")
    for client in (anthropic.AnthropicBedrock, anthropic.AnthropicBedrockMantle):
        with pytest.raises(anthropic.PermissionDeniedError):
            message({"client": client(api_key=get_token_provider())})
        assert server.requests[-1].token.startswith("<TokenProvider")


def test_openai_and_the_other_kind_of_provider(server: Bedrock) -> None:
    openai = pytest.importorskip("openai", reason="openai is not installed")
    client = openai.OpenAI(api_key=aio.get_token_provider())
    with pytest.raises(openai.PermissionDeniedError):
        chat({"client": client})
    client.api_key.close()  # Or it warns that it was never awaited.
    assert server.requests.pop().token.startswith("<coroutine object")
    client = openai.OpenAI(api_key=get_token_provider())
    chat({"client": client})
    assert repr(client.api_key).startswith("<Token expires_at=")
    server.requests.clear()
    with pytest.raises(TypeError, match=r"'await' expression|'Token' object can't be awaited"):
        awaited(chat)({"client": openai.AsyncOpenAI(api_key=get_token_provider())})
    assert server.requests == []


def test_the_cause_of_openais_message_says_what_to_do(
    server: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openai.providers", reason="openai.providers is not installed")
    from botocore.exceptions import NoCredentialsError
    from openai import OpenAI, OpenAIError
    from openai.providers import bedrock

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client = OpenAI(provider=bedrock(token_provider=get_token_provider()))
    with pytest.raises(OpenAIError, match="Failed to resolve a bearer credential") as caught:
        respond({"client": client})
    assert isinstance(caught.value.__cause__, NoCredentialsError)


def test_boto3_sends_no_token_without_tls(server: Bedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    from botocore.exceptions import InvalidEndpointConfigurationError

    if tuple(map(int, version("botocore").split(".")[:2])) < (1, 44):
        pytest.skip("this botocore sends it")
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


def test_a_router_of_litellm_runs_the_hook_for_asynchronous_calls_only(
    recipe: Recipe, server: Bedrock
) -> None:
    names = recipe("LiteLLM Router")
    router = names["router"]
    key = get_token_provider()()
    router.completion(model="haiku", messages=MESSAGES, api_key=key)
    assert key in tokens(server)
    with pytest.raises(names["litellm"].PermissionDeniedError):
        router.completion(model="haiku", messages=MESSAGES)
    # LiteLLM signs with the credentials of the environment: no token.
    assert server.requests.pop().token == ""


def test_langchain_and_the_asynchronous_provider(server: Bedrock) -> None:
    langchain_openai = pytest.importorskip("langchain_openai", reason="not installed")
    provider = aio.get_token_provider()
    model = langchain_openai.ChatOpenAI(model="m", api_key=provider.__call__)
    with pytest.raises(ValueError, match=r"[Ss]ync"):
        model.invoke("Hello")
    model = langchain_openai.ChatOpenAI(model="m", api_key=provider)
    if sys.version_info >= (3, 12):
        assert asyncio.run(model.ainvoke("Hello")).content == REPLY
        with pytest.raises(ValueError, match=r"[Ss]ync"):
            model.invoke("Hello")
    else:
        with pytest.raises(Exception, match="403"):
            asyncio.run(model.ainvoke("Hello"))
        assert server.requests[-1].token.startswith("<coroutine")
        model.root_async_client.api_key.close()  # Or it warns that it was never awaited.


def test_langchains_own_key_gives_way(server: Bedrock) -> None:
    langchain_aws = pytest.importorskip("langchain_aws", reason="langchain_aws is not installed")
    provider = get_token_provider()
    model = langchain_aws.ChatOpenAIMantle(
        model="openai.gpt-oss-120b", api_key=provider, region_name="us-east-1"
    )
    assert model.root_client.base_url == "https://bedrock-mantle.us-east-1.api.aws/v1/"
    assert model.openai_api_key is provider


def test_strands_takes_an_api_key_or_a_config_of_its_own() -> None:
    models = pytest.importorskip("strands.models.openai", reason="strands is not installed")
    arguments = {"api_key": aio.get_token_provider(region="us-east-1")}
    with pytest.raises(ValueError, match="api_key"):
        models.OpenAIModel(
            model_id="m", client_args=arguments, bedrock_mantle_config={"region": "us-east-1"}
        )


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


class Elsewhere(loopback.Handler):
    """Where a redirect leads: keeps the header that came along."""

    authorizations: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.authorizations.append(self.headers["Authorization"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.mark.parametrize("heading", ["httpx", "httpx2", "aiohttp", "requests", "urllib"])
def test_no_token_goes_along_where_a_server_redirects_elsewhere(
    heading: str, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = recipe(heading)
    came: list[str] = []

    class Redirect(loopback.Handler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            came.append(self.headers["Authorization"])
            self.send_response(302)
            self.send_header("Location", elsewhere.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

    async def aiohttp_follow() -> None:
        session = names["aiohttp"].ClientSession(middlewares=[names["BedrockAuth"]()])
        async with session, session.post(server.url, json={}):
            pass

    async def httpx_follow() -> None:
        arguments = {"auth": names["AsyncBedrockAuth"](), "follow_redirects": True}
        async with names["httpx"].AsyncClient(**arguments) as client:
            await client.post(server.url, json={})

    Elsewhere.authorizations.clear()
    with loopback.Server(Elsewhere) as elsewhere, loopback.Server(Redirect) as server:
        if heading == "aiohttp":  # It asks its own block where Bedrock is.
            monkeypatch.setitem(names["BedrockAuth"].__call__.__globals__, "url", server.url)
        if heading == "urllib":
            request = names["Request"](server.url, b"{}")
            for name, value in names["request"].unredirected_hdrs.items():
                if name == "Authorization":
                    request.add_unredirected_header(name, value)
            names["urlopen"](request).close()
        elif heading == "aiohttp":
            asyncio.run(aiohttp_follow())
        elif heading == "requests":
            names["requests"].post(server.url, json={}, auth=names["BedrockAuth"]())
        else:
            arguments = {"auth": names["BedrockAuth"](), "follow_redirects": True}
            names[heading].post(server.url, json={}, **arguments)
            if heading == "httpx":
                asyncio.run(httpx_follow())
    assert came
    assert all(each.startswith("Bearer bedrock-api-key-") for each in came)
    assert Elsewhere.authorizations == [None] * len(came)


def test_clients_find_the_endpoint_by_the_region(
    server: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("anthropic", "boto3", "openai.providers"):
        pytest.importorskip(package, reason=f"{package} is not installed")
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
        AnthropicBedrock(api_key="", aws_region=provider().region).base_url,
        AnthropicBedrockMantle(skip_auth=True, aws_region=provider().region).base_url,
        boto3.client("bedrock-runtime", region_name=provider().region).meta.endpoint_url,
    ]
    assert [str(each).rstrip("/") for each in endpoints] == [
        "https://bedrock-mantle.us-east-1.api.aws/openai/v1",
        "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "https://bedrock-mantle.us-east-1.api.aws/anthropic",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
    ]


OTHER = Keys("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", None)


@pytest.fixture
def tenants(
    server: Bedrock, config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profiles red and blue, with keys of their own beside those of the environment."""
    third = Keys("AKIATHIRDTENAEXAMPLE", "secret/of/the/third", None)
    text = "".join(
        f"[profile {name}]\naws_access_key_id = {keys.access_key}\n"
        f"aws_secret_access_key = {keys.secret_key}\n"
        for name, keys in {"red": OTHER, "blue": third}.items()
    )
    config(text)
    monkeypatch.setattr(server, "keys", {each.access_key: each for each in (KEYS, OTHER, third)})


def keys_of(server: Bedrock) -> dict[str, set[str]]:
    """The access keys that came with each tenant's messages, of tokens that are all good."""
    found: dict[str, set[str]] = {}
    for request in server.requests:
        assert request.claims is not None
        found.setdefault(request.body["messages"][0]["content"], set()).add(
            request.claims.access_key
        )
    return found


@pytest.mark.parametrize("heading", TENANTS)
def test_each_tenant_has_a_key_of_its_own(
    heading: str,
    tenants: None,
    recipe: Recipe,
    server: Bedrock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = dict(os.environ)
    names = recipe(heading)
    assert capsys.readouterr().out.split("\n") == [REPLY, REPLY, ""]

    many = ["red", "blue"] * 20
    if heading == "A client for each tenant":
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(names["ask"], many))
    else:

        async def ask_all() -> None:
            # The client of the recipe belongs to its ended loop only in its connections.
            await asyncio.gather(*(asyncio.create_task(names["ask"](each)) for each in many))

        asyncio.run(ask_all())
    assert len(server.requests) == 42
    assert keys_of(server) == {"red": {OTHER.access_key}, "blue": {"AKIATHIRDTENAEXAMPLE"}}
    assert dict(os.environ) == before


def test_a_context_variable_tells_the_tenant_of_a_thread(
    tenants: None, recipe: Recipe, server: Bedrock
) -> None:
    names = recipe("One client for all tenants")
    server.requests.clear()
    from openai import OpenAI

    client = OpenAI(api_key=get_token_provider(credentials=names["credentials"]))

    def ask(name: str) -> None:
        names["tenant"].set(name)
        content = [{"role": "user", "content": name}]
        client.chat.completions.create(model="m", messages=content)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, ["red", "blue"] * 8))
    assert keys_of(server) == {"red": {OTHER.access_key}, "blue": {"AKIATHIRDTENAEXAMPLE"}}


VARIABLE = "the-key-of-the-environment"


@pytest.mark.parametrize("heading", PATHS)
def test_a_recipe_sends_the_providers_token_whatever_the_environment_has(
    heading: str, recipe: Recipe, server: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", VARIABLE)
    recipe(heading)
    assert tokens(server)
    assert os.environ["AWS_BEARER_TOKEN_BEDROCK"] == VARIABLE


def bare_boto3() -> None:
    import boto3

    converse({"client": boto3.client("bedrock-runtime", region_name="us-east-1")})


def bare_aiobotocore() -> None:
    from aiobotocore.session import AioSession

    async def ask() -> None:
        session = AioSession()
        async with session.create_client("bedrock-runtime", region_name="us-east-1") as client:
            await converse({"client": client})

    asyncio.run(ask())


def bare_anthropic() -> None:
    from anthropic import AnthropicBedrock

    message({"client": AnthropicBedrock()})


def bare_anthropic_mantle() -> None:
    from anthropic import AnthropicBedrockMantle

    message({"client": AnthropicBedrockMantle()})


def bare_litellm() -> None:
    import litellm

    litellm.completion(model="bedrock/anthropic.claude", messages=MESSAGES, max_retries=0)


def bare_bedrock_openai() -> None:
    from openai import BedrockOpenAI

    respond({"client": BedrockOpenAI()})


def bare_openai_provider() -> None:
    from openai import OpenAI
    from openai.providers import bedrock

    respond({"client": OpenAI(provider=bedrock())})


def bare_mantle() -> None:
    from langchain_aws import ChatOpenAIMantle

    ChatOpenAIMantle(model="m", base_url=os.environ["OPENAI_BASE_URL"]).invoke("Hello")


@pytest.mark.parametrize(
    ("package", "ask"),
    [
        ("boto3", bare_boto3),
        ("aiobotocore", bare_aiobotocore),
        ("anthropic", bare_anthropic),
        ("anthropic", bare_anthropic_mantle),
        ("litellm", bare_litellm),
        ("openai", bare_bedrock_openai),
        ("openai.providers", bare_openai_provider),
        ("langchain_aws", bare_mantle),
    ],
)
def test_a_client_without_a_key_takes_that_of_the_environment(
    package: str, ask: Callable[[], None], server: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", VARIABLE)
    with pytest.raises(Exception, match=r"403|AccessDenied|Authentication failed"):
        ask()
    assert {request.token for request in server.requests} == {VARIABLE}


def test_the_openai_client_does_not_know_the_variable(
    server: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    openai = pytest.importorskip("openai", reason="openai is not installed")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", VARIABLE)
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        openai.OpenAI()


def test_this_library_does_not_read_the_variable(
    environment: None, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    before = get_token_provider()()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", VARIABLE)
    assert get_token_provider()() == before
