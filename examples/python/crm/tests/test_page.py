"""The page of a case, as HTML and in a browser."""

import shutil
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

SCRIPT = "<script>window.hacked = true</script>"
HACKED = {
    "case_id": "X-1",
    "name": SCRIPT,
    "portfolio": SCRIPT,
    "product": "card",
    "collector_type": "third_party",
    "debtor_type": "consumer",
    "balance": "100.00",
    "past_due": "100.00",
    "days_past_due": 40,
    "city": SCRIPT,
    "contacts": [],
    "promises": [],
    "payments": [],
}


@pytest.fixture
def site(app: FastAPI) -> Iterator[str]:
    """The CRM, served on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.fail("the page is tested in Chromium: install the packages `chromium` and `chromium-driver`")
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    with Chrome(options, ChromeService(driver)) as browser:
        yield browser


def text(browser: Chrome, id: str) -> str:
    return browser.find_element(By.ID, id).text


def click_and_reload(browser: Chrome, button: str) -> None:
    body = browser.find_element(By.TAG_NAME, "body")
    browser.find_element(By.CSS_SELECTOR, button).click()
    WebDriverWait(browser, 20).until(staleness_of(body))


def test_an_approval_by_hand(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/")
    browser.find_element(By.LINK_TEXT, "US-00049").click()
    assert "Not decided yet." in browser.find_element(By.TAG_NAME, "body").text

    click_and_reload(browser, "#decide")
    assert text(browser, "group").startswith("Initial contact; segment standard; strategy ladder;")
    actions = text(browser, "actions")
    assert "send welcome" in actions and "needs_review" in actions
    assert "not known: contacts" in actions
    assert text(browser, "escalations").startswith("team_lead, level 2, due 2026-09-10: more than 60 days late")
    assert "settlement: 1147.16 of 1349.59 in 1, by a senior" in text(browser, "offers")

    click_and_reload(browser, "#actions button")
    assert "ready" in text(browser, "actions")
    assert browser.find_elements(By.CSS_SELECTOR, "#actions button") == []


def test_the_explanation_opens(browser: Chrome, site: str, client: TestClient) -> None:
    client.post("/cases/US-00031/decide")
    browser.get(f"{site}/cases/US-00031")
    row = browser.find_element(By.XPATH, "//details//tr[td='high-value']")
    assert not row.is_displayed()
    browser.find_element(By.TAG_NAME, "summary").click()
    assert row.is_displayed()
    assert "the sum is worth one person who knows the case" in row.text
    assert "escalations/legal-review: limitation_expires_on" in text(browser, "unknowns")


def test_who_looks_at_an_old_page_is_told_so(browser: Chrome, site: str, client: TestClient) -> None:
    client.post("/cases/US-00049/decide")
    browser.get(f"{site}/cases/US-00049")
    hold = {"reason": "letter from a lawyer", "by": "Dana", "start": "2026-09-07"}
    assert client.put("/cases/US-00049/holds/lawyer", json=hold).status_code == 200
    browser.find_element(By.CSS_SELECTOR, "#actions button").click()
    WebDriverWait(browser, 20).until(lambda b: text(b, "problem") != "")
    assert text(browser, "problem") == "case US-00049 was changed meanwhile: look at it again"


def test_a_blocked_action_says_why(client: TestClient) -> None:
    client.post("/cases/US-00001/decide")
    hold = {"reason": "letter from a lawyer", "by": "Dana", "start": "2026-09-07"}
    client.put("/cases/US-00001/holds/lawyer", json=hold)
    page = client.get("/cases/US-00001").text
    assert '<td class="blocked">blocked' in page
    assert "<li>on hold: lawyer" in page


def test_text_of_records_is_no_markup(browser: Chrome, site: str, client: TestClient) -> None:
    assert client.put("/cases/X-1", json=HACKED).status_code == 200
    for path in ("/cases/X-1", "/"):
        page = client.get(path).text
        assert SCRIPT not in page
        browser.get(site + path)
        assert browser.execute_script("return window.hacked") is None
    browser.get(f"{site}/cases/X-1")
    assert browser.find_element(By.TAG_NAME, "h1").text == f"{SCRIPT}, case X-1"
