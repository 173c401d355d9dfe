"""A provider on both sides of a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest

import sigv4
from issuer import Issuer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

# One write a line, so that those of parent and child do not mix.
FORK = """
import os
from bedrock_token_generator import get_token_provider

provider = get_token_provider()
os.write(1, f"before {provider()}\\n".encode())
if os.fork() == 0:
    os.write(1, f"child {provider()}\\n".encode())
    os._exit(0)
os.write(1, f"parent {provider()}\\n".encode())
assert os.wait()[1] == 0
"""


def run(code, issuer, monkeypatch):
    """In a process of its own, because this one has threads."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{issuer.url}/v1/credentials")
    return subprocess.Popen(
        [sys.executable, "-c", code],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def verify(token, issuer):
    access_key = sigv4.claims(token).access_key
    now = datetime.now(timezone.utc)
    return sigv4.verify(token, issuer.of(access_key).keys, region="us-east-1", now=now)


@pytest.mark.parametrize("minutes", [60, 9], ids=["to use", "to renew"])
def test_child_and_parent_go_on(minutes, monkeypatch):
    """With 9 minutes to live, credentials are renewed for every token."""
    with Issuer(life=timedelta(minutes=minutes)) as issuer:
        with run(FORK, issuer, monkeypatch) as process:
            output, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        tokens = dict(line.split() for line in output.splitlines())
        assert tokens.keys() == {"before", "child", "parent"}
        signers = {verify(token, issuer).access_key for token in tokens.values()}
    assert len(signers) == (1 if minutes == 60 else 3)


FORK_IN_THE_MIDDLE = """
import copy, os, sys, threading
from bedrock_token_generator import get_token_provider

provider = get_token_provider()
if {used}:
    provider()
print("ready", flush=True)
sys.stdin.readline()  # Once the server no longer answers.
calling = threading.Thread(target=provider)
calling.start()
sys.stdin.readline()  # Once the server has been asked.
if os.fork() == 0:
    print("child", flush=True)
    sys.stdin.readline()  # Once the server answers.
    again = threading.Thread(target=provider, daemon=True)
    again.start()
    again.join({patience})
    print(again.is_alive(), {provider}(), flush=True)
    os._exit(0)
os.wait()
calling.join()
"""


@pytest.mark.parametrize(
    ("used", "provider", "waits"),
    [
        (False, "provider", False),
        # The child has botocore's lock, but not the thread that would release it.
        (True, "copy.copy(provider)", True),
    ],
    ids=["in the first call", "in a refresh"],
)
def test_a_fork_catches_a_thread_in_the_middle(used, provider, waits, monkeypatch):
    code = FORK_IN_THE_MIDDLE.format(used=used, provider=provider, patience=0.5 if waits else 20)
    life = timedelta(minutes=5)  # Always in the last 10 minutes, in which threads wait.
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
        waited, token = output.split()
        assert waited == str(waits)
        verify(token, issuer)
