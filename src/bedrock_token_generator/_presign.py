"""Presigns the ``CallWithBearerToken`` request with botocore's SigV4; knows nothing of tokens.

It takes the signer's public steps one by one, because ``add_auth`` logs the canonical request and
the signature at DEBUG, which make up a token, and reads the clock itself.
"""

from __future__ import annotations

import time

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.utils import percent_encode_sequence

HOST = "bedrock.amazonaws.com"


def presign(credentials: ReadOnlyCredentials, region: str, now: int, expires: int) -> str:
    """Return the presigned URL without its scheme.

    ``now`` is in seconds since the epoch, ``expires`` in seconds from then.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    signer = SigV4QueryAuth(credentials, "bedrock", region)
    request = AWSRequest(method="POST", headers={"host": HOST})
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    query = {
        "Action": "CallWithBearerToken",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": signer.scope(request),
        "X-Amz-Date": request.context["timestamp"],
        "X-Amz-Expires": expires,
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        query["X-Amz-Security-Token"] = credentials.token
    url = f"{HOST}/?{percent_encode_sequence(query)}"
    request.url = f"https://{url}"
    string_to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return f"{url}&X-Amz-Signature={signer.signature(string_to_sign, request)}"
