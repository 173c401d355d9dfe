"""Short-term API keys for Amazon Bedrock, made locally from AWS credentials.

``get_token()`` makes one token; ``get_token_provider()`` makes a callable for clients that ask
before each request. ``bedrock_token_generator.aio``, imported by name, has both for asyncio.
"""

from ._provider import TokenProvider, get_token, get_token_provider
from ._token import Token

__all__ = ["Token", "TokenProvider", "get_token", "get_token_provider"]
