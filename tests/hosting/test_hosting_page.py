"""The blocks of docs/hosting.md, as they stand, in the real server, function and workers."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
import time_machine

import documents
from bedrock import REPLY, Bedrock
from examples import KEYS
from sigv4 import Keys

PAGE = "docs/hosting.md"
TESTS = {"FastAPI", "AWS Lambda", "Celery", "Gunicorn"}

pytestmark = pytest.mark.timeout(180)
posix = pytest.mark.skipif(os.name == "nt", reason="there is no fork on Windows")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedrock]:
    pytest.importorskip("openai", reason="openai is not installed")
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("OPENAI_", "CELERY_", "GUNICORN_")):
            monkeypatch.delenv(name)
    with Bedrock(KEYS, region="us-east-1") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/openai/v1")
        yield server


@pytest.fixture
def source(
    config: Callable[[str], Path],
    credential_process: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> SimpleNamespace:
    """A source of credentials that counts how often it is asked."""
    config(f"[default]\n{credential_process.line}\n")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return credential_process


def tokens(server: Bedrock) -> set[str]:
    """The tokens that it took, which are all that it got."""
    assert all(request.claims for request in server.requests)
    return {request.token for request in server.requests}


def test_every_block_of_the_page_is_run() -> None:
    assert documents.blocks(PAGE).keys() == TESTS


def get(url: str) -> str:
    with urlopen(url, timeout=30) as answer:
        return answer.read().decode()


@contextmanager
def uvicorn_running(app: object) -> Iterator[str]:
    import uvicorn

    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()


def test_fastapi(server: Bedrock, source: SimpleNamespace) -> None:
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    app = documents.run(PAGE, "FastAPI")["app"]
    with uvicorn_running(app) as url, ThreadPoolExecutor(100) as pool:
        begun = threading.Barrier(100)

        def ask(number: int) -> str:
            begun.wait()
            return get(url)

        assert list(pool.map(ask, range(100))) == [f'"{REPLY}"'] * 100
        assert len(server.requests) == 100
        assert len(tokens(server)) == 1
        assert source.runs() == 1
        with time_machine.travel(datetime.now(timezone.utc) + timedelta(hours=13)):
            assert get(url) == f'"{REPLY}"'
            assert len(tokens(server)) == 2


PUBLIC = "https://bedrock-runtime.{region}.amazonaws.com"


def test_lambda_takes_keys_from_the_variables(
    server: Bedrock,
    environment: None,
    monkeypatch: pytest.MonkeyPatch,
    clock: time_machine.Traveller,
) -> None:
    handler = documents.run(PAGE, "AWS Lambda", {PUBLIC: server.url})["handler"]
    assert handler({}, None) == REPLY
    other = Keys("ASIAIOSFODNN7EXAMPLE", "another/secret", "another-session")
    monkeypatch.setattr(server, "keys", {each.access_key: each for each in (KEYS, other)})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", other.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", other.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", other.token or "")
    clock.shift(timedelta(minutes=1))
    assert handler({}, None) == REPLY
    first, second = (request.claims for request in server.requests)
    assert first.access_key == KEYS.access_key
    assert second.access_key == other.access_key
    assert first.expires == second.expires == 43200


def write(heading: str, path: Path, server: Bedrock) -> None:
    (block,) = documents.blocks(PAGE)[heading]
    path.write_text(str(block.parsed).replace(PUBLIC, server.url))


def test_lambda_makes_no_botocore_session(
    server: Bedrock, environment: None, tmp_path: Path
) -> None:
    write("AWS Lambda", tmp_path / "function.py", server)
    program = (
        "import sys, function; print(function.handler({}, None)); "
        "print('botocore.session' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert run.stdout.splitlines() == [REPLY, "False"]


@contextmanager
def running(arguments: list[str], folder: Path, ready: str) -> Iterator[re.Match[str]]:
    """A server or worker in processes of its own, once it has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
    reader.start()
    said = ""
    try:
        found = None
        while found is None:
            said += lines.get(timeout=40)
            found = re.search(ready, said)
        yield found
    except queue.Empty:
        pytest.fail(said)
    finally:
        process.terminate()
        process.wait(20)
        reader.join()
        process.stdout.close()


@posix
def test_gunicorn_with_preload(server: Bedrock, source: SimpleNamespace, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    write("Gunicorn", tmp_path / "hello.py", server)
    arguments = ["gunicorn", "--preload", "--workers=2", "--bind=127.0.0.1:0", "hello:app"]
    listening = running(arguments, tmp_path, r"Listening at: (http://[\d.:]+)")
    with listening as ready, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(get, [ready[1]] * 40)) == [REPLY] * 40
    assert tokens(server)
    assert len(server.requests) == 40
    assert 1 <= source.runs() <= 2


@posix
def test_celery(
    server: Bedrock, source: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("celery", reason="celery is not installed")
    for name in ("queue", "processed", "control", "results"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("CELERY_BROKER_URL", "filesystem://")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", f"file://{tmp_path}/results")
    write("Celery", tmp_path / "tasks.py", server)
    (tmp_path / "transport.py").write_text(
        "from tasks import app, ask\n"
        "app.conf.broker_transport_options = {\n"
        "    'data_folder_in': 'queue', 'data_folder_out': 'queue',\n"
        "    'processed_folder': 'processed', 'control_folder': 'control',\n"
        "}\n"
    )
    worker = ["celery", "-A", "transport", "worker", "--pool=prefork", "--concurrency=2"]
    send = (
        "from transport import ask\n"
        "results = [ask.delay('Hello') for _ in range(20)]\n"
        "print(*{result.get(timeout=30) for result in results})\n"
    )
    with running([*worker, "--loglevel=INFO"], tmp_path, r"celery@\S+ ready\."):
        run = subprocess.run(
            [sys.executable, "-c", send],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert run.stdout.strip() == REPLY, run.stderr
    assert tokens(server)
    assert len(server.requests) == 20
    assert 1 <= source.runs() <= 2
