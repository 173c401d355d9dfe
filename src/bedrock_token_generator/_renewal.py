"""A renewal that one caller carries out and others wait for; does not know how a token is made."""

from __future__ import annotations

from concurrent.futures import Future

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
        error = copied(self.error)
        if error:
            raise error
        return self.token


def copied(
    error: BaseException | None, without: BaseException | None = None
) -> BaseException | None:
    """Copy an error and those that it came from, but for one that came from elsewhere.

    Not by ``copy.copy``: that calls ``__init__`` with the message for its arguments, which a class
    may have its own way with.
    """
    if error is None or error is without:
        return None
    native = next(each for each in type(error).__mro__ if each.__module__ == "builtins")
    twin: BaseException = native.__new__(type(error), *error.args)
    native.__init__(twin, *error.args)  # type: ignore[misc] # Its own, on purpose.
    twin.__dict__.update(error.__dict__)
    if hasattr(error, "__notes__"):
        twin.__notes__ = [*error.__notes__]
    twin.__cause__ = copied(error.__cause__, without)
    twin.__suppress_context__ = error.__suppress_context__
    if not error.__suppress_context__:
        twin.__context__ = copied(error.__context__, without)
    return twin.with_traceback(error.__traceback__)
