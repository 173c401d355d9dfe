"""The public surface: what there is, and that each part of it says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from importlib.metadata import metadata, requires, version
from pathlib import Path

import pytest

import bedrock_token_generator
import documents
from bedrock_token_generator import aio

PUBLIC = [
    *(getattr(bedrock_token_generator, name) for name in bedrock_token_generator.__all__),
    *(getattr(aio, name) for name in aio.__all__),
    bedrock_token_generator.Token.expires_at,
    bedrock_token_generator.Token.region,
    bedrock_token_generator.TokenProvider.__call__,
    aio.TokenProvider.__call__,
]


def test_the_names():
    assert bedrock_token_generator.__all__ == [
        "Token",
        "TokenProvider",
        "get_token",
        "get_token_provider",
    ]
    assert aio.__all__ == ["TokenProvider", "get_token", "get_token_provider"]


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda thing: getattr(thing, "__qualname__", "end"))
def test_each_has_a_docstring(thing):
    assert len(inspect.getdoc(thing)) > 15


@pytest.mark.parametrize("name", ["get_token", "get_token_provider"])
def test_the_asyncio_twin_has_the_same_arguments(name):
    def parameters(module):
        return inspect.signature(getattr(module, name)).parameters.values()

    assert [(each.name, each.kind, each.default) for each in parameters(aio)] == [
        (each.name, inspect.Parameter.KEYWORD_ONLY, each.default)
        for each in parameters(bedrock_token_generator)
    ]


def test_the_docstring_of_get_token_names_every_argument_and_error():
    text = inspect.getdoc(bedrock_token_generator.get_token)
    for name in inspect.signature(bedrock_token_generator.get_token).parameters:
        assert f":param {name}:" in text
    for error in (
        "TypeError",
        "ValueError",
        "botocore.exceptions.NoRegionError",
        "botocore.exceptions.InvalidRegionError",
        "botocore.exceptions.ProfileNotFound",
        "botocore.exceptions.NoCredentialsError",
        "botocore.exceptions.PartialCredentialsError",
        "botocore.exceptions.CredentialRetrievalError",
        "botocore.exceptions.BotoCoreError",
        "botocore.exceptions.ClientError",
    ):
        assert f":raises {error}:" in text


def test_every_module_says_what_it_is_for():
    for module in pkgutil.iter_modules(bedrock_token_generator.__path__):
        found = importlib.import_module(f"bedrock_token_generator.{module.name}")
        assert found.__doc__.splitlines()[0].endswith(".")


def test_botocore_is_the_only_dependency():
    assert [each for each in requires("bedrock_token_generator") if "extra ==" not in each] == [
        "botocore>=1.23.0"
    ]


# Each is in the oldest botocore. What is added here must be, too.
TAKEN_FROM_BOTOCORE = {
    "auth": {"EMPTY_SHA256_HASH", "SigV4QueryAuth"},
    "awsrequest": {"AWSRequest"},
    "credentials": {
        "CredentialProvider",
        "Credentials",
        "EnvProvider",
        "ProcessProvider",
        "ReadOnlyCredentials",
        "RefreshableCredentials",
    },
    "exceptions": {
        "BotoCoreError",
        "ClientError",
        "CredentialRetrievalError",
        "InvalidRegionError",
        "NoCredentialsError",
        "NoRegionError",
        "PartialCredentialsError",
        "ProfileNotFound",
    },
    "session": {"Session"},
    "utils": {"percent_encode"},
}


def test_no_name_is_taken_from_botocore_that_its_oldest_version_has_not():
    taken = set()
    for module in Path(bedrock_token_generator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module=str(origin)) if origin.startswith("botocore"):
                    taken |= {f"{origin}.{each.name}" for each in node.names}
                case ast.Attribute(value=ast.Name("exceptions"), attr=name):
                    taken.add(f"botocore.exceptions.{name}")
    assert taken - {"botocore.exceptions"} == {
        f"botocore.{module}.{name}"
        for module, names in TAKEN_FROM_BOTOCORE.items()
        for name in names
    }


def test_the_version_is_in_the_changelog():
    changelog = (documents.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version('bedrock_token_generator')}] - " in changelog


def test_the_metadata_is_complete():
    found = metadata("bedrock_token_generator")
    assert found["License-Expression"] == "Apache-2.0"
    assert found["Requires-Python"] == ">=3.10"
    assert "Typing :: Typed" in found.get_all("Classifier")
    assert found["Description-Content-Type"] == "text/markdown"
