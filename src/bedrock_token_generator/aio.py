"""The asyncio twin of the package: the same names and arguments, awaited.

Credentials may come from a file, a process or the network, so what may block runs in a thread, and
the event loop goes on.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

from botocore.credentials import Credentials, ReadOnlyCredentials

from ._arguments import Arguments, AsyncCredentialsArgument
from ._hidden import Hidden, hide
from ._keys import Keys, answer, ask, freeze
from ._provider import Provider
from ._renewal import Renewal
from ._resolve import region_at_hand, resolve
from ._token import Token, make

__all__ = ["TokenProvider", "get_token", "get_token_provider"]

T = TypeVar("T")


def get_token(
    *,
    credentials: AsyncCredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int | None = 43200,
) -> Coroutine[Any, Any, Token]:
    """Make one token when awaited, as :func:`bedrock_token_generator.get_token` does.

    Arguments and errors are the same. A ``credentials`` callable may also be asynchronous, and so
    may be the credentials themselves (aiobotocore's): they are awaited in the caller's task.
    """
    # Not itself a coroutine, whose frame would hold the credentials if it is cancelled unbegun.
    hidden, credentials = hide(credentials), None
    return TokenProvider(Arguments(hidden, region, profile, expires_in_seconds))()


def get_token_provider(
    *,
    credentials: AsyncCredentialsArgument = None,
    region: str | None = None,
    profile: str | None = None,
    expires_in_seconds: int | None = 43200,
) -> TokenProvider:
    """Make a callable whose result is awaited, otherwise as its synchronous namesake.

    >>> client = AsyncOpenAI(api_key=get_token_provider(), base_url=...)  # doctest: +SKIP

    Arguments are those of :func:`get_token`, errors those of
    :func:`bedrock_token_generator.get_token_provider`.
    """
    hidden, credentials = hide(credentials), None
    return TokenProvider(Arguments(hidden, region, profile, expires_in_seconds))


class TokenProvider(Provider):
    """A ``Callable[[], Awaitable[Token]]`` that does what the synchronous provider does.

    - A renewal runs in a thread of its own, not in the executor of the event loop, which may be
      busy. Who is cancelled waits no longer, and disturbs nobody else.
    - Any number of tasks, event loops and threads may share it.
    - A ``credentials`` callable is asked for every token: an asynchronous one in the caller's task,
      another by :func:`asyncio.to_thread`, with the caller's context.

    :func:`inspect.iscoroutinefunction` says yes to it from Python 3.12 on; before, to its
    ``__call__`` only.
    """

    _name = "aio.TokenProvider"

    def __init__(self, arguments: Arguments) -> None:
        super().__init__(arguments)
        if sys.version_info >= (3, 12):
            inspect.markcoroutinefunction(self)

    async def __call__(self) -> Token:
        """Return a token, without blocking the event loop."""
        token = self._fresh()
        if token:
            return token
        if self._arguments.callable or _is_asynchronous(self._arguments.credentials):
            return await self._ask()
        renewal = self._join(self._renew_in_a_thread)
        if not renewal.done():
            await asyncio.wrap_future(renewal)
        return renewal.outcome() or await self()

    def _renew_in_a_thread(self, renewal: Renewal) -> None:
        # No interrupt hits that thread, so whatever is raised there is an answer to all who wait.
        run, work = copy_context().run, (self._renew, renewal, BaseException)
        try:
            threading.Thread(target=run, args=work, name=__package__, daemon=True).start()
        except RuntimeError:
            self._renew(renewal)  # No thread to be had: too many, or the interpreter exits.

    async def _ask(self) -> Token:
        """Make a token from what a callable, or asynchronous credentials, answer this caller."""
        region, source = self._resolved
        if region is None or source is None:
            quick = region_at_hand(self._arguments) is not None
            resolved = await _run(resolve, self._arguments, quick=quick)
            region, source = self._resolved = resolved
        credentials = source.credentials
        if source.asked:
            found = await _run(ask, credentials, quick=_is_asynchronous(credentials))
            credentials = answer(await _settled(found))
        plain = type(credentials()) in (Credentials, ReadOnlyCredentials)
        quick = plain or _is_asynchronous(credentials)
        keys = await _run(freeze, credentials, quick=quick)
        if inspect.isawaitable(keys.frozen()):
            keys = Keys(await _settled(keys.frozen), credentials)
        return make(keys, region, self._arguments.expires_in_seconds)


async def _run(work: Callable[[Any], T], argument: Any, *, quick: bool) -> T:
    return work(argument) if quick else await asyncio.to_thread(work, argument)


async def _settled(found: Hidden[Any]) -> Hidden[Any]:
    return hide(await found()) if inspect.isawaitable(found()) else found


def _is_asynchronous(credentials: Hidden[Any]) -> bool:
    """Whether what is to be asked, a callable or credentials, is a coroutine function."""
    asked = hide(getattr(credentials(), "get_frozen_credentials", credentials()))
    call = getattr(asked(), "__call__", None)  # noqa: B004 # Of a class of its own, maybe.
    return inspect.iscoroutinefunction(asked()) or inspect.iscoroutinefunction(call)
