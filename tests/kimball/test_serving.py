"""What an operator is told who starts or forgets a product that runs already.

That it stops cleanly when it is asked to is asserted where it ends, in `product.serve`.
"""


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
