"""Presigns the ``CallWithBearerToken`` request with botocore's SigV4; knows nothing of tokens.

It takes the signer's public steps one by one, because ``add_auth`` logs the canonical request and
the signature at DEBUG, which make up a token, and reads the clock itself.
"""

from __future__ import annotations

import time

from botocore.auth import EMPTY_SHA256_HASH, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.utils import percent_encode

HOST = "bedrock.amazonaws.com"


def presign(credentials: ReadOnlyCredentials, region: str, now: int, expires: int) -> str:
    """Return the presigned URL without its scheme.

    ``now`` is in seconds since the epoch, ``expires`` in seconds from then. The keys have been
    checked, so that nothing raises here, where they have names.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    signer = _Signer(credentials, "bedrock", region)
    # With the header: botocore's signer would take it from the URL, and parse that once more.
    request = AWSRequest(method="POST", headers={"host": HOST})
    request.context["timestamp"] = date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    url = (
        f"{HOST}/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential={percent_encode(signer.scope(request))}"
        f"&X-Amz-Date={date}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
    )
    if credentials.token:
        url += f"&X-Amz-Security-Token={percent_encode(credentials.token)}"
    request.url = f"https://{url}"
    string_to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return f"{url}&X-Amz-Signature={signer.signature(string_to_sign, request)}"


class _Signer(SigV4QueryAuth):
    """For requests without a body: botocore's would prepare the request to find that out."""

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002
        return EMPTY_SHA256_HASH
