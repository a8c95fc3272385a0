"""Two writers never overwrite each other."""

import json
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from crm.models import Approval, Case
from crm.tests.test_api import MINIMAL

HOLD = {"reason": "letter from a lawyer", "by": "Dana", "start": "2026-09-07"}
JSON = {"Content-Type": "application/json"}


def holds(app: FastAPI, case_id: str) -> set[str]:


    with app.state.sessions() as session:
        return {hold["id"] for hold in json.loads(session.get_one(Case, case_id).state)["holds"]}


def test_who_looked_at_an_old_page_changes_nothing(app: FastAPI, client: TestClient) -> None:
    seen = client.post("/cases/US-00001/decide").headers["ETag"]
    first = client.put("/cases/US-00001/holds/first", json=HOLD, headers={"If-Match": seen})
    assert first.status_code == 200
    second = client.put("/cases/US-00001/holds/second", json=HOLD, headers={"If-Match": seen})
    assert second.status_code == 409
    assert second.json()["detail"] == "case US-00001 was changed meanwhile: look at it again"
    third = client.put("/cases/US-00001/holds/third", json=HOLD, headers={"If-Match": first.headers["ETag"]})
    assert third.status_code == 200
    with app.state.sessions() as session:
        record = session.get_one(Case, "US-00001").record
    body = json.dumps(record, default=str)
    for tag, status in ((seen, 409), (third.headers["ETag"], 200)):
        stored = client.put("/cases/US-00001", content=body, headers={"If-Match": tag, **JSON})
        assert stored.status_code == status


def test_a_case_that_changes_between_reading_and_writing_is_not_overwritten(app: FastAPI, client: TestClient) -> None:
    client.post("/cases/US-00001/decide")

    def write_in_between(session: Session, context: UOWTransaction, instances: object) -> None:
        assert client.put("/cases/US-00001/holds/quick", json=HOLD).status_code == 200

    event.listen(Session, "before_flush", write_in_between, once=True)
    slow = client.put("/cases/US-00001/holds/slow", json=HOLD)
    assert slow.status_code == 409
    assert slow.json()["detail"] == "somebody else changed the case meanwhile: look at it again"
    assert holds(app, "US-00001") == {"quick"}
    # Nothing of the second writer is left, its decision is not logged either.
    assert len(client.get("/cases/US-00001/log").json()) == 2
    assert client.put("/cases/US-00001/holds/slow", json=HOLD).status_code == 200
    assert holds(app, "US-00001") == {"quick", "slow"}


def test_a_new_case_that_two_writers_make_is_stored_once(app: FastAPI, client: TestClient) -> None:
    first, second = MINIMAL | {"city": "Fresno"}, MINIMAL | {"city": "Oakland"}

    def write_in_between(session: Session, context: UOWTransaction, instances: object) -> None:
        assert client.put("/cases/N-1", json=first).status_code == 200

    event.listen(Session, "before_flush", write_in_between, once=True)
    assert client.put("/cases/N-1", json=second).status_code == 409
    with app.state.sessions() as session:
        assert session.get_one(Case, "N-1").record["city"] == "Fresno"


def test_an_approval_that_loses_leaves_no_trace(app: FastAPI, client: TestClient) -> None:
    action = client.post("/cases/US-00049/decide").json()["actions"][0]

    def write_in_between(session: Session, context: UOWTransaction, instances: object) -> None:
        assert client.put("/cases/US-00049/holds/quick", json=HOLD).status_code == 200

    event.listen(Session, "before_flush", write_in_between, once=True)
    path = f"/cases/US-00049/actions/{action['id']}/approval"
    assert client.post(path, json={"by": "Dana"}).status_code == 409
    with app.state.sessions() as session:
        assert session.query(Approval).count() == 0


def test_of_many_writers_at_once_all_that_were_told_so_are_stored(app: FastAPI, client: TestClient) -> None:
    client.post("/cases/US-00001/decide")

    def write(number: int) -> tuple[str, int]:
        return f"hold-{number}", client.put(f"/cases/US-00001/holds/hold-{number}", json=HOLD).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = dict(pool.map(write, range(40)))
    assert set(answers.values()) <= {200, 409}
    assert holds(app, "US-00001") == {hold for hold, status in answers.items() if status == 200} != set()
