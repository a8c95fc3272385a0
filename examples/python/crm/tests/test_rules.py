"""The CRM starts with good rules alone, and takes good ones alone while it runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import recoup
from fastapi.testclient import TestClient

from crm.app import create_app
from crm.tests.conftest import REPOSITORY


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the rules that may be changed."""
    for name in ("base", "us-consumer"):
        shutil.copytree(REPOSITORY / "rules" / name, tmp_path / "rules" / name)
    return tmp_path / "rules/us-consumer"


@pytest.fixture
def client(pack: Path, database_url: str) -> Iterator[TestClient]:
    app = create_app(recoup.Engine.load(pack), database_url)
    with TestClient(app) as client:
        yield client
    app.state.sessions.kw["bind"].dispose()


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_changed_rules_are_taken_into_use(client: TestClient, pack: Path) -> None:
    before = client.get("/rules").json()
    assert before["name"] == "us-consumer"
    replace(pack / "segmentation.yaml", ">= 10000", ">= 20000")
    after = client.post("/rules/reload")
    assert after.status_code == 200
    assert after.json()["digest"] != before["digest"]
    assert after.json() == client.get("/rules").json()


def test_bad_rules_are_refused_and_the_old_ones_stay(client: TestClient, pack: Path) -> None:
    before = client.get("/rules").json()
    replace(pack / "segmentation.yaml", "then segment", "then segmnt")
    refused = client.post("/rules/reload")
    assert refused.status_code == 422
    first = refused.json()["diagnostics"][0]
    assert first["path"] == "us-consumer/segmentation.yaml"
    assert first["line"] > 1 and first["help"] is not None
    assert client.get("/rules").json() == before
    assert client.post("/cases/US-00031/decide").status_code == 200


def start(rules: Path, database: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RULES": str(rules), "DATABASE_URL": f"sqlite:///{database}"}
    command = [sys.executable, "-m", "crm"]
    folder = Path(__file__).parents[2]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_it_does_not_start_with_bad_rules(pack: Path, tmp_path: Path) -> None:
    replace(pack / "segmentation.yaml", "then segment", "then segmnt")
    ended = start(pack, tmp_path / "crm.db")
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert lines[0] == "the rules cannot be used, so the CRM does not start"
    assert lines[1].startswith("us-consumer/segmentation.yaml:")
    assert "Traceback" not in ended.stderr


def test_it_does_not_start_without_rules(tmp_path: Path) -> None:
    ended = start(tmp_path / "nowhere", tmp_path / "crm.db")
    assert ended.returncode == 1
    assert "nowhere` does not exist" in ended.stderr
    assert "Traceback" not in ended.stderr
