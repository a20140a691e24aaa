"""What a deployment sets so that reports can be mailed, and is told if it did not."""

import json
import os
import subprocess
import sys

import pytest

from analytics.catalogue.checks import reports_can_be_mailed

NAMES = ["BACKEND", "HOST", "PORT", "USE_TLS", "USE_SSL"]
READ = f"""
import json
from config import settings
print(json.dumps([getattr(settings, "EMAIL_" + name, None) for name in {NAMES}]))
"""
FILES = "django.core.mail.backends.filebased.EmailBackend"
DEPLOYMENT = {
    "DATABASE_URL": "postgresql://db.example/abacus",
    "SECRET_KEY": "a" * 32,
    "USER_KEY_SECRET": "b" * 32,
}


def read(tmp_path, **variables):
    """Returns the settings of e-mails in a process with only these variables."""
    environment = {"PATH": os.environ["PATH"], "LOCAL_DIR": str(tmp_path), **variables}
    done = subprocess.run(
        [sys.executable, "-c", READ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, [FILES, "", 587, True, False]),
        ({"EMAIL_HOST": "smtp.example"}, [None, "smtp.example", 587, True, False]),
        (
            DEPLOYMENT | {"EMAIL_HOST": "smtp.example", "EMAIL_USE_SSL": "True"},
            [None, "smtp.example", 465, False, True],
        ),
    ],
)
def test_connections_are_encrypted_unless_mails_are_files(
    tmp_path, variables, expected
):
    assert read(tmp_path, **variables) == expected


def test_two_encryptions_are_refused_at_the_start(tmp_path):
    told = read(tmp_path, EMAIL_USE_SSL="True", EMAIL_USE_TLS="True")
    assert "Only one of EMAIL_USE_SSL, EMAIL_USE_TLS can be True" in told


def test_a_deployment_that_cannot_mail_is_told_what_is_missing(settings):
    settings.EMBEDDED, settings.EMAIL_HOST = False, ""
    settings.DEFAULT_FROM_EMAIL = "abacus@localhost"
    told = [found.msg for found in reports_can_be_mailed()]
    assert [text.rpartition(":")[2] for text in told] == [
        " EMAIL_HOST is not set.",
        " DEFAULT_FROM_EMAIL is not set.",
    ]
    settings.EMAIL_HOST = "smtp.example"
    settings.DEFAULT_FROM_EMAIL = "Abacus <abacus@shop.example>"
    assert reports_can_be_mailed() == []


def test_the_embedded_installation_writes_files_and_is_told_nothing(settings):
    settings.EMBEDDED, settings.EMAIL_HOST = True, ""
    assert reports_can_be_mailed() == []
