"""The asyncio twin of the package: the same names and arguments, awaited; no logic of its own.

Credentials may come from a file, a process or the network, so each call runs in a thread and the
event loop goes on.
"""

from __future__ import annotations

import asyncio

from . import TokenProvider as SyncTokenProvider
from ._arguments import (
    Arguments,
    CredentialsArgument,
    CredentialsCallable,
    check_arguments,
    hide,
)
from ._token import Token

__all__ = ["TokenProvider", "get_token", "get_token_provider"]


async def get_token(
    *,
    credentials: CredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int = 43200,
) -> Token:
    """Make one token, as :func:`bedrock_token_generator.get_token` does.

    Arguments and errors are the same. A ``credentials`` callable is called in a thread, so it is a
    plain function; what a coroutine returns can be passed on: ``credentials=await fetch()``.
    """
    hidden, credentials = hide(credentials), None
    arguments = check_arguments(hidden, region, profile, expires_in_seconds)
    return await asyncio.to_thread(SyncTokenProvider(arguments))


def get_token_provider(
    *,
    credentials: CredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int = 43200,
) -> TokenProvider:
    """Make a callable whose result is awaited, otherwise as its synchronous namesake.

    >>> client = AsyncOpenAI(api_key=get_token_provider(), base_url=...)  # doctest: +SKIP

    Arguments and errors are those of :func:`bedrock_token_generator.get_token_provider`.
    """
    hidden, credentials = hide(credentials), None
    arguments = check_arguments(hidden, region, profile, expires_in_seconds)
    return TokenProvider(arguments)


class TokenProvider:
    """A ``Callable[[], Awaitable[Token]]`` around the synchronous provider.

    Calls that overlap share one call of that provider, so a thousand tasks take one thread. Not so
    with a ``credentials`` callable, which may answer each task differently (context variables).
    """

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self._provider = SyncTokenProvider(arguments)
        self._running: asyncio.Task[Token] | None = None

    async def __call__(self) -> Token:
        """Return a token, as the synchronous provider does, without blocking the event loop."""
        if isinstance(self._arguments[0], CredentialsCallable):
            return await asyncio.to_thread(self._provider)
        running = self._running
        if (
            running is None
            or running.done()
            or running.get_loop() is not asyncio.get_running_loop()
        ):
            running = self._running = asyncio.create_task(asyncio.to_thread(self._provider))
            running.add_done_callback(self._end)
        # Waited for, not awaited: one caller that is cancelled must not cancel it for the others.
        # shield() would do so too, but from Python 3.14 on it logs the error for every such caller.
        await asyncio.wait([running])
        return running.result()

    def _end(self, ended: asyncio.Task[Token]) -> None:
        # Kept, an error would keep the frames of its callers alive, and a token the ended loop.
        if self._running is ended:
            self._running = None
        # Where every caller was cancelled, nobody is left who asks for the error.
        if not ended.cancelled():
            ended.exception()

    def __repr__(self) -> str:
        return f"<aio {self._provider!r}>"

    def __reduce__(self) -> tuple[type[TokenProvider], tuple[Arguments]]:
        return type(self), (self._arguments,)

    def __deepcopy__(self, memo: object) -> TokenProvider:
        return type(self)(self._arguments)
