"""Every endpoint, used well and used wrongly."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crm.app import now
from crm.models import Case
from crm.tests.conftest import AS_OF

MINIMAL = {
    "case_id": "N-1",
    "product": "card",
    "collector_type": "third_party",
    "debtor_type": "consumer",
    "balance": "12000.10",
    "past_due": "12000.10",
    "days_past_due": 131,
    "disputes": [],
    "settlements": [],
}


def put(client: TestClient, record: dict[str, Any]) -> Any:
    return client.put(f"/cases/{record['case_id']}", json=record)


def decide(client: TestClient, case_id: str) -> Any:
    answer = client.post(f"/cases/{case_id}/decide")
    assert answer.status_code == 200, answer.text
    return answer.json()


def first_action(client: TestClient, case_id: str) -> Any:
    return decide(client, case_id)["actions"][0]


def test_what_now_stores_the_next_state(client: TestClient) -> None:
    first = client.post("/cases/US-00031/decide")
    assert first.json()["segmentation"] == {"segment": "high_value", "strategy": "account_manager"}
    again = client.post("/cases/US-00031/decide")
    assert again.json()["stage"]["from"] == "initial_contact"
    # Nothing happened in between, so there was nothing to store.
    assert first.headers["ETag"] == again.headers["ETag"] == '"2"'


def test_days_that_pass_lead_to_the_next_steps(app: FastAPI, client: TestClient) -> None:
    assert [action["step"] for action in decide(client, "US-00031")["actions"]] == []
    app.dependency_overrides[now] = lambda: AS_OF + timedelta(days=2)
    assert decide(client, "US-00031")["today"] == "2026-09-09"
    app.dependency_overrides[now] = lambda: AS_OF + timedelta(days=15)
    assert decide(client, "US-00031")["stage"]["to"] != "initial_contact"


def test_the_list_holds_the_cases_whose_time_has_come(app: FastAPI, client: TestClient) -> None:
    assert "US-00031" in client.get("/").text
    review = decide(client, "US-00031")["next_review_at"]
    assert review == "2026-09-08T04:00:00Z"
    assert "US-00031" not in client.get("/").text
    app.dependency_overrides[now] = lambda: AS_OF.fromisoformat(review)
    assert "US-00031" in client.get("/").text


def test_a_new_case_is_stored_with_exact_amounts(client: TestClient) -> None:
    bare_numbers = json.dumps(MINIMAL).replace('"12000.10"', "12000.10")
    answer = client.put("/cases/N-1", content=bare_numbers, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["settlement"]["of"] == "12000.10"
    assert decide(client, "N-1")["settlement"]["of"] == "12000.10"


def test_a_record_with_problems_is_refused_with_all_of_them(client: TestClient) -> None:
    answer = put(client, MINIMAL | {"days_past_deu": 131, "product": "crad"})
    assert answer.status_code == 422
    assert answer.json()["problems"] == [
        {
            "path": "days_past_deu",
            "message": "there is no field `days_past_deu`",
            "help": "did you mean `days_past_due`?",
        },
        {
            "path": "product",
            "message": "`crad` is not one of the values of this choice",
            "help": "did you mean `card`?",
        },
    ]
    assert client.get("/cases/N-1").status_code == 404


def test_a_changed_record_that_is_refused_leaves_the_old_one(client: TestClient) -> None:
    assert put(client, MINIMAL).status_code == 200
    assert put(client, MINIMAL | {"balance": "-1.00"}).status_code == 422
    assert decide(client, "N-1")["settlement"]["of"] == "12000.10"


def test_a_record_of_another_case_is_refused(client: TestClient) -> None:
    answer = client.put("/cases/N-2", json=MINIMAL)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "the record has another case_id than N-2"


def test_a_body_that_is_no_json_is_refused(client: TestClient) -> None:
    answer = client.put("/cases/N-1", content="{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_a_case_that_there_is_not(client: TestClient) -> None:
    answer = client.post("/cases/US-99999/decide")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no case US-99999")


def test_an_offer_is_judged_by_who_makes_it(client: TestClient) -> None:
    def judge(**offer: object) -> Any:
        return client.post("/cases/US-00049/offers", json=offer).json()

    accepted = judge(amount="1147.16", role="senior")
    assert (accepted["verdict"], accepted["plan"]) == ("accepted", [{"due": "2026-09-21", "amount": "1147.16"}])
    by_junior = judge(amount="1147.16", role="collector")
    assert (by_junior["verdict"], by_junior["approval_by"]) == ("needs_approval", "senior")
    low = judge(amount="100.00", instalments=2)
    assert (low["verdict"], low["counter"]) == ("refused", {"amount": "1214.64", "instalments": 2})


def test_an_offer_with_a_bare_number_is_exact(client: TestClient) -> None:
    answer = client.post(
        "/cases/US-00049/offers", content='{"amount": 1147.16}', headers={"Content-Type": "application/json"}
    )
    assert answer.json()["amount"] == "1147.16"


@pytest.mark.parametrize(
    ("offer", "path"),
    [
        ({"amount": "0"}, "offer.amount"),
        ({"amount": "5", "instalments": 0}, "offer.instalments"),
        ({"amount": "5", "role": "boss"}, "offer.role"),
    ],
)
def test_an_offer_that_is_none(client: TestClient, offer: dict[str, object], path: str) -> None:
    answer = client.post("/cases/US-00049/offers", json=offer)
    assert (answer.status_code, [problem["path"] for problem in answer.json()["problems"]]) == (422, [path])


def test_a_contact_at_night_is_denied_until_the_morning(client: TestClient) -> None:
    at_night = {"channel": "call", "at": "2026-09-08T02:00:00-06:00"}
    denied = client.post("/cases/US-00003/contacts/check", json=at_night).json()
    assert denied["verdict"] == "deny"
    assert [reason["rule"] for reason in denied["reasons"]] == ["contact/reg-f/hours"]
    assert denied["next_allowed_at"] == "2026-09-08T14:00:00Z"
    assert client.post("/cases/US-00003/contacts/check", json={"channel": "call"}).json()["verdict"] == "allow"


def test_a_contact_by_a_channel_that_there_is_not(client: TestClient) -> None:
    answer = client.post("/cases/US-00003/contacts/check", json={"channel": "fax"})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "attempt.channel"


def test_a_contact_at_a_time_without_zone(client: TestClient) -> None:
    answer = client.post("/cases/US-00003/contacts/check", json={"channel": "call", "at": "2026-09-08T02:00:00"})
    assert answer.status_code == 422
    assert "no time zone" in answer.json()["detail"]


def test_an_action_that_was_carried_out_is_not_asked_for_again(client: TestClient) -> None:
    action = first_action(client, "US-00001")
    assert (action["action"], action["status"], action["channel"]) == ("send", "ready", "letter")
    answer = client.post(f"/cases/US-00001/actions/{action['id']}/outcome", json={"outcome": "delivered"})
    assert answer.status_code == 200
    assert action["id"] not in [action["id"] for action in answer.json()["actions"]]
    again = client.post(f"/cases/US-00001/actions/{action['id']}/outcome", json={"outcome": "delivered"})
    assert (again.status_code, again.json()["detail"]) == (
        409,
        f"the last decision asks for no action {action['id']}",
    )


def test_a_contact_that_was_made_is_kept_where_the_limits_count_it(app: FastAPI, client: TestClient) -> None:
    action = first_action(client, "US-00001")
    # The pack knows which outcomes a contact has.
    refused = client.post(f"/cases/US-00001/actions/{action['id']}/outcome", json={"outcome": "deliverd"})
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["help"] == "did you mean `delivered`?"
    client.post(f"/cases/US-00001/actions/{action['id']}/outcome", json={"outcome": "delivered"})
    with app.state.sessions() as session:
        contacts = session.get_one(Case, "US-00001").record["contacts"]
    assert contacts == [
        {"at": "2026-09-07T22:00:00+00:00", "direction": "outbound", "channel": "letter", "outcome": "delivered"}
    ]


def test_an_action_that_needs_a_look_is_approved(client: TestClient) -> None:
    action = first_action(client, "US-00049")
    assert action["status"] == "needs_review"
    path = f"/cases/US-00049/actions/{action['id']}/approval"
    answer = client.post(path, json={"by": "Dana"})
    assert answer.status_code == 200
    approved = answer.json()["actions"][0]
    assert (approved["id"], approved["status"], approved["approved_by"]) == (action["id"], "ready", "Dana")
    again = client.post(path, json={"by": "Dana"})
    assert (again.status_code, again.json()["detail"]) == (409, f"action {action['id']} is ready, it waits for nobody")


def test_an_action_of_nobody_cannot_be_approved(client: TestClient) -> None:
    decide(client, "US-00049")
    assert client.post("/cases/US-00049/actions/0/approval", json={"by": "Dana"}).status_code == 409
    assert client.post("/cases/US-00002/actions/0/approval", json={"by": "Dana"}).status_code == 409


def test_a_case_on_hold_has_no_actions_that_are_ready(client: TestClient) -> None:
    assert first_action(client, "US-00001")["status"] == "ready"
    hold = {"reason": "letter from a lawyer", "by": "Dana", "start": "2026-09-07"}
    held = client.put("/cases/US-00001/holds/lawyer", json=hold).json()["actions"][0]
    assert (held["status"], held["hold"]) == ("blocked", "lawyer")
    released = client.delete("/cases/US-00001/holds/lawyer").json()["actions"][0]
    assert released["status"] == "ready"
    again = client.delete("/cases/US-00001/holds/lawyer")
    assert (again.status_code, again.json()["problems"][0]["message"]) == (409, "there is no hold `lawyer`")


def test_a_hold_before_the_first_decision_is_refused(client: TestClient) -> None:
    hold = {"reason": "letter from a lawyer", "by": "Dana", "start": "2026-09-07"}
    answer = client.put("/cases/US-00001/holds/lawyer", json=hold)
    assert (answer.status_code, answer.json()["detail"]) == (409, "case US-00001 was not decided yet")


def test_a_hold_that_ends_before_it_begins(client: TestClient) -> None:
    decide(client, "US-00001")
    hold = {"reason": "letter from a lawyer", "by": "Dana", "start": "2026-09-07", "until": "2026-09-01"}
    answer = client.put("/cases/US-00001/holds/lawyer", json=hold)
    assert answer.status_code == 409
    assert [problem["path"] for problem in answer.json()["problems"]] != []


def test_the_log_keeps_every_decision(client: TestClient) -> None:
    assert client.get("/cases/US-00001/log").json() == []
    decision = decide(client, "US-00001")
    [entry] = client.get("/cases/US-00001/log").json()
    assert entry["decision"] == decision
    assert (entry["as_of"], entry["pack"]) == ("2026-09-07T22:00:00Z", "us-consumer 2026.11.0")
