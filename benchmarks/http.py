"""A closed loop of HTTP clients: each sends its next request when it has an answer."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

Request = tuple[str, str, bytes | None]  # method, path, body


def send(
    requests: Sequence[Request], *, port: int, token: str, connections: int
) -> list[float]:
    """Sends requests over that many connections; returns their seconds.

    Raises RuntimeError for an answer that is no success.
    """
    shares = [requests[start::connections] for start in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        results = pool.map(lambda share: one_after_another(share, port, token), shares)
    return [duration for durations in results for duration in durations]


def one_after_another(
    requests: Sequence[Request], port: int, token: str
) -> list[float]:
    client = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    durations = []
    for method, path, body in requests:
        started_at = time.perf_counter()
        client.request(method, path, body=body, headers=headers)
        answer = client.getresponse()
        text = answer.read()
        durations.append(time.perf_counter() - started_at)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
    client.close()
    return durations
