"""`/api/v1/docs`: the API as one plain page out of its own OpenAPI document, without a script and without another host."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

routes = APIRouter(include_in_schema=False)
METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
:root{color-scheme:light dark;--ink:#1d2733;--dim:#5b6b7c;--line:#d9e0e7;--paper:#fff;--wash:#f4f6f8;--mark:#0b6e99}
@media(prefers-color-scheme:dark){:root{--ink:#e4eaf0;--dim:#93a3b3;--line:#2c3946;--paper:#11181f;--wash:#18222b;--mark:#6cc3e8}}
body{margin:0 auto;max-width:60rem;padding:2rem 1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:var(--wash);padding:.75rem;overflow:auto;border-radius:6px}
details{border-top:1px solid var(--line);padding:.5rem 0}summary{cursor:pointer}summary b{display:inline-block;width:4.5rem;color:var(--mark)}
td{padding:.15rem .75rem .15rem 0;vertical-align:top}p,td+td{color:var(--dim)}a{color:var(--mark)}
"""
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Portolan API</title>
<style>STYLE</style></head><body>
<h1>Portolan API</h1>
<p>Errors are <code>application/problem+json</code> with <code>code</code>, <code>context.field</code> and <code>context.hint</code>. A write takes
<code>Idempotency-Key</code>, a change <code>If-Match</code>. The same as <a href="/api/v1/openapi.json">openapi.json</a>.</p>
"""


@routes.get("/api/v1/docs", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """Show every route with its parameters, an example of its body, and its answers."""
    return HTMLResponse(written(request.app.openapi()))


def written(document: Mapping[str, Any]) -> str:
    """Write an OpenAPI document as HTML."""
    operations = [(path, method, item[method]) for path, item in document["paths"].items() for method in METHODS if method in item]
    tags = dict.fromkeys(tag for _, _, operation in operations for tag in _tags(operation))
    sections = (f"<h2>{escape(tag)}</h2>" + "".join(_operation(document, *each) for each in operations if tag in _tags(each[2])) for tag in tags)
    return HEAD.replace("STYLE", STYLE) + "".join(sections) + "</body></html>"


def _tags(operation: Mapping[str, Any]) -> list[str]:
    tags: list[str] = operation.get("tags", ["other"])
    return tags


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> str:
    text = "".join(f"<p>{escape(part)}</p>" for part in str(operation.get("description", "")).split("\n\n") if part)
    return (f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code></summary>{text}{_parameters(operation)}"
            f"{_body(document, operation)}<p>Answers: {', '.join(sorted(operation['responses']))}</p></details>")


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = (f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}{', required' if each.get('required') else ''}</td>"
            f"<td>{escape(each.get('description') or '')}</td></tr>" for each in operation.get("parameters", []))
    return f"<table>{''.join(rows)}</table>"


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    contents = operation.get("requestBody", {}).get("content", {})
    examples = [example for content in contents.values() for example in _examples(document, content.get("schema", {}))]
    return "".join(f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>" for example in examples[:1])


def _examples(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[Any]:
    """Find examples in a schema, in what it refers to, and in the rows of a list."""
    yield from schema.get("examples", [])
    if "$ref" in schema:
        yield from _examples(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    for choice in schema.get("anyOf", []):
        yield from _examples(document, choice)
    if "items" in schema:
        yield from ([example] for example in _examples(document, schema["items"]))
