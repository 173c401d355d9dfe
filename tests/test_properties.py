"""Over generated input: what is made verifies, what is changed does not, junk is refused."""

from __future__ import annotations

import base64
import string
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError
from hypothesis import assume, given
from hypothesis import strategies as st

import sigv4
from bedrock_token_generator import Token, get_token
from examples import KEYS

# What str.isprintable() says yes to.
characters = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
printable = st.text(characters, min_size=1, max_size=40)
session_tokens = st.none() | st.text(characters, max_size=80)
regions = st.from_regex(r"[a-z]{2,8}(-[a-z0-9]{1,9}){1,4}-[0-9]{1,9}", fullmatch=True)
expiries = st.integers(1, 43200)


@given(
    access_key=printable,
    secret_key=printable,
    token=session_tokens,
    region=regions,
    expires=expiries,
)
def test_a_token_verifies(access_key, secret_key, token, region, expires):
    made = get_token(
        credentials=Credentials(access_key, secret_key, token),
        region=region,
        expires_in_seconds=expires,
    )
    keys = sigv4.Keys(access_key, secret_key, token)
    now = made.expires_at - timedelta(seconds=expires)
    assert abs(now - datetime.now(timezone.utc)) < timedelta(minutes=1)
    claims = sigv4.verify(made, keys, region=region, now=now)
    assert claims.expires == expires
    assert made.expires_at == claims.end


TOKEN = get_token(
    credentials=Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token), region="us-east-1"
)
URL = sigv4.decode(TOKEN)
MADE_AT = sigv4.claims(TOKEN).date


def _verify(url):
    encoded = base64.b64encode(url.encode()).decode()
    token = f"bedrock-api-key-{encoded}"
    return sigv4.verify(token, KEYS, region="us-east-1", now=MADE_AT)


def test_the_unchanged_payload_verifies():
    _verify(URL)


@given(data=st.data())
def test_a_changed_parameter_does_not_verify(data):
    head, _, query = URL.partition("?")
    pairs = [pair.split("=", 1) for pair in query.split("&")]
    index = data.draw(st.integers(0, len(pairs) - 1))
    old = unquote(pairs[index][1])
    new = data.draw(st.text(max_size=80) | _edited(old))
    assume(new != old)
    try:
        pairs[index][1] = quote(new, safe="-_.~")
    except UnicodeEncodeError:
        assume(False)
    with pytest.raises(sigv4.RejectedError):
        _verify(head + "?" + "&".join("=".join(pair) for pair in pairs))


def _edited(text):
    """One character of the text replaced, dropped or doubled."""

    def edit(index, character, how):
        middle = {"replace": character, "drop": "", "insert": text[index] + character}[how]
        return text[:index] + middle + text[index + 1 :]

    return st.builds(
        edit,
        st.integers(0, len(text) - 1),
        st.sampled_from(string.ascii_letters + string.digits + "/-"),
        st.sampled_from(["replace", "drop", "insert"]),
    )


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=70)
    | st.binary(max_size=70)
    | st.timedeltas()
    | st.sampled_from([object(), object, len, Credentials, 10**99, -(10**99)])
)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
fields = scalars | printable
kinds = st.sampled_from([Credentials, ReadOnlyCredentials])
bad_credentials = st.builds(lambda kind, *keys: kind(*keys), kinds, fields, fields, fields)


@given(
    credentials=junk
    | bad_credentials
    | st.builds(lambda value: lambda: value, junk | bad_credentials),
    region=junk | regions,
    profile=junk,
    expires=junk | expiries,
)
def test_junk_gets_a_documented_error_or_a_token_that_verifies(
    credentials, region, profile, expires
):
    try:
        token = get_token(
            credentials=credentials, region=region, profile=profile, expires_in_seconds=expires
        )
    except (BotoCoreError, TypeError, ValueError) as error:
        assert not isinstance(error, UnicodeError)
        assert str(error)
    else:
        assert type(token) is Token
        found = credentials() if callable(credentials) else credentials
        keys = sigv4.Keys(found.access_key, found.secret_key, found.token or None)
        life = 43200 if expires is None else expires
        now = token.expires_at - timedelta(seconds=life)
        assert sigv4.verify(token, keys, region=region, now=now).expires == life
