"""What an operator is told who starts or forgets a product that runs already.

That it stops cleanly when it is asked to is asserted where it ends, in `product.serve`.
"""

from contextlib import suppress
from pathlib import Path

from embedded import service


def test_a_second_start_is_refused_and_told_who_runs_where(product):
    second = product.manage("serve")
    assert second.returncode == 1
    assert second.stderr.startswith("Abacus is already running from this folder")
    assert f"(pid {product.pid}, " in second.stderr
    assert str(product.http.base_url).rstrip("/") in second.stderr


def test_a_product_that_runs_is_not_forgotten(product):
    reset = product.manage("demo", "--reset")
    assert reset.returncode == 1
    assert "Stop it first" in reset.stderr
    assert product.http.get("/healthz").status_code == 200


def test_neither_the_process_list_nor_a_log_shows_a_secret(product, clients):
    kept = [file.read_text() for file in (product.home / "secrets").iterdir()]
    sent = [client.headers["Authorization"].split()[1] for client in clients.values()]
    processes = service.leftovers(product.home)
    assert len(processes) > 5
    lines = [Path(f"/proc/{process}/cmdline") for process in processes]
    logs = (product.home / "logs").iterdir()
    for file in (*lines, *logs):
        with suppress(OSError):  # a process that has ended meanwhile
            text = file.read_text(errors="replace")
            assert [secret for secret in (*kept, *sent) if secret in text] == [], file
