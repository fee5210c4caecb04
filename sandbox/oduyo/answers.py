"""Answers as the API gives them: JSON, and the pages of the web server before it."""

from __future__ import annotations

import msgspec
from aiohttp import web

HTML = "<!DOCTYPE html><html><head><title>Hata</title></head><body><h1>Beklenmeyen bir hata oluştu</h1></body></html>"
FORBIDDEN = "<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>"
NGINX = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"


def answer(content: object, *, status: int = 200, reason: str = "") -> web.Response:
    """A JSON answer; ``reason`` goes to a header of the sandbox's own."""
    headers = {"X-Sandbox-Reason": reason} if reason else None
    return web.Response(
        body=msgspec.json.encode(content), status=status, content_type="application/json", headers=headers
    )


def answer_no(message: str = "", *, status: int = 404) -> web.Response:
    """``{"status": false}``, with the words that say why where there are some."""
    return answer({"status": False, "message": message} if message else {"status": False}, status=status)


def answer_page(text: str, *, status: int) -> web.Response:
    """A web page."""
    return web.Response(status=status, text=text, content_type="text/html")
