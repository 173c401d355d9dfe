"""Read by the type checkers only: what users write must type-check, and mistakes must not."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from botocore.credentials import Credentials, EnvProvider, ReadOnlyCredentials
from botocore.session import Session
from openai import AsyncOpenAI, OpenAI
from typing_extensions import assert_type

from bedrock_token_generator import Token, TokenProvider, aio, get_token, get_token_provider

token = get_token()
assert_type(token, Token)
assert_type(token.expires_at, datetime)
text: str = token
os.environ["AWS_BEARER_TOKEN_BEDROCK"] = token

provider = get_token_provider()
assert_type(provider, TokenProvider)
assert_type(provider(), Token)
function: Callable[[], str] = provider

OpenAI(api_key=get_token_provider())
OpenAI(api_key=get_token())
AsyncOpenAI(api_key=aio.get_token_provider())


async def main() -> None:
    assert_type(await aio.get_token(), Token)
    assert_type(await aio.get_token_provider()(), Token)


get_token(credentials=Credentials("AKID", "secret"), region="us-east-1", expires_in_seconds=60)
get_token(credentials=ReadOnlyCredentials("AKID", "secret", None), profile="p")
get_token_provider(credentials=Session().get_credentials())
get_token_provider(credentials=lambda: Session().get_credentials())
get_token_provider(credentials=EnvProvider().load)

get_token(region=1)  # type: ignore[arg-type]
get_token(expires_in_seconds="60")  # type: ignore[arg-type]
get_token(credentials={"access_key": "AKID"})  # type: ignore[arg-type]
get_token(Credentials("AKID", "secret"))  # type: ignore[call-arg]
