"""A request of ASGI as WSGI knows it (PEP 3333)."""

import sys
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

Scope = Mapping[str, Any]
Environ = dict[str, Any]

# WSGI gives these two no prefix.
BARE = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
# The whole body is here: how it came is no concern of the application.
DROPPED = {b"content-length", b"transfer-encoding", b"expect", b"te", b"trailer"}


def environ(scope: Scope, body: bytes) -> Environ:
    """Returns the environ of a request whose body is complete, with its length."""
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        **headers(scope),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def headers(scope: Scope) -> dict[str, str]:
    """Returns the headers by their names in WSGI, those sent twice joined.

    SECURITY: a name with an underscore would pass for one with a hyphen, such as what
    the proxy says about HTTPS: it is dropped.
    """
    joined: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in DROPPED or b"_" in name:
            continue
        key = BARE.get(name) or f"HTTP_{name.decode('latin-1').upper()}"
        key, text = key.replace("-", "_"), value.decode("latin-1")
        separator = "; " if name == b"cookie" else ","  # RFC 9113, 8.2.3
        joined[key] = f"{joined[key]}{separator}{text}" if key in joined else text
    return joined


def declared_length(scope: Scope) -> int | None:
    """Returns the length that a request gives its body; None where it gives none."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


def may_have_body(scope: Scope) -> bool:
    """Returns whether a body may follow: HTTP/1 says so in a header (RFC 9112, 6)."""
    if not scope["http_version"].startswith("1"):
        return True
    return any(
        name in (b"content-length", b"transfer-encoding")
        for name, _ in scope["headers"]
    )
