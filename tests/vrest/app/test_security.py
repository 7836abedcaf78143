"""Who is answered, and what: hosts, origins, tokens, lengths, paths. The requests are made by httpx, as a browser would."""

import asyncio
from urllib.parse import quote

import httpx
import pytest

from vrest.app.guard import MOST_BYTES, Guard
from vrest.app.server import HEADER, App

PORT, TOKEN = 8765, "t0ken"
HERE = f"http://127.0.0.1:{PORT}"
TABLE = b"cell,K_o_mM,Na_o_mM,temperature_C,V_m_mV\na,5,140,22,-70\n"


@pytest.fixture
def app(tmp_path):
    return App(tmp_path / "kept")


def request(app, method="POST", path="/api/progress", cookie=True, base=HERE, **more):
    """One request's answer."""
    guarded = Guard(app.starlette(), PORT, TOKEN)
    headers = more.pop("headers", {}) | ({"cookie": f"vrest-{PORT}={TOKEN}"} if cookie else {})

    async def one():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url=base) as client:
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(one())


def test_the_first_address_sends_a_cookie_and_leads_to_the_page(app):
    first = request(app, "GET", f"/?token={TOKEN}", cookie=False)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    sent = first.headers["set-cookie"].lower()
    assert f"vrest-{PORT}={TOKEN}" in sent
    assert "httponly" in sent
    assert "samesite=strict" in sent
    page = request(app, "GET", "/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/?token=", "/page/main.js", "/file/a/b"])
def test_without_the_token_nothing_is_shown(app, path):
    assert request(app, "GET", path, cookie=False).status_code == 401
    assert request(app, "GET", path, headers={"cookie": f"vrest-{PORT}=wrong"}, cookie=False).status_code == 401


def test_other_hosts_and_origins_are_refused(app):
    assert request(app, base=f"http://evil.example:{PORT}").status_code == 403  # DNS rebinding
    assert request(app, base="http://127.0.0.1:1").status_code == 403
    assert request(app, headers={"origin": "http://evil.example"}).status_code == 403
    assert request(app, headers={"origin": "http://127.0.0.1:1"}).status_code == 403
    assert request(app, headers={"origin": "null"}).status_code == 403
    assert request(app, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert request(app, headers={"origin": HERE, "sec-fetch-site": "same-origin"}).status_code == 200
    assert request(app, base=f"http://localhost:{PORT}").status_code == 200


def test_long_bodies_are_refused_announced_or_not(app):
    length = {"content-length": str(MOST_BYTES + 1)}
    assert request(app, path="/api/new?kind=file&name=a.csv", headers=length).status_code == 413

    async def endless():
        for _ in range(MOST_BYTES // 2**20 + 1):
            yield b"x" * 2**20

    answer = request(app, path="/api/new?kind=file&name=a.csv", content=endless())
    assert answer.status_code == 413
    assert "50 MB" in answer.json()["error"]
    assert list(app.analyses.root.iterdir()) == []


def upload(app, name="table.csv", content=TABLE):
    return request(app, path=f"/api/new?kind=file&name={quote(name)}", content=content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"), ("C:\\lab\\cells.xlsx", "cells.xlsx"), (".csv", None), ("a.exe", None),
        ("<img src=x>.csv", "img-src-x.csv"), ("con trol\n.csv", "con-trol.csv"), ("é.csv", "table.csv"), ("", None),
    ],
)  # fmt: skip
def test_uploads_are_named_by_us(app, tmp_path, name, kept):
    answer = upload(app, name)
    assert answer.status_code == (200 if kept else 422)
    files = {p.relative_to(app.analyses.root).name for p in app.analyses.root.glob("*/*")}
    assert files == ({kept, "analysis.json"} if kept else set())
    assert {p.name for p in tmp_path.iterdir()} == {"kept"}


def test_files_of_others_are_not_served(app, tmp_path):
    (tmp_path / "secret.csv").write_text("secret")
    name = upload(app).json()["id"]
    assert request(app, "GET", f"/file/{name}/table.csv").content == TABLE
    (app.analyses.root / name / "link.csv").symlink_to(tmp_path / "secret.csv")
    (app.analyses.root / "linked").symlink_to(tmp_path)
    (tmp_path / "analysis.json").write_text("{}")
    for path in (
        f"/file/{name}/..%2f..%2fsecret.csv", f"/file/{name}/link.csv", "/file/..%2f/secret.csv", "/file/linked/secret.csv",
        f"/file/{name}/none.csv", "/page/..%2f..%2fserver.py", "/page/__init__.py", "/file/kept/secret.csv",
    ):  # fmt: skip
        assert request(app, "GET", path).status_code in (404, 422), path


def test_what_a_run_wrote_can_do_nothing(app):
    name = upload(app).json()["id"]
    (app.analyses.root / name / "run").mkdir()
    (app.analyses.root / name / "run/report.html").write_text("<script>alert(1)</script>")
    report = request(app, "GET", f"/file/{name}/run/report.html")
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "allow-scripts" not in report.headers["content-security-policy"]


def test_what_is_sent_must_be_what_the_page_sends(app):
    name = upload(app).json()["id"]
    assert request(app, path=f"/api/a/{name}/save", content=b"{").status_code == 400
    assert request(app, path=f"/api/a/{name}/save", json=[1]).status_code == 400
    assert request(app, path=f"/api/a/{name}/save", json={"data": "/etc/passwd"}).status_code == 422
    assert request(app, path=f"/api/a/{name}/ask/eval", json={}).status_code == 404
    assert request(app, path=f"/api/a/{name}/ask/result", json={"run": "../x"}).status_code == 422
    assert request(app, path="/api/a/nobody").status_code == 422


def test_an_empty_table_and_a_bundled_set(app):
    empty = request(app, path="/api/new?kind=empty").json()["id"]
    assert (app.analyses.root / empty / "table.csv").read_text().startswith(HEADER)
    chosen = request(app, path="/api/new?kind=set&name=crayfish_muscle").json()["id"]
    told = request(app, path=f"/api/a/{chosen}").json()
    assert (told["data"], told["command"]) == ("crayfish_muscle", "vrest fit crayfish_muscle")
    assert request(app, path="/api/new?kind=file&name=a.csv", content=b"").status_code == 422


def test_settings_survive_and_become_the_command(app):
    name = upload(app).json()["id"]
    settings = {
        "inside": "K=140+-10,Na=12",
        "law": "ghk",
        "columns": ["V_m_mV=RMP (mV)"],
        "robust": True,
        "draws": "500",
    }
    told = request(app, path=f"/api/a/{name}/save", json={"settings": settings}).json()
    wanted = 'vrest fit table.csv --inside K=140+-10,Na=12 --law ghk --map "V_m_mV=RMP (mV)" --robust --draws 500'
    assert told["command"] == wanted
    for change in ({"draws": "400"}, {"robust": False}):  # a change names itself alone
        told = request(app, path=f"/api/a/{name}/save", json={"settings": change}).json()
    settings = {key: value for key, value in settings.items() if key != "robust"} | {"draws": "400"}
    again = App(app.analyses.root)  # as after a restart
    assert request(again, path=f"/api/a/{name}").json()["settings"] == settings
    assert again.instance != app.instance
    assert upload(app).json()["id"] != name  # a second of the same name stands beside it


def test_a_full_disk_is_a_sentence_and_leaves_nothing(app, monkeypatch):
    def full(handle, aside):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vrest.app.analyses.os.replace", full)
    answer = upload(app)
    assert answer.status_code == 507
    assert "No space left on device" in answer.json()["error"]
    assert list(app.analyses.root.iterdir()) == []
