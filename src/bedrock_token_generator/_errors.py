"""botocore's exceptions with messages that say what to do.

Each is a subclass, so ``except`` with botocore's own names, or ``BotoCoreError``, catches it.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator
from contextlib import contextmanager

from botocore import exceptions


class NoRegionError(exceptions.NoRegionError):
    fmt = (
        "No AWS region found. Pass region='us-east-1' (or yours), set the environment variable "
        "AWS_REGION or AWS_DEFAULT_REGION, or set region in the profile {profile!r} of the shared "
        "config file (~/.aws/config)."
    )


class InvalidRegionError(exceptions.InvalidRegionError):
    fmt = (
        "Invalid AWS region {region_name!r:.99} from {source}. Set it to a region's name such as "
        "'us-east-1': lower case, parts joined by hyphens, the last a number (us-east-1a is an "
        "availability zone)."
    )


class ProfileNotFound(exceptions.ProfileNotFound):
    fmt = (
        "The config profile ({profile}) could not be found. Correct profile=... or the environment "
        "variable AWS_PROFILE (unset it if it is empty), or add it as [profile NAME] to "
        "~/.aws/config or as [NAME] to ~/.aws/credentials (or to the files that AWS_CONFIG_FILE "
        "and AWS_SHARED_CREDENTIALS_FILE name)."
    )


class NoCredentialsError(exceptions.NoCredentialsError):
    fmt = "No AWS credentials found: {source} gave none. {remedy}."


class PartialCredentialsError(exceptions.PartialCredentialsError):
    fmt = (
        "Partial credentials found in {provider}, missing: {cred_var}. Set it where the rest is "
        "set: keys are an access key and a secret key, and a role needs a source of keys."
    )


# By what gave no credentials.
CALLABLE = "Let it return botocore Credentials, or leave out credentials=... for the default chain"
PROFILE = (
    "Add keys, a role or a login to that profile, or leave out profile=..., with which keys in "
    "environment variables do not count"
)
CHAIN = (
    "Pass credentials=botocore.credentials.Credentials(access_key, secret_key, token), set the "
    "environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in to a profile and "
    "name it by profile=... or AWS_PROFILE"
)

# By type: the older botocore is, the fewer of them it has.
_SSO, _LOGIN = "aws sso login", "aws login"
_LOGINS = {"SSOError": _SSO, "TokenRetrievalError": _SSO, "LoginError": _LOGIN}
# By the METHOD of botocore's credential provider.
_REMEDIES = {
    "env": "Get new keys, or set AWS_CREDENTIAL_EXPIRATION to their end as 2030-01-31T12:00:00Z",
    "custom-process": "Run the profile's credential_process by hand, and see what it prints",
}
_REMEDY = "Mend this source of credentials, or pass profile=... or credentials=... for another"


@contextmanager
def explained(source: str, profile: str) -> Generator[None, None, None]:
    """Give each error of a source of botocore's chain a type of botocore's, and a remedy."""
    try:
        yield
    except exceptions.ProfileNotFound as error:
        raise ProfileNotFound(**error.kwargs) from None
    except exceptions.PartialCredentialsError as error:
        raise PartialCredentialsError(**error.kwargs) from None
    except (exceptions.BotoCoreError, exceptions.ClientError) as error:
        for kind in type(error).__mro__:
            if kind.__name__ in _LOGINS:
                login = f"{_LOGINS[kind.__name__]} --profile {shlex.quote(profile)}"
                error.args = (f"{str(error).rstrip('.')}. Log in: {login}",)
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".rstrip(".")
        message = f"{what}. {_REMEDIES.get(source, _REMEDY)}."
        raise exceptions.CredentialRetrievalError(provider=source, error_msg=message) from error
