"""The page at ``/``: the stored codes, searchable, for a person who wants to see what a run did."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from aiohttp import web

from sandbox.oduyo.records import Record
from sandbox.oduyo.state import State

PAGE_LENGTH = 100

TITLES = {
    "id": "No",
    "integration_id": "ERP kaydı",
    "code": "Kod",
    "description": "Açıklama",
    "status": "Durum",
    "key1": "Anahtar 1",
    "key2": "Anahtar 2",
    "typecode": "Tür",
    "special_created_in": "ERP'de açıldı",
    "special_updated_in": "ERP'de değişti",
    "created_in": "Saklandı",
    "updated_in": "Değişti",
}
STATUSES = {"1": "Kullanımda", "0": "Pasif"}

STYLE = """
:root { color-scheme: light dark; --line: #d8dbe0; --soft: #6a717c; --accent: #0b63ce; --band: #f5f6f8; }
@media (prefers-color-scheme: dark) { :root { --line: #363b43; --soft: #9aa3af; --accent: #79b0ff; --band: #1d2025; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } p { color: var(--soft); margin: .3rem 0 1.2rem; }
form { display: flex; gap: .5rem; margin-bottom: 1rem; }
input, button { font: inherit; padding: .4rem .7rem; border: 1px solid var(--line); border-radius: 6px; }
input { flex: 1; max-width: 26rem; } div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.description { white-space: pre-wrap; min-width: 14rem; }
td.code { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; max-width: 20rem; } tr:nth-child(even) td { background: var(--band); }
a { color: var(--accent); } nav { margin-top: 1rem; display: flex; gap: 1rem; }
"""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def compute_handler(state: State, resource: str) -> web.RouteDef:
    """The route of the page."""

    async def show(request: web.Request) -> web.Response:
        words = request.query.get("ara", "").strip()
        asked = request.query.get("sayfa", "1")
        page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
        state.records.commit_due()
        total, records = state.records.fetch_matching(
            resource, words, limit=PAGE_LENGTH, offset=(page - 1) * PAGE_LENGTH
        )
        text = compute_page(records, words=words, total=total, page=page)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    return web.get("/", show)


def compute_page(records: list[Record], *, words: str, total: int, page: int) -> str:
    """The page as HTML. Everything that comes from outside is escaped."""
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in TITLES.values())
    rows = "".join(_compute_row(record) for record in records)
    found = f"“{escape(words)}” aramasına uyan {total} kayıt" if words else f"{total} kayıt"
    empty = "" if records else "<p>Gösterilecek kayıt yok.</p>"
    return (
        '<!DOCTYPE html><html lang="tr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Ödüyo özel kodlar (deneme)</title><style>{STYLE}</style></head><body>"
        f"<h1>Özel kodlar</h1><p>Yerel deneme sunucusu, gerçek Ödüyo değildir. {found}, en yenisi üstte.</p>"
        '<form method="get" action="/" role="search"><input type="search" name="ara" aria-label="Ara" '
        f'placeholder="Kod, açıklama, ERP kaydı…" value="{escape(words)}"><button>Ara</button></form>'
        f"<div><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{empty}"
        f"{_compute_links(words, total, page)}</body></html>"
    )


def _compute_row(record: Record) -> str:
    cells = []
    for name in TITLES:
        value = record.get(name) or ""
        if name == "status":
            value = STATUSES.get(value, value)
        cells.append(f'<td class="{name}">{escape(value)}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _compute_links(words: str, total: int, page: int) -> str:
    links = []
    for number, title, is_there in (
        (page - 1, "← Önceki", page > 1),
        (page + 1, "Sonraki →", page * PAGE_LENGTH < total),
    ):
        if is_there:
            links.append(f'<a href="/?{escape(urlencode({"ara": words, "sayfa": number}))}">{title}</a>')
    return f"<nav>{''.join(links)}</nav>" if links else ""
