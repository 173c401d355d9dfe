"""botocore's exceptions with messages that say what to do; raises nothing itself.

Each is a subclass, so ``except`` with botocore's own names, or ``BotoCoreError``, catches it.
"""

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
        "'us-east-1': 1 to 63 ASCII letters, digits and hyphens, no hyphen at either end, not "
        "digits alone."
    )


class ProfileNotFound(exceptions.ProfileNotFound):
    fmt = (
        "The config profile ({profile}) could not be found. Correct profile=... or the environment "
        "variable AWS_PROFILE (unset it if it is empty), or add the profile to ~/.aws/config or "
        "~/.aws/credentials."
    )


class NoCredentialsError(exceptions.NoCredentialsError):
    fmt = (
        "No AWS credentials found: {source} gave none. Pass credentials=botocore.credentials."
        "Credentials(access_key, secret_key, token), set the environment variables "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in to a profile and name it by "
        "profile=... or AWS_PROFILE."
    )


class PartialCredentialsError(exceptions.PartialCredentialsError):
    fmt = (
        "Partial credentials found in {provider}, missing: {cred_var}. Credentials need an access "
        "key and a secret key; set the missing one where the other is set."
    )
