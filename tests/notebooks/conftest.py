from __future__ import annotations

from importlib.util import find_spec

import pytest

PACKAGES = ("ipykernel", "nbclient", "openai", "pandas", "rich")
MISSING = [package for package in PACKAGES if find_spec(package) is None]
SKIP = f"not installed: {', '.join(MISSING)} (the extra `notebooks`)"


def pytest_itemcollected(item: pytest.Item) -> None:
    if MISSING:
        item.add_marker(pytest.mark.skip(SKIP))
