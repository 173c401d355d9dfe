"""What runs in worker processes: importable there, and one provider for each process."""

from __future__ import annotations

import asyncio
import os
import pickle

from bedrock_token_generator import Token, get_token_provider

provider = get_token_provider()


def token_of_this_process(_: object) -> tuple[int, Token]:
    return os.getpid(), provider()


def token_of(provider) -> Token:
    return provider()


def awaited_token_of(provider) -> Token:
    return asyncio.run(provider())


def unpickled_call(pickled: bytes) -> tuple[int, Token]:
    return pickle.loads(pickled)()


def same(token: Token) -> tuple[int, Token]:
    return os.getpid(), token
