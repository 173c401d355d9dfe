"""moto's server for STS, with a record of what it was asked and what it handed out."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from issuer import Issued
from sigv4 import Keys

# moto lets everybody assume every role.
REFUSAL = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"


@dataclass(frozen=True)
class Request:
    """A request to STS: its form, and the access key and region that signed it, if signed."""

    form: dict[str, str]
    access_key: str | None
    region: str | None


class Sts:
    """The server, as a context manager: moto's, as its ThreadedMotoServer runs it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.issued: list[Issued] = []
        self.refuses = False

    def __enter__(self) -> Sts:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._record, threaded=True, request_handler=_Handler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def of(self, access_key: str) -> Issued:
        return next(each for each in self.issued if each.keys.access_key == access_key)

    def _record(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = BytesIO(body)
        signed = re.search("Credential=(.+?)/.+?/(.+?)/sts/", environ.get("HTTP_AUTHORIZATION", ""))
        access_key, region = signed.groups() if signed else (None, None)
        self.requests.append(Request(dict(parse_qsl(body.decode())), access_key, region))
        if self.refuses:
            start_response("403 Forbidden", [("Content-Length", str(len(REFUSAL)))])
            return [REFUSAL]
        answer = b"".join(self._application(environ, start_response))
        found = dict(re.findall(r"<(\w+)>([^<]+)</\1>", answer.decode()))
        if "SecretAccessKey" in found:
            keys = Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
            end = datetime.fromisoformat(found["Expiration"].replace("Z", "+00:00"))
            self.issued.append(Issued(keys, end))
        return [answer]


class _Handler(WSGIRequestHandler):
    # One request for each connection: nothing is left open at the end.
    protocol_version = "HTTP/1.0"

    def log(self, *args: object) -> None:
        pass
