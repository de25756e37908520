"""The description of what can be asked, for people: a page made of the document for programs."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from sanic import HTTPResponse, Request

from mbmd.web.answers import Content, Once, Ready, respond
from mbmd.web.assets import KINDS
from mbmd.web.openapi import STREAM, Document, document
from mbmd.web.routes import Handler, Route

_HTML = KINDS[".html"]
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>mbmd: what can be asked</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../static/docs.css">
<script type="module" src="../static/docs.js"></script>
</head>
<body>
<a class="skip" href="#start">To the content</a>
<header>
<h1>mbmd <small>{version}</small></h1>
<p><a href="..">Page</a> <a href="openapi.json">OpenAPI document</a></p>
</header>
<nav aria-label="Contents">
<p class="search" hidden><label for="search">Search</label> <input id="search" type="search"></p>
<p id="found" role="status"></p>
{contents}
</nav>
<main id="start" tabindex="-1">
{text}
{chapters}
<section id="objects"><h2>Objects</h2>
{objects}
</section>
</main>
</body>
</html>
"""


def routes(table: Callable[[], Sequence[Route]]) -> list[Route]:
    """The route of the page about a table of routes, which is looked at when the page is first asked for."""
    return [
        Route(
            "/api/docs", _page(table), "This description as a page", text="For people.", content_type=_HTML.content_type
        )
    ]


def page(told: Document) -> str:
    """The page about a document."""
    chapters = [(tag, _of_tag(told, tag["name"])) for tag in told["tags"]]
    schemas = told["components"]["schemas"]
    return _PAGE.format(
        version=escape(told["info"]["version"]),
        contents="".join(_contents(tag["name"], members) for tag, members in chapters),
        text=_text(told["info"]["description"]),
        chapters="\n".join(_chapter(told, tag, members) for tag, members in chapters),
        objects="\n".join(_object(name, schema) for name, schema in sorted(schemas.items())),
    )


def _page(table: Callable[[], Sequence[Route]]) -> Handler:
    made = Once(lambda: Content(page(document(table())).encode(), _HTML))

    async def get_page(request: Request) -> HTTPResponse:
        if request.path.endswith("/"):
            # The addresses within the page are relative to its own.
            return Ready(b"", ((b"location", b"../docs"), *request.app.ctx.access.lines(request)), 308)
        return await respond(request, await made.content())

    return get_page


def _of_tag(told: Document, name: str) -> list[tuple[str, Document]]:
    every = ((path, item["get"]) for path, item in told["paths"].items())
    return [(path, operation) for path, operation in every if name in operation["tags"]]


def _contents(name: str, members: Iterable[tuple[str, Document]]) -> str:
    links = "".join(
        f'<li data-of="{one["operationId"]}"><a href="#{one["operationId"]}">{escape(path)}</a></li>'
        for path, one in members
    )
    return f"<h2>{escape(name.capitalize())}</h2><ul>{links}</ul>"


def _chapter(told: Document, tag: Document, members: Iterable[tuple[str, Document]]) -> str:
    inner = "\n".join(_operation(told, path, operation) for path, operation in members)
    name = escape(tag["name"])
    return f'<section id="{name}"><h2>{name.capitalize()}</h2>{_text(tag["description"])}\n{inner}</section>'


def _operation(told: Document, path: str, operation: Document) -> str:
    parameters = [_resolved(told, one) for one in operation["parameters"]]
    answers = {status: _resolved(told, one) for status, one in operation["responses"].items()}
    older = " <small>older name</small>" if operation.get("deprecated") else ""
    return "\n".join(
        (
            f'<article id="{operation["operationId"]}">',
            f"<h3><code>GET {escape(path)}</code>{older}</h3>",
            _text(operation["summary"] + "."),
            _text(operation.get("description", "")),
            _parameters(parameters),
            _answers(answers),
            "" if STREAM in answers["200"]["content"] else _form(path, operation["operationId"], parameters),
            "</article>",
        )
    )


def _parameters(parameters: Iterable[Document]) -> str:
    rows = [
        (f"<code>{escape(one['name'])}</code>", one["in"], _type(one["schema"]), _inline(one["description"]))
        for one in parameters
    ]
    return _table("What can be given", ("Name", "In", "Type", "Meaning"), rows)


def _answers(answers: dict[str, Document]) -> str:
    rows = [(status, _held(one, status), _inline(one["description"])) for status, one in answers.items()]
    return _table("Answers", ("Status", "Body", "Meaning"), rows)


def _held(answer: Document, status: str) -> str:
    kinds = [
        f"{_type(held['schema'])} <small>{escape(kind.partition(';')[0])}</small>"
        f"{_examples(held['schema']) if status == '200' else ''}"
        for kind, held in answer.get("content", {}).items()
    ]
    return "".join(kinds) or "none"


def _examples(schema: Document) -> str:
    return "".join(f"<pre>{escape(json.dumps(one, ensure_ascii=False))}</pre>" for one in schema.get("examples", ()))


def _object(name: str, schema: Document) -> str:
    rows = [
        (f"<code>{escape(member)}</code>", _type(one), _inline(one.get("description", "")))
        for member, one in schema.get("properties", {}).items()
    ]
    about = _text(schema.get("description", "")) + ("" if rows else f"<p>{_type(schema)}</p>")
    table = _table("Members", ("Name", "Type", "Meaning"), rows) if rows else ""
    return f'<article id="object-{escape(name)}"><h3>{escape(name)}</h3>{about}{table}</article>'


def _type(schema: Document) -> str:
    """What JSON Schema says of a value, in words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#object-{name}">{name}</a>'
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    inner = schema.get("items") or schema.get("additionalProperties")
    if isinstance(inner, dict) and inner:
        return f"list of {_type(inner)}" if schema.get("type") == "array" else f"object by name of {_type(inner)}"
    kind = schema.get("type", "anything")
    return escape(" or ".join(kind) if isinstance(kind, list) else kind)


def _form(path: str, identity: str, parameters: Iterable[Document]) -> str:
    """What the script of the page asks with."""
    fields = "".join(_field(one, f"{identity}-{one['name']}") for one in parameters if one["in"] != "header")
    return (
        f'<form data-path="{escape(path)}" aria-label="Ask {escape(path)}" hidden>{fields}'
        '<button type="submit">Ask</button></form><div class="answer" aria-live="polite"></div>'
    )


def _field(parameter: Document, identity: str) -> str:
    name, place = escape(parameter["name"]), parameter["in"]
    example = escape(str(parameter.get("example", "")))
    value = f' value="{example}" required' if place == "path" else f' placeholder="{example}"'
    inner = f'<input id="{identity}" name="{name}" data-in="{place}"{value}>'
    return f'<label for="{identity}">{name}</label>{inner}'


def _table(caption: str, heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(one)}</p>" for one in text.split("\n\n") if one.strip())


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text.strip()))


def _resolved(told: Document, said: Document) -> Document:
    found: Any = told
    if "$ref" not in said:
        return said
    for part in said["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)
