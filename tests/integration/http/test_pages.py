"""The pages and their files: what is served, how it is kept, and what it may load."""

import httpx

from context_api.http.console_files import BUILT


def test_the_documentation_needs_nobody_else(api: httpx.Client) -> None:
    page = api.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert api.get("/page/docs.css").status_code == api.get("/page/docs.js").status_code == 200
    assert (
        api.get(
            "/page/dom.js", headers={"If-None-Match": api.get("/page/dom.js").headers["ETag"]}
        ).status_code
        == 304
    )
    assert api.get("/page/../app.py").status_code == 404


def test_every_page_of_the_console_is_one_document(api: httpx.Client) -> None:
    first = api.get("/").text
    assert first.startswith("<!doctype html>")
    for path in ("/login", "/public", "/history", "/devices/aq-001", "/settings/keys/1"):
        assert api.get(path).text == first
    for path in ("/elsewhere", "/assets/none.js", "/api/v1/none"):
        answer = api.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_where_there_is_no_console_the_page_says_how_to_get_one(api: httpx.Client) -> None:
    text = api.get("/").text
    assert ("make console" in text) is not (BUILT / "index.html").is_file()
