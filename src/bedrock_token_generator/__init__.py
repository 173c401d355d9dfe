"""Short-term API keys for Amazon Bedrock, made locally from AWS credentials.

``get_token()`` makes one token; ``get_token_provider()`` makes a callable for clients that ask
before each request. ``bedrock_token_generator.aio`` has both for asyncio.
"""

from typing import TYPE_CHECKING

from ._provider import TokenProvider, get_token, get_token_provider
from ._token import Token

if TYPE_CHECKING:
    from . import aio as aio

__all__ = ["Token", "TokenProvider", "get_token", "get_token_provider"]


def __getattr__(name: str) -> object:
    if name == "aio":
        # Not before it is asked for: it loads asyncio, which others need not wait for.
        import importlib

        return importlib.import_module(".aio", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
