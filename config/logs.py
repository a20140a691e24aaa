"""Log lines for people (console) or machines (json): structlog over logging."""

from typing import Any

import structlog

FORMS = ("console", "json")
LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")
SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
]


def rendering(form: str) -> list[Any]:
    """Returns the processors that turn an event into its line.

    SECURITY: tracebacks are plain. Rich ones show local variables, among them the ids
    of users.
    """
    plain = structlog.dev.plain_traceback
    if form == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]


def configuration(*, level: str, form: str) -> dict[str, Any]:
    """Returns Django's LOGGING: a line an event, in one of FORMS, from a level on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *rendering(form),
                ],
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"django": {"handlers": [], "propagate": True}},
    }
