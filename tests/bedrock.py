"""A loopback server that stands for Amazon Bedrock: it checks tokens and answers with REPLY.

It trusts nothing of the library under test: tokens go through ``sigv4.verify`` at this machine's
clock. Of Bedrock's APIs it serves as much as makes clients return text.
"""

from __future__ import annotations

import json
import re
import ssl
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import loopback
import sigv4
from sigv4 import Claims, Keys

REPLY = "Hello from Bedrock"


@dataclass(frozen=True)
class Request:
    """What came in: the bearer token, empty if none, and its claims, None if it was refused."""

    path: str
    token: str
    claims: Claims | None
    body: dict[str, Any]


class Bedrock:
    """The server, as a context manager.

    >>> with Bedrock(KEYS, region="us-east-1") as server:
    ...     OpenAI(api_key=get_token_provider(), base_url=f"{server.url}/openai/v1")

    It takes tokens that were made for its region with one of the keys it knows. With ``ca`` it
    speaks TLS, with a certificate from a new CA whose own certificate it writes to that file.
    """

    def __init__(self, *keys: Keys, region: str, ca: Path | None = None) -> None:
        self.keys = {each.access_key: each for each in keys}
        self.region = region
        self.requests: list[Request] = []
        self.ca = ca

    def __enter__(self) -> Bedrock:
        self._server = _Server(_Handler)
        self._server.bedrock = self
        if self.ca is not None:
            self._server.socket = _tls(self.ca).wrap_socket(
                # The handshake belongs to the thread of the connection, not to that which accepts.
                self._server.socket,
                server_side=True,
                do_handshake_on_connect=False,
            )
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        scheme = "http" if self.ca is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_port}"

    def verify(self, token: str) -> Claims:
        """Return what the token says of itself if it is good here and now."""
        claims = sigv4.claims(token)
        if claims.access_key not in self.keys:
            raise sigv4.RejectedError("access key")
        now = datetime.now(timezone.utc)
        return sigv4.verify(token, self.keys[claims.access_key], region=self.region, now=now)


class _Server(loopback.Server):
    bedrock: Bedrock


class _Handler(loopback.Handler):
    server: _Server
    timeout = 10

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = unquote(urlsplit(self.path).path)
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        token = token if scheme == "Bearer" else ""
        try:
            claims, refusal = self.server.bedrock.verify(token), ""
        except (sigv4.RejectedError, ValueError) as error:
            claims, refusal = None, str(error)
        self.server.bedrock.requests.append(Request(path, token, claims, body))
        if claims is None:
            # As AWS answers, with the reason added for whoever reads the log of a failed test.
            # https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
            message = "Authentication failed: Please make sure your API Key is valid."
            self._refuse(403, "AccessDeniedException", f"{message} ({refusal})")
        elif (answer := _answer(path)) is None:
            self._refuse(404, "UnknownOperationException", f"no API at {path}")
        else:
            self._send(200, *answer(body))

    def _refuse(self, status: int, kind: str, message: str) -> None:
        body = json.dumps({"Message": message}).encode()
        self._send(status, "application/json", body, ("x-amzn-ErrorType", kind))

    def _send(self, status: int, kind: str, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000"),
            *headers,
        ]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _tls(ca: Path) -> ssl.SSLContext:
    import trustme  # Of the clients' tests only.

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


_Answer = Callable[[dict[str, Any]], tuple[str, bytes]]


def _answer(path: str) -> _Answer | None:
    return next((answer for form, answer in _ANSWERS.items() if re.fullmatch(form, path)), None)


def _json(value: dict[str, Any]) -> tuple[str, bytes]:
    return "application/json", json.dumps(value).encode()


def _server_sent(events: list[dict[str, Any]], end: str = "") -> tuple[str, bytes]:
    text = ""
    for event in events:
        if "type" in event:
            text += f"event: {event['type']}\n"
        text += f"data: {json.dumps(event)}\n\n"
    return "text/event-stream", (text + end).encode()


def _chat_completions(body: dict[str, Any]) -> tuple[str, bytes]:
    """https://platform.openai.com/docs/api-reference/chat."""
    common = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
    message = {"role": "assistant", "content": REPLY}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    if not body.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return _json({**common, "object": "chat.completion", "choices": [choice], "usage": usage})
    common["object"] = "chat.completion.chunk"
    choices = [
        {"index": 0, "delta": message, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    ]
    chunks = [{**common, "choices": [each]} for each in choices]
    return _server_sent([*chunks, {**common, "choices": [], "usage": usage}], "data: [DONE]\n\n")


def _responses(body: dict[str, Any]) -> tuple[str, bytes]:
    """https://platform.openai.com/docs/api-reference/responses."""
    content = {"type": "output_text", "text": REPLY, "annotations": [], "logprobs": []}
    item = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "completed",
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        },
    }
    if not body.get("stream"):
        return _json(response)
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.created", "response": {**response, "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **where, "part": {**content, "text": ""}},
        {"type": "response.output_text.delta", **where, "delta": REPLY, "logprobs": []},
        {"type": "response.output_text.done", **where, "text": REPLY, "logprobs": []},
        {"type": "response.content_part.done", **where, "part": content},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    return _server_sent([{**each, "sequence_number": at} for at, each in enumerate(events)])


def _message(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "claude"),
        "content": [{"type": "text", "text": REPLY}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _message_events(body: dict[str, Any]) -> list[dict[str, Any]]:
    start = {**_message(body), "content": [], "stop_reason": None}
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": REPLY}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]


def _messages(body: dict[str, Any]) -> tuple[str, bytes]:
    """https://docs.anthropic.com/en/api/messages."""
    return _server_sent(_message_events(body)) if body.get("stream") else _json(_message(body))


def _invoke(body: dict[str, Any]) -> tuple[str, bytes]:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html."""
    return _json(_message(body))


def _invoke_stream(body: dict[str, Any]) -> tuple[str, bytes]:
    chunks = [json.dumps(each).encode() for each in _message_events(body)]
    return _event_stream([("chunk", {"bytes": b64encode(each).decode()}) for each in chunks])


def _converse(body: dict[str, Any]) -> tuple[str, bytes]:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html."""
    message = {"role": "assistant", "content": [{"text": REPLY}]}
    return _json({"output": {"message": message}, "stopReason": "end_turn", **_CONVERSE_END})


def _converse_stream(body: dict[str, Any]) -> tuple[str, bytes]:
    return _event_stream(
        [
            ("messageStart", {"role": "assistant"}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": REPLY}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", _CONVERSE_END),
        ]
    )


_CONVERSE_END = {
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


def _event_stream(events: list[tuple[str, dict[str, Any]]]) -> tuple[str, bytes]:
    frames = [_frame(kind, json.dumps(event).encode()) for kind, event in events]
    return "application/vnd.amazon.eventstream", b"".join(frames)


def _frame(kind: str, payload: bytes) -> bytes:
    """https://smithy.io/2.0/aws/amazon-eventstream.html."""
    headers = b""
    for name, value in {
        ":message-type": "event",
        ":event-type": kind,
        ":content-type": "application/json",
    }.items():
        headers += struct.pack(">B", len(name)) + name.encode()
        headers += struct.pack(">BH", 7, len(value)) + value.encode()  # 7: a string.
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


_ANSWERS: dict[str, _Answer] = {
    "(/openai)?/v1/chat/completions": _chat_completions,
    "(/openai)?/v1/responses": _responses,
    "/anthropic/v1/messages": _messages,
    "/model/[^/]+/invoke": _invoke,
    "/model/[^/]+/invoke-with-response-stream": _invoke_stream,
    "/model/[^/]+/converse": _converse,
    "/model/[^/]+/converse-stream": _converse_stream,
}
