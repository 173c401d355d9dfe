"""Providers and tokens in other processes: each resolves for itself, and no secret travels."""

from __future__ import annotations

import asyncio
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest

import scaling_worker
from bedrock_token_generator import aio, get_token_provider
from credential_source import SECRET_KEY, SESSION_TOKEN
from examples import KEYS

REASON = "needs the extra 'scaling'"
cloudpickle = pytest.importorskip("cloudpickle", reason=REASON)
distributed = pytest.importorskip("distributed", reason=REASON)

# On a busy machine, dask tries to connect to itself again, and leaves the socket to the collector.
pytestmark = pytest.mark.filterwarnings("default:unclosed <socket:ResourceWarning")


@pytest.fixture
def pool(container):
    """Two spawned workers, which have the environment of the fixtures before this one."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def dask(container, tmp_path):
    """A client of two worker processes on loopback."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(tmp_path / "dask"),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_each_worker_process_resolves_its_own(pool, container):
    results = list(pool.map(scaling_worker.token_of_this_process, range(20)))
    access_keys = {pid: container.verify(token) for pid, token in results}
    assert os.getpid() not in access_keys
    # As many credentials, and requests for them, as processes.
    assert len(set(access_keys.values())) == len(access_keys) == container.requests["container"]


def test_a_provider_is_shipped_to_a_pool(pool, container):
    provider = get_token_provider()
    own = container.verify(provider())
    tokens = list(pool.map(scaling_worker.token_of, [provider] * 5))
    # A copy resolves for itself, in each task.
    assert len({own, *map(container.verify, tokens)}) == container.requests["container"] == 6
    container.verify(pool.submit(provider).result())


def test_an_async_provider_is_shipped_to_a_pool(pool, container):
    provider = aio.get_token_provider()
    own = container.verify(asyncio.run(provider()))
    assert container.verify(pool.submit(scaling_worker.awaited_token_of, provider).result()) != own


def test_a_token_is_shipped_with_its_end(pool, container):
    token = get_token_provider()()
    pid, returned = pool.submit(scaling_worker.same, token).result()
    assert pid != os.getpid()
    assert (returned, returned.expires_at) == (token, token.expires_at)
    container.verify(returned)
    assert container.requests["container"] == 1


def test_a_provider_in_a_closure_is_shipped_by_cloudpickle(pool, container):
    provider = get_token_provider()
    own = container.verify(provider())
    shipped = cloudpickle.dumps(lambda: (os.getpid(), provider()))
    pid, token = pool.submit(scaling_worker.unpickled_call, shipped).result()
    assert pid != os.getpid()
    assert container.verify(token) != own


def test_dask_workers_resolve_their_own(dask, container):
    provider = get_token_provider()
    own = container.verify(provider())
    imported = dask.gather(dask.map(scaling_worker.token_of_this_process, range(10)))
    scattered = dask.scatter(provider, broadcast=True)
    # A scattered provider is one for each worker.
    used = dask.gather(dask.map(lambda _, p: (os.getpid(), p()), range(10), p=scattered))
    for results in (imported, used):
        access_keys = {pid: container.verify(token) for pid, token in results}
        assert os.getpid() not in access_keys
        assert own not in access_keys.values()
        assert len(set(access_keys.values())) == len(access_keys)
    # The parent's, and at most two for each of the two workers.
    assert container.requests["container"] <= 5
    # In a closure it is shipped with each task.
    before = container.requests["container"]
    for token in dask.gather(dask.map(lambda _: provider(), range(5))):
        container.verify(token)
    assert container.requests["container"] == before + 5


MAKERS = {
    "provider": lambda: get_token_provider(profile="default"),
    "async": lambda: aio.get_token_provider(profile="default"),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_used_provider_pickles_to_the_bytes_of_a_fresh_one(make, container, config):
    config("[default]\n")
    fresh, used = make(), make()
    token = used()
    if asyncio.iscoroutine(token):
        token = asyncio.run(token)
    access_key = container.verify(token)
    # Which may be compressed: bytes that are equal can hold no more.
    assert distributed.protocol.dumps(used) == distributed.protocol.dumps(fresh)
    for dumped in (pickle.dumps(used), cloudpickle.dumps(used), cloudpickle.dumps(lambda: used())):
        for secret in (access_key, SECRET_KEY, SESSION_TOKEN, str(token)[20:60]):
            assert secret.encode() not in dumped
    assert pickle.dumps(used) == pickle.dumps(fresh)


def test_environment_keys_do_not_travel(environment):
    provider = get_token_provider()
    token = provider()
    dumped = cloudpickle.dumps(provider)
    for secret in (KEYS.access_key, KEYS.secret_key, KEYS.token, str(token)[20:60]):
        assert secret.encode() not in dumped


def test_given_keys_travel(credentials):
    """The other side of it: the page says so, and the look at the bytes can find a secret."""
    provider = get_token_provider(credentials=credentials, region="us-east-1")
    assert KEYS.secret_key.encode() in cloudpickle.dumps(provider)


def test_given_credentials_that_refresh_cannot_travel(role):
    provider = get_token_provider(credentials=role(timedelta(hours=1)), region="us-east-1")
    with pytest.raises(TypeError, match="pickle"):
        cloudpickle.dumps(provider)
