"""An S3 server of this machine, named by the connection ``depo``; staging lies in a bucket of its own there."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.dag.conftest import dags_folder, run_special_codes
from tests.integration.dag.test_operator import run_operator
from tests.integration.sync.apply.driver import Driver

__all__ = ["dags_folder", "run_operator", "run_special_codes"]

_buckets = count(1)


class Bucket:
    """One bucket, looked at by a client that shares nothing with the provider's."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def list_keys(self, prefix: str = "") -> list[str]:
        """The keys of all objects, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", []))

    def read(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())

    def write(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.client.delete_object(Bucket=self.name, Key=key)


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """The server's address.

    S3 alone is served: moto's own server asks for each request which of its hundred and more services it is for.
    """
    from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every request
    server = make_server("127.0.0.1", 0, create_backend_app("s3"), threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, name="s3", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def connect_s3(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``connect_s3("depo", endpoint_url=…)``: a connection to an S3 server; forgotten with the clients made from it."""
    from airflow.sdk.io import store

    def connect(conn_id: str, **extra: Any) -> None:
        given = {"endpoint_url": s3_url, "region_name": "eu-central-1", **extra}
        fields = {"conn_type": "aws", "login": "AKIADEPO", "password": "depo-gizli-9c1", "extra": json.dumps(given)}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    before = dict(store._STORE_CACHE)  # noqa: SLF001  Airflow has no other way
    yield connect
    store._STORE_CACHE.clear()  # noqa: SLF001  Airflow has no other way
    store._STORE_CACHE.update(before)  # noqa: SLF001  Airflow has no other way


@pytest.fixture
def bucket(s3_url: str, connect_s3: Callable[..., None]) -> Bucket:
    """An empty bucket."""
    import boto3

    connect_s3("depo")
    client = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="eu-central-1",
        aws_access_key_id="AKIADEPO",
        aws_secret_access_key="depo-gizli-9c1",
    )
    name = f"muhasebe-{next(_buckets)}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return Bucket(client, name)


@pytest.fixture
def staging(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The staging path, in the bucket."""
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.io import store

    uri = f"s3://depo@{bucket.name}/oduyo/staging"
    monkeypatch.setenv("ODUYO_STAGING_PATH", uri)
    path = ObjectStoragePath(uri)
    store._STORE_CACHE.clear()  # noqa: SLF001  the run itself is to make its client, as a worker's process does
    return path


@pytest.fixture
def driver(site: Sandbox, staging: Any) -> Driver:
    """A run without Airflow, its staging in the bucket."""
    return Driver(site, staging)
