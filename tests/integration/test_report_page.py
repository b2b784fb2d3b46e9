"""The report's page in a real browser, Chromium: what a person sees, by pointer and by keyboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from secret_access.report.pages import as_html
from secret_access.report.report import report
from tests.infra.report.answers import NOW, WIDENED, answers, cell, evaluation, preflight, proof, rbac

NAMES = ("prod", "shop", "test", "test-eu")
MANY = tuple(f"team-{number:03}" for number in range(200))


@pytest.fixture(scope="module")
def chromium() -> Iterator[WebDriver]:
    """Headless, with what the page's console and network say."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def show(chromium: WebDriver, folder: Path, **texts: str) -> None:
    """Open the page of these answers."""
    page = folder / "report.html"
    page.write_text(as_html(report(answers(**texts), "platform", NOW)))
    log(chromium, "performance")
    chromium.get(page.as_uri())


@pytest.fixture
def page(chromium: WebDriver, tmp_path: Path) -> WebDriver:
    """The page of four namespaces, one of which can use another's secrets."""
    texts = {"evaluation": evaluation(WIDENED, names=NAMES), "proof": proof(names=NAMES)}
    show(chromium, tmp_path, **texts, rbac=rbac(), preflight=preflight())
    return chromium


def log(page: WebDriver, kind: str) -> list[dict[str, Any]]:
    """What the browser noted since this was last asked."""
    found: list[dict[str, Any]] = page.get_log(kind)  # type: ignore[no-untyped-call]
    return found


def text(page: WebDriver, name: str) -> str:
    return page.find_element(By.ID, name).text


def press(page: WebDriver, *keys: str) -> None:
    page.find_element(By.ID, "map").send_keys(*keys)


def pixel(page: WebDriver, row: int, column: int) -> list[int]:
    """The colour of a pair's corner."""
    program = """
        const [x, y] = [view.left + arguments[1] * view.size + 2, view.top + arguments[0] * view.size + 2];
        const ratio = window.devicePixelRatio;
        return [...map.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data];
    """
    found: list[int] = page.execute_script(program, row, column)
    return found


def requests(page: WebDriver) -> list[str]:
    """Every address that the browser asked for since the page was opened."""
    entries: list[dict[str, Any]] = [json.loads(each["message"])["message"] for each in log(page, "performance")]
    sent = [each["params"]["request"]["url"] for each in entries if each["method"] == "Network.requestWillBeSent"]
    return [address for address in sent if not address.startswith("data:")]


def test_the_page_asks_for_nothing_and_complains_of_nothing(page: WebDriver) -> None:
    """The only address is its own file's."""
    assert requests(page) == [page.current_url]
    assert log(page, "browser") == []


def test_a_pair_says_why_when_it_is_pointed_at(page: WebDriver) -> None:
    """`test` can use `prod`'s secrets: with a name, the role, and the statement, and what the cloud answered."""
    place = page.execute_script(
        "const box = map.getBoundingClientRect();"
        "return [view.left + 0.5 * view.size - box.width / 2, view.top + 2.5 * view.size - box.height / 2]"
    )
    ActionChains(page).move_to_element_with_offset(page.find_element(By.ID, "map"), *map(round, place)).perform()
    said = text(page, "cell")
    assert "test and the secrets of prod" in said
    assert "can use prod/a (of namespace prod)" in said
    assert "statement Added" in said
    assert "asked for prod/db: 403 by aws, request 83fbb4d9" in said


def test_the_keyboard_reaches_every_pair(page: WebDriver) -> None:
    """Arrows move, Home and End go to the row's ends, n finds what is wrong, and the border holds."""
    press(page, Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert "shop and the secrets of test" in text(page, "cell")
    press(page, Keys.END)
    assert "shop and the secrets of test-eu" in text(page, "cell")
    press(page, Keys.HOME, Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_LEFT)
    assert "prod and its own secrets" in text(page, "cell")
    press(page, "n")
    assert "test and the secrets of prod" in text(page, "cell")


def test_tab_reaches_the_heat_map(page: WebDriver) -> None:
    """By keyboard alone, from the page's top."""
    for _ in range(20):
        ActionChains(page).send_keys(Keys.TAB).perform()
        if page.switch_to.active_element.get_attribute("id") == "map":
            return
    pytest.fail("20 times Tab did not reach the heat map")


def test_a_search_leaves_what_it_names(page: WebDriver) -> None:
    """Rows of the heat map, findings and documents; whoever can use the secrets of what is searched for stays."""
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    page.switch_to.active_element.send_keys("prod")
    assert text(page, "shown") == "2 of 4 namespaces"
    documents = page.find_elements(By.CSS_SELECTOR, "details.filtered")
    assert 0 < sum(each.is_displayed() for each in documents) < len(documents)
    for each in documents:
        assert each.is_displayed() == ("prod" in (each.get_attribute("textContent") or ""))
    assert "User jane" not in text(page, "rbac")
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert text(page, "shown") == "4 namespaces"
    assert "User jane" in text(page, "rbac")


def test_the_filter_leaves_the_rows_with_a_breach(page: WebDriver) -> None:
    page.find_element(By.CSS_SELECTOR, "input[value=b]").click()
    assert text(page, "shown") == "1 of 4 namespaces"
    page.find_element(By.CSS_SELECTOR, "input[value='?u-']").click()
    assert text(page, "shown") == "0 of 4 namespaces"
    assert "No namespace matches." in text(page, "cell")


def test_a_row_has_its_own_name_where_names_are_numbers(chromium: WebDriver, tmp_path: Path) -> None:
    """`20` and `3` are names of namespaces, and JavaScript sorts such keys."""
    show(chromium, tmp_path, evaluation=evaluation(names=("20", "test", "3")))
    assert chromium.execute_script("return namespaces()") == ["20", "test", "3"]
    press(chromium, Keys.HOME, Keys.ARROW_UP, Keys.ARROW_UP)
    assert "20 and its own secrets" in text(chromium, "cell")


def test_light_and_dark_have_colours_of_their_own(page: WebDriver) -> None:
    """As the system prefers; a breach differs from what is apart in both."""
    seen = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        page.execute_script("draw()")
        ground = page.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
        seen.append((ground, pixel(page, 2, 0), pixel(page, 1, 0)))
    (light, breach, apart), (dark, dark_breach, dark_apart) = seen
    assert light != dark
    assert len({tuple(each) for each in (breach, apart, dark_breach, dark_apart)}) == 4


def test_a_cloud_has_a_tab(chromium: WebDriver, tmp_path: Path) -> None:
    """By click and by arrow key."""
    asked = json.dumps({"cells": [cell("test", "test", vault="vault", decided_by="vault")]})
    show(chromium, tmp_path, evaluation=evaluation(), proof=asked)
    first, second = chromium.find_elements(By.CSS_SELECTOR, "[role=tab]")
    assert (first.text, second.text) == ("aws", "vault")
    second.click()
    assert (second.get_attribute("aria-selected"), text(chromium, "shown")) == ("true", "1 namespace")
    second.send_keys(Keys.ARROW_LEFT)
    assert (first.get_attribute("aria-selected"), text(chromium, "shown")) == ("true", "2 namespaces")


def test_two_hundred_namespaces_are_one_picture(chromium: WebDriver, tmp_path: Path) -> None:
    """40,000 pairs without a scroll bar to the right; the one breach is found by a key."""
    given = json.loads(evaluation(names=MANY))
    verdict = given["clouds"][0]
    verdict["breaches"] = [
        {
            "namespace": "team-123",
            "owner": "team-045",
            "name": "team-045/a",
            "identity": "a role",
            "statements": ["this"],
        }
    ]
    show(chromium, tmp_path, evaluation=json.dumps(given))
    assert text(chromium, "shown") == "200 namespaces"
    assert chromium.execute_script("return map.clientWidth <= map.parentElement.clientWidth")
    assert chromium.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    press(chromium, "n")
    assert "team-123 and the secrets of team-045" in text(chromium, "cell")
    assert pixel(chromium, 123, 45) != pixel(chromium, 123, 46)
