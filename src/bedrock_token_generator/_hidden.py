"""The one place that keeps a secret out of sight; knows nothing of keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Hidden = Callable[[], T]


def hide(secret: T) -> Hidden[T]:
    """Put a secret behind a call: ``hidden()`` gives it.

    Tools that show the variables of a traceback evaluate names and attributes; they do not call. So
    a frame in which something may raise holds what this returns, and no name for what that gives.
    """
    return lambda: secret
