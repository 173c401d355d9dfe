"""A table of bad values: what each gets, and that the message names the argument and the remedy."""

from __future__ import annotations

import math
import re
from collections import UserString
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.credentials import Credentials, EnvProvider, ReadOnlyCredentials
from botocore.exceptions import InvalidRegionError, NoCredentialsError, PartialCredentialsError
from botocore.session import Session

from bedrock_token_generator import get_token, get_token_provider
from examples import KEYS

# Each is the whole message; `SHOWN` is the value, or its type where its repr might hold a secret.
SHOWN = r"[^;]{1,120}"
NOT_A_REGION = (
    r"Invalid AWS region .{1,99} from the argument region\. Set it to a region's name such as "
    r"'us-east-1': lower case, parts joined by hyphens, the last a number \(us-east-1a is an "
    r"availability zone\)\."
)
NOT_A_STR = rf"the argument region must be a str or None, not {SHOWN}; pass its name"
NOT_A_PROFILE = rf"the argument profile must be a str or None, not {SHOWN}; pass its name"
NOT_AN_INT = (
    rf"expires_in_seconds must be an int, not {SHOWN}; convert it with int\(\.\.\.\) or "
    r"int\(delta\.total_seconds\(\)\)"
)
OUT_OF_RANGE = rf"expires_in_seconds must be from 1 to 43200 \(12 hours\), not {SHOWN}"
KINDS = r"botocore Credentials or ReadOnlyCredentials"
KEYS_AT_HAND = (
    r"botocore\.credentials\.Credentials\(access_key, secret_key, token\) if you have keys"
)
GIVEN = rf"credentials must be {KINDS}, or a callable that returns them, not [\w ]+\. Pass "
RETURNED = rf"the callable passed as credentials must return {KINDS}, not [\w ]+\. Pass "
SESSION = r"session\.get_credentials\(\)"
PROVIDER = r"provider\.load"
NONE = (
    r"No AWS credentials found: the callable passed as credentials gave none\. Let it return "
    r"botocore Credentials, or leave out credentials=\.\.\. for the default chain\."
)
PARTIAL = (
    r"Partial credentials found in credentials, missing: {}\. Set it where the rest is set: keys "
    r"are an access key and a secret key, and a role needs a source of keys\."
)
UNPRINTABLE = (
    r"{} of credentials has unprintable characters; look for a line break, or bytes that are not "
    r"UTF-8, where it is set"
)
NOT_TEXT = r"{} of credentials must be a str, not {}; pass its text"


class Secret:
    """As pydantic's SecretStr and others hide a key."""

    def get_secret_value(self):
        return KEYS.secret_key


AT_CREATION = [
    *(
        ("region", value, InvalidRegionError, NOT_A_REGION)
        for value in (
            "us east",
            "us-east-1\n",
            "us-east-1\r\n",
            "us-east-1\t",
            "us-east-1\x00",
            " us-east-1",
            "us-east-1 ",
            " ",
            "\n",
            "us-east-1/x",
            "../us-east-1",
            "us_east_1",
            "us.east.1",
            "us-east-1?x=1",
            "us-east-1&x=1",
            "us-east-1#",
            "us-east-1%2F",
            "us-east-1;us-west-2",
            "us-east-1,us-west-2",
            "'us-east-1'",
            "$AWS_REGION",
            "{region}",
            "US-EAST-1",
            "Us-east-1",
            "us-East-1",
            "us-east-1a",
            "us-east1",
            "us-east-",
            "us-east-1-",
            "us--east-1",
            "u-east-1",
            "1us-east-1",
            "abcdefghi-east-1",
            "aws-global",
            "us-1",
            "-us-east-1",
            "-",
            "-x",
            "x-",
            "1",
            "0" * 12,
            "１",
            "us-east-１",
            "ＵＳ-east-1",
            "us\u2011east\u20111",
            "東京",
            "\ud800",
            "us-east-1" + "1" * 55,
            "a" * 64,
            "a" * 1_000_000,
        )
    ),
    *(
        ("region", value, TypeError, NOT_A_STR)
        for value in (
            0,
            123,
            1.5,
            True,
            b"us-east-1",
            bytearray(b"us-east-1"),
            ["us-east-1"],
            ("us-east-1",),
            {"region": "us-east-1"},
            Path("us-east-1"),
            UserString("us-east-1"),
            SimpleNamespace(name="us-east-1"),
            str,
            10**5000,
        )
    ),
    *(
        ("profile", value, TypeError, NOT_A_PROFILE)
        for value in (0, 1.5, True, b"p", ["p"], {"p"}, Path("p"), Session(), str)
    ),
    *(
        ("expires_in_seconds", value, ValueError, OUT_OF_RANGE)
        for value in (0, -1, -43200, 43201, 86400, 10**18, 10**5000, -(10**5000))
    ),
    *(
        ("expires_in_seconds", value, TypeError, NOT_AN_INT)
        for value in (
            1.5,
            3600.0,
            math.nan,
            math.inf,
            "3600",
            "1h",
            "",
            b"3600",
            True,
            False,
            [3600],
            (3600,),
            {"seconds": 3600},
            Decimal(3600),
            Fraction(3600),
            3600 + 0j,
            timedelta(hours=1),
            datetime(2026, 11, 24, tzinfo=timezone.utc),
            date(2026, 11, 24),
            int,
            lambda: 3600,
        )
    ),
    *(
        ("credentials", value, TypeError, GIVEN + KEYS_AT_HAND)
        for value in (
            "",
            KEYS.access_key,
            KEYS.secret_key.encode(),
            0,
            True,
            1.5,
            vars(KEYS),
            {},
            [KEYS.access_key, KEYS.secret_key],
            (KEYS.access_key, KEYS.secret_key, KEYS.token),
            {KEYS.secret_key},
            KEYS,
            EnvProvider,
            Credentials,
            ReadOnlyCredentials,
            LookupError(KEYS.secret_key),
            Secret(),
            re,
        )
    ),
    ("credentials", Session(), TypeError, GIVEN + SESSION),
    ("credentials", Session, TypeError, GIVEN + SESSION),
    ("credentials", EnvProvider(), TypeError, GIVEN + PROVIDER),
    # Arguments in each other's place.
    ("region", ReadOnlyCredentials(*vars(KEYS).values()), TypeError, NOT_A_STR),
    ("profile", ReadOnlyCredentials(*vars(KEYS).values()), TypeError, NOT_A_PROFILE),
    ("expires_in_seconds", ReadOnlyCredentials(*vars(KEYS).values()), TypeError, NOT_AN_INT),
]

AT_CALL = [
    *(
        ("credentials", lambda value=value: value, TypeError, RETURNED + hint)
        for value, hint in (
            *((each, KEYS_AT_HAND) for each in ("", KEYS.access_key, vars(KEYS), {}, 0)),
            (Credentials, KEYS_AT_HAND),
            (lambda: KEYS, KEYS_AT_HAND),
            (Session(), SESSION),
            (EnvProvider(), PROVIDER),
        )
    ),
    ("credentials", lambda: None, NoCredentialsError, NONE),
    *(
        ("credentials", kind(*keys), PartialCredentialsError, PARTIAL.format(missing))
        for kind in (Credentials, ReadOnlyCredentials)
        for missing, keys in (
            ("access_key", (None, KEYS.secret_key, KEYS.token)),
            ("access_key", ("", KEYS.secret_key, KEYS.token)),
            ("access_key", (0, KEYS.secret_key, KEYS.token)),
            ("secret_key", (KEYS.access_key, None, KEYS.token)),
            ("secret_key", (KEYS.access_key, "", KEYS.token)),
            ("access_key", (None, None, KEYS.token)),
        )
    ),
    *(
        ("credentials", kind(*keys), ValueError, UNPRINTABLE.format(name))
        for kind in (Credentials, ReadOnlyCredentials)
        for name, keys in (
            ("access_key", (KEYS.access_key + "\n", KEYS.secret_key, KEYS.token)),
            ("secret_key", (KEYS.access_key, "\t" + KEYS.secret_key, KEYS.token)),
            ("secret_key", (KEYS.access_key, KEYS.secret_key + "\udcff", KEYS.token)),
            ("token", (KEYS.access_key, KEYS.secret_key, KEYS.token + "\r\n")),
            ("token", (KEYS.access_key, KEYS.secret_key, KEYS.token + "\x00")),
        )
    ),
    *(
        ("credentials", kind(*keys), TypeError, NOT_TEXT.format(name, type_))
        for kind in (Credentials, ReadOnlyCredentials)
        for name, type_, keys in (
            ("access_key", "bytes", (KEYS.access_key.encode(), KEYS.secret_key, KEYS.token)),
            ("secret_key", "bytes", (KEYS.access_key, KEYS.secret_key.encode(), KEYS.token)),
            ("token", "list", (KEYS.access_key, KEYS.secret_key, [KEYS.token])),
        )
    ),
    (
        "credentials",
        Credentials(KEYS.access_key, Secret(), KEYS.token),
        TypeError,
        r"secret_key of credentials must be a str, not Secret; pass its get_secret_value\(\)",
    ),
]


def numbered(table):
    names = "argument", "value", "exception", "message"
    ids = [f"{row[0]}-{number}" for number, row in enumerate(table)]
    return pytest.mark.parametrize(names, table, ids=ids)


@pytest.mark.parametrize("make", [get_token, get_token_provider])
@numbered(AT_CREATION)
def test_arguments_are_checked_at_once(make, argument, value, exception, message):
    with pytest.raises(exception) as caught:
        make(**given(argument, value))
    check(caught.value, message)


@pytest.mark.parametrize("make", [get_token, lambda **given: get_token_provider(**given)()])
@numbered(AT_CALL)
def test_credentials_are_checked_when_used(make, argument, value, exception, message):
    with pytest.raises(exception) as caught:
        make(**given(argument, value))
    check(caught.value, message)


def given(argument, value):
    credentials = Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token)
    return {"region": "us-east-1", "credentials": credentials, argument: value}


def check(error, message):
    assert re.fullmatch(message, str(error))
    assert len(str(error)) < 500
    while error is not None:
        for part in (KEYS.access_key, KEYS.secret_key[:8], KEYS.secret_key[-8:], KEYS.token[:8]):
            assert part not in f"{error} {error!r} {error.args} {vars(error)}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("argument", "value", "shown"),
    [
        ("region", 123, "123 (int)"),
        ("region", 1.5, "1.5 (float)"),
        ("region", True, "True (bool)"),
        ("region", b"us-east-1", "b'us-east-1' (bytes)"),
        ("region", ["us-east-1"], "list"),
        ("profile", UserString("p"), "UserString"),
        ("expires_in_seconds", "3600", "'3600' (str)"),
        ("expires_in_seconds", timedelta(hours=1), "datetime.timedelta(seconds=3600) (timedelta)"),
        ("expires_in_seconds", 0, "0 (int)"),
        ("expires_in_seconds", 10**30 - 1, f"{'9' * 30} (int)"),
        ("expires_in_seconds", 10**30, "an int of more than 30 digits"),
        ("expires_in_seconds", -(10**30), "an int of more than 30 digits"),
        ("expires_in_seconds", "0" * 1000, f"'{'0' * 98} (str)"),
    ],
)
def test_a_value_is_shown_if_plain_and_cut_at_99_characters(argument, value, shown):
    with pytest.raises((TypeError, ValueError)) as caught:
        get_token(**given(argument, value))
    assert f", not {shown};" in f"{caught.value};"


@pytest.mark.parametrize(
    ("value", "name"),
    [(Credentials, "the class Credentials"), ({}, "dict"), (Session(), "Session"), (KEYS, "Keys")],
)
def test_what_is_no_credentials_is_named_by_its_type(value, name):
    with pytest.raises(TypeError, match=f", not {name}\\. Pass "):
        get_token(credentials=value)


@pytest.mark.parametrize(
    ("region", "shown"),
    [("a\n", r"'a\n'"), ("a" * 97, f"'{'a' * 97}'"), ("a" * 98, f"'{'a' * 98}")],
)
def test_a_bad_region_is_shown_and_cut_at_99_characters(region, shown):
    with pytest.raises(InvalidRegionError) as caught:
        get_token(region=region)
    assert str(caught.value).startswith(f"Invalid AWS region {shown} from the argument region. Set")


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("value", ["us east", "us-east-1/x", " ", "us-east-1 # comment"])
def test_bad_values_in_the_environment(variable, value, credentials, monkeypatch):
    monkeypatch.setenv(variable, value)
    shown = re.escape(f"Invalid AWS region {value!r} from {variable}. Set it to")
    with pytest.raises(InvalidRegionError, match=shown):
        get_token(credentials=credentials)


def test_the_table_is_long():
    assert len(AT_CREATION) + len(AT_CALL) > 100
