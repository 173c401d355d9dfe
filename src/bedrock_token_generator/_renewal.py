"""A renewal that one caller carries out and others wait for; does not know how a token is made."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from ._token import Token


class Renewal(Future[None]):
    """What comes of it is a token, an error, or neither: then it was interrupted.

    As a future it only tells when: asyncio complains of an error that nobody asks for.
    """

    token: Token | None = None
    error: BaseException | None = None
    thread = 0  # The ident of the one that carries it out.

    def outcome(self) -> Token | None:
        """Return the token, or raise a copy of the error: each caller adds to its own."""
        if self.error is None:
            return self.token
        error = copied(self.error)
        context = error.__context__
        try:
            raise error
        finally:
            if context:
                # Python has put what the caller handles in the place of where the error came from.
                BaseException.__setattr__(error, "__context__", context)


def copied(error: BaseException, *without: BaseException | None) -> BaseException:
    """Copy an error and those that it came from, but for some that came from elsewhere.

    Not by ``copy.copy``: that calls ``__init__`` with the message for its arguments, which a class
    may have its own way with. What cannot be copied is rather shared than lost.
    """

    def origin(link: BaseException | None) -> BaseException | None:
        if link is None or any(link is each for each in (error, *without)):
            return None
        return copied(link, error, *without)

    native: Any = next(each for each in type(error).__mro__ if each.__module__ == "builtins")
    try:
        _, arguments, *state = native.__reduce__(error)
        twin: BaseException = native.__new__(type(error), *arguments)
        native.__init__(twin, *arguments)
        for attributes in state:
            native.__setstate__(twin, attributes)
        if hasattr(error, "__notes__"):
            twin.__notes__ = [*error.__notes__]
        twin.__cause__, twin.__context__ = origin(error.__cause__), origin(error.__context__)
        twin.__suppress_context__ = error.__suppress_context__
        return twin.with_traceback(error.__traceback__)
    except Exception:
        return error
