"""A provider on both sides of a fork."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

import sigv4
from bedrock_token_generator import get_token_provider
from issuer import Issuer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

LATER = """
import datetime, time_machine

def later(**by):
    now = datetime.datetime.now(datetime.timezone.utc)
    time_machine.travel(now + datetime.timedelta(**by)).start()
"""

# One write a line, so that those of parent and child do not mix.
FORK = (
    LATER
    + """
import os
from bedrock_token_generator import get_token_provider

provider = get_token_provider()
os.write(1, f"before {provider()}\\n".encode())
later(seconds=61)
if os.fork() == 0:
    os.write(1, f"child {provider()}\\n".encode())
    os._exit(0)
os.write(1, f"parent {provider()}\\n".encode())
assert os.wait()[1] == 0
"""
)


@contextlib.contextmanager
def run(code, issuer, monkeypatch):
    """In a process of its own, because this one has threads; if its child hangs, both are ended."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{issuer.url}/v1/credentials")
    with subprocess.Popen(
        [sys.executable, "-c", code],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
            process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def verify(token, issuer, ahead):
    access_key = sigv4.claims(token).access_key
    now = datetime.now(timezone.utc) + ahead
    return sigv4.verify(token, issuer.of(access_key).keys, region="us-east-1", now=now)


@pytest.mark.parametrize("minutes", [60, 9], ids=["to use", "to renew"])
def test_child_and_parent_go_on(minutes, monkeypatch):
    """Credentials with 9 minutes to live are asked for at each renewal."""
    with Issuer(life=timedelta(minutes=minutes)) as issuer:
        with run(FORK, issuer, monkeypatch) as process:
            output, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        tokens = dict(line.split() for line in output.splitlines())
        assert tokens.keys() == {"before", "child", "parent"}
        signers = {sigv4.claims(token).access_key for token in tokens.values()}
    assert len(set(tokens.values())) >= 2
    assert len(signers) == (1 if minutes == 60 else 3)


FORK_IN_THE_MIDDLE = (
    LATER
    + """
import os, sys, threading
from botocore.session import Session
from bedrock_token_generator import get_token_provider

provider = get_token_provider(credentials={credentials})
if {minutes}:
    provider()
    later(minutes={minutes})
print("ready", flush=True)
sys.stdin.readline()  # Once the server no longer answers.
calling = threading.Thread(target=provider)
calling.start()
sys.stdin.readline()  # Once the server has been asked.
if os.fork() == 0:
    print("child", flush=True)
    sys.stdin.readline()  # Once the server answers.
    if {waits}:
        # Not even in a thread that came to life after the fork.
        again = threading.Thread(target=provider, daemon=True)
        again.start()
        again.join(0.5)
        print(again.is_alive(), flush=True)
    else:
        print(provider(), flush=True)
    os._exit(0)
os.wait()
calling.join()
"""
)


@pytest.mark.parametrize(
    ("minutes", "credentials", "waits"),
    [
        (0, None, False),
        (3, None, False),
        (4.5, None, False),
        # The child has botocore's lock, but not the thread that would release it.
        (4.5, "Session().get_credentials()", True),
    ],
    ids=["first call", "a token lives", "no token lives", "given credentials, no token lives"],
)
def test_a_fork_catches_a_thread_in_the_middle(minutes, credentials, waits, monkeypatch):
    """The child's main thread asks: it may have the ident of a thread that is lost."""
    code = FORK_IN_THE_MIDDLE.format(minutes=minutes, credentials=credentials, waits=waits)
    life = timedelta(minutes=5)  # Always in the last 10 minutes, in which botocore's threads wait.
    with Issuer(life) as issuer, run(code, issuer, monkeypatch) as process:

        def tell():
            print(file=process.stdin, flush=True)

        assert process.stdout.readline() == "ready\n"
        asked = issuer.requests
        issuer.answers_after.clear()
        tell()
        while issuer.requests == asked:
            assert process.poll() is None
            time.sleep(0.01)
        tell()
        assert process.stdout.readline() == "child\n"
        issuer.answers_after.set()
        tell()
        output, _ = process.communicate(timeout=30)
        if waits:
            assert output == "True\n"
        else:
            verify(output.strip(), issuer, timedelta(minutes=minutes))


def test_a_renewal_of_another_process_is_nobodys(container, monkeypatch):
    """As above without a fork, for the coverage of one process: only the number changes."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    provider = get_token_provider()
    container.answers_after.clear()
    with ThreadPoolExecutor(3) as pool:
        lost = pool.submit(provider)
        while not container.requests:
            time.sleep(0.001)
        monkeypatch.setattr(os, "getpid", lambda: 0)
        calls = [pool.submit(provider)]
        while container.requests == 1:
            time.sleep(0.001)
        calls.append(pool.submit(provider))  # Waits for the other of its process.
        time.sleep(0.05)
        asked = container.requests
        container.answers_after.set()
        tokens = {call.result() for call in calls}
        lost.result()
    assert asked == 2
    for token in tokens:
        verify(token, container, timedelta(0))
    assert provider() in {*tokens, lost.result()}


FORK_IN_AN_IMPORT = """
import os, signal, sys, threading
from bedrock_token_generator import get_token_provider

def wait(event, arguments):
    if event == "import" and arguments[0] == "botocore.client":  # By botocore.session.
        begun.set()
        forked.wait()

begun, forked = threading.Event(), threading.Event()
sys.addaudithook(wait)
if {before}:
    forked.set()
    get_token_provider()()
    forked.clear()
calling = threading.Thread(target=get_token_provider())
calling.start()
begun.wait()
if os.fork() == 0:
    forked.set()
    signal.alarm({seconds})
    get_token_provider()()
    os._exit(0)
print(os.WTERMSIG(os.wait()[1]), flush=True)
forked.set()
calling.join()
"""


@pytest.mark.parametrize(
    ("before", "seconds", "ended_by"),
    [(False, 1, signal.SIGALRM), (True, 30, 0)],
    ids=["of the first call", "a call before"],
)
def test_a_fork_catches_a_thread_that_imports(before, seconds, ended_by, monkeypatch):
    """Python's lock on the module that a thread is importing stays locked in the child."""
    code = FORK_IN_AN_IMPORT.format(before=before, seconds=seconds)
    with Issuer() as issuer, run(code, issuer, monkeypatch) as process:
        output, _ = process.communicate(timeout=50)
    assert int(output) == ended_by
