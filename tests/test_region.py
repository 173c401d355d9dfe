"""Where the region comes from: argument, AWS_REGION, AWS_DEFAULT_REGION, profile."""

from __future__ import annotations

import asyncio
import enum
from itertools import product

import pytest
from botocore.credentials import EnvProvider
from botocore.exceptions import InvalidRegionError, NoRegionError

import sigv4
from bedrock_token_generator import aio, get_token, get_token_provider

SOURCES = ("argument", "AWS_REGION", "AWS_DEFAULT_REGION", "profile")


@pytest.mark.parametrize("settings", list(product(("set", "empty", "absent"), repeat=4)))
def test_the_first_that_is_set_wins(settings, credentials, monkeypatch, config):
    values = {
        source: {"set": f"from-{source.lower().replace('_', '-')}-1", "empty": "", "absent": None}[
            how
        ]
        for source, how in zip(SOURCES, settings, strict=True)
    }
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if values[variable] is not None:
            monkeypatch.setenv(variable, values[variable])
    if values["profile"] is not None:
        config(f"[default]\nregion = {values['profile']}\n")
    expected = next((value for value in values.values() if value), None)
    arguments = {"credentials": credentials, "region": values["argument"]}
    if expected is None:
        with pytest.raises(NoRegionError):
            get_token(**arguments)
        with pytest.raises(NoRegionError):
            get_token_provider(**arguments)()
    else:
        assert sigv4.claims(get_token(**arguments)).region == expected
        assert sigv4.claims(get_token_provider(**arguments)()).region == expected


CONFIG = """\
    [default]
    region = us-east-1
    [profile west]
    region = us-west-2
    [profile none]
    output = json
"""


def test_profile_names_the_region_while_credentials_are_given(credentials, config):
    config(CONFIG)
    token = get_token(credentials=credentials, profile="west")
    assert sigv4.claims(token).region == "us-west-2"


@pytest.mark.parametrize("profile", [None, ""])
def test_default_profile_is_botocores(credentials, config, monkeypatch, profile):
    config(CONFIG)
    assert sigv4.claims(get_token(credentials=credentials, profile=profile)).region == "us-east-1"
    monkeypatch.setenv("AWS_PROFILE", "west")
    assert sigv4.claims(get_token(credentials=credentials, profile=profile)).region == "us-west-2"


def test_region_in_the_shared_credentials_file(credentials, config):
    config("[default]\nregion = eu-north-1\n", name="credentials")
    assert sigv4.claims(get_token(credentials=credentials)).region == "eu-north-1"


@pytest.mark.parametrize("profile", ["none", None])
def test_no_region_says_what_to_do(credentials, config, profile):
    config("[default]\n[profile none]\n")
    with pytest.raises(NoRegionError) as caught:
        get_token(credentials=credentials, profile=profile)
    assert str(caught.value) == (
        "No AWS region found. Pass region='us-east-1' (or yours), set the environment variable "
        f"AWS_REGION or AWS_DEFAULT_REGION, or set region in the profile {profile or 'default'!r} "
        "of the shared config file (~/.aws/config)."
    )


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_bad_region_names_the_variable_that_holds_it(credentials, monkeypatch, variable):
    monkeypatch.setenv(variable, "us east")
    with pytest.raises(InvalidRegionError, match=f"'us east' from {variable}"):
        get_token(credentials=credentials)


def test_a_bad_region_names_the_profile_that_holds_it(credentials, config):
    config("[profile bad]\nregion = us_east\n")
    with pytest.raises(InvalidRegionError, match="'us_east' from the region of the profile 'bad'"):
        get_token(credentials=credentials, profile="bad")


def test_a_bad_region_does_not_matter_where_another_wins(credentials, config, monkeypatch):
    config("[default]\nregion = us_east\n")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us east")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert get_token(credentials=credentials).region == "us-west-2"
    monkeypatch.setenv("AWS_REGION", "us east")
    assert get_token(credentials=credentials, region="us-east-1").region == "us-east-1"


def test_a_region_may_have_63_characters_and_no_more(credentials):
    region = "us-" + "a" * 58 + "-1"
    assert sigv4.claims(get_token(credentials=credentials, region=region)).region == region
    with pytest.raises(InvalidRegionError):
        get_token(credentials=credentials, region=f"{region}0")


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "ap-southeast-7",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eusc-de-east-1",
        "cn-north-1",
        "mx-central-1",
        # Of partitions to come.
        "abcdefgh-b2-3-40",
    ],
)
def test_the_regions_of_every_partition_have_the_shape(credentials, region):
    assert sigv4.claims(get_token(credentials=credentials, region=region)).region == region


def test_an_enum_is_its_value(credentials, config, monkeypatch):
    class Region(str, enum.Enum):
        EAST = "us-east-1"

    class Profile(str, enum.Enum):
        WEST = "west"

    config(CONFIG)
    token = get_token(credentials=credentials, region=Region.EAST)
    assert type(token.region) is str
    assert (token.region, sigv4.claims(token).region) == ("us-east-1", "us-east-1")
    assert "profile='west'" in repr(get_token_provider(profile=Profile.WEST))
    assert get_token(credentials=credentials, profile=Profile.WEST).region == "us-west-2"


def test_a_nested_region_in_the_profile(credentials, config):
    config("[default]\nregion =\n  name = us-east-1\n")
    with pytest.raises(
        TypeError, match="the region of the profile 'default' must be a str or None, not dict"
    ):
        get_token(credentials=credentials)


def test_the_region_of_a_provider_stays_though_a_callable_is_asked_anew(environment, monkeypatch):
    given = {"credentials": EnvProvider().load}
    provider, awaited = get_token_provider(**given), aio.get_token_provider(**given)
    assert provider().region == asyncio.run(awaited()).region == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    for token in (provider(), asyncio.run(awaited())):
        claims = sigv4.claims(token)
        assert (claims.region, claims.access_key) == ("us-east-1", "AKIAOTHER")
