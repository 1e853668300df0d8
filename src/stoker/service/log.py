"""The service's own log: one JSON object a line in `.stoker/logs/service.log`."""

from __future__ import annotations

import logging
import sys

import structlog

__all__ = ["set_up"]


def set_up() -> None:
    """Write events as JSON lines to stderr, which is the log file of a detached service."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
