"""Log lines for people (console) or machines (json): structlog over logging."""

from typing import Any

import structlog

SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
]


def configuration(*, level: str, form: str) -> dict[str, Any]:
    """Returns Django's LOGGING: `form` is "console" or "json", one line an event.

    Raises KeyError for any other form.
    """
    # SECURITY: plain tracebacks. Rich ones show local variables, users' ids among them.
    plain = structlog.dev.plain_traceback
    renderings: dict[str, list[Any]] = {
        "console": [
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)
        ],
        "json": [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *renderings[form],
                ],
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"django": {"handlers": [], "propagate": True}},
    }
