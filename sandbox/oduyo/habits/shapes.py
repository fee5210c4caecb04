"""The shapes in which a PHP site says "nothing", and the words in which it says no."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from sandbox.oduyo.answers import answer

NOT_ALLOWED = "Bu işlem için yetkiniz bulunmamaktadır"

Shape = Literal[
    "words",
    "words_404",
    "status_false",
    "status_false_404",
    "no_body",
    "no_body_404",
    "html_404",
    "empty_array",
    "empty_object",
    "bare_false",
    "bare_null",
    "empty_text",
    "data_array",
    "data_object",
    "data_false",
    "data_null",
    "data_text",
    "data_absent",
]

HTML_404 = "<!DOCTYPE html><html><head><title>404 Page Not Found</title></head><body><h1>404</h1></body></html>"
BODIES: dict[str, object] = {
    "empty_array": [],
    "empty_object": {},
    "bare_false": False,
    "bare_null": None,
    "empty_text": "",
    "status_false": {"status": False},
    "data_array": {"status": True, "data": []},
    "data_object": {"status": True, "data": {}},
    "data_false": {"status": True, "data": False},
    "data_null": {"status": True, "data": None},
    "data_text": {"status": True, "data": ""},
    "data_absent": {"status": True},
}


def answer_shape(shape: Shape, message: str) -> web.Response:
    """The answer in one shape; ``message`` is said by the shapes with words."""
    name, status = shape.removesuffix("_404"), 404 if shape.endswith("_404") else 200
    if name == "html":
        return web.Response(status=status, text=HTML_404, content_type="text/html")
    if name == "no_body":
        return web.Response(status=status, content_type="application/json")
    content = {"status": False, "message": message} if name == "words" else BODIES[name]
    return answer(content, status=status)
