"""The one place that keeps a secret out of sight; knows nothing of keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Hidden(Generic[T_co]):
    """A secret behind a call: ``hidden()`` gives it.

    Tools that show the variables of a traceback evaluate names and attributes; they do not call. So
    a frame in which something may raise holds one of these, and no name for what it gives.
    """

    __slots__ = ("_reveal",)

    def __init__(self, secret: T_co) -> None:
        self._reveal: Callable[[], T_co] = lambda: secret

    def __call__(self) -> T_co:
        return self._reveal()

    def __reduce__(self) -> tuple[type[Hidden[T_co]], tuple[T_co]]:
        return type(self), (self(),)
