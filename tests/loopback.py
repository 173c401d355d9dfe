"""The HTTP server of the tests' servers: on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer


class Server(ThreadingHTTPServer):
    # Closing waits for the threads, so that no request is left behind.
    daemon_threads = False

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for the address's name, which macOS seeks for seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host}:{port}"

    def start(self) -> None:
        # Polled every 10 ms, for a test would wait half a second for the server to stop.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def handle_error(self, *args: object) -> None:
        # A client that hangs up, or does not trust a CA, is no fault of the server's.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*args)


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.0, one request for each connection: nothing is left open at the end."""

    def log_message(self, *args: object) -> None:
        pass
