"""v1's place for the errors of datasets."""

from __future__ import annotations

from stoker.exceptions import DatasetExecutionError, DatasetValidationError

__all__ = ["DatasetExecutionError", "DatasetValidationError"]
