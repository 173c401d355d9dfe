"""Short-term API keys for Amazon Bedrock, made locally from AWS credentials.

This module only names the public API; ``bedrock_token_generator.aio`` is its asyncio twin.
"""

from ._provider import TokenProvider, get_token, get_token_provider
from ._token import Token

__all__ = ["Token", "TokenProvider", "get_token", "get_token_provider"]
