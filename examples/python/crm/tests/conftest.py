"""A CRM with cases of the example portfolio, at a fixed instant. DATABASE_URL picks another database than SQLite."""

import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import recoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from crm.app import create_app, now
from crm.models import Base, open_database
from crm.seed import seed

REPOSITORY = Path(__file__).parents[4]
AS_OF = datetime(2026, 9, 7, 22, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="session")
def rules() -> recoup.Engine:
    return recoup.Engine.load(REPOSITORY / "rules/us-consumer")


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """An empty database with 100 cases."""
    url = os.environ.get("DATABASE_URL", f"sqlite:///{tmp_path / 'crm.db'}")
    database = open_database(url)
    Base.metadata.drop_all(database)
    Base.metadata.create_all(database)
    lines = (REPOSITORY / "examples/data/portfolio.ndjson").read_text("utf-8").splitlines()
    with Session(database) as session:
        assert seed(session, lines[:100]) == 100
    yield url
    Base.metadata.drop_all(database)
    database.dispose()


@pytest.fixture
def app(rules: recoup.Engine, database_url: str) -> Iterator[FastAPI]:
    app = create_app(rules, database_url)
    app.dependency_overrides[now] = lambda: AS_OF
    yield app
    app.state.sessions.kw["bind"].dispose()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client
