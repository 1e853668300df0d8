"""Environments: from a definition to an interpreter that a run starts with."""

from __future__ import annotations

from stoker.service.environments.base import (
    BuiltEnvironment,
    EnvironmentBuilder,
    EnvironmentCanceled,
    EnvironmentRequest,
    Lease,
    Removed,
)
from stoker.service.environments.builder import UvEnvironmentBuilder
from stoker.service.environments.current import CurrentInterpreterBuilder

__all__ = [
    "BuiltEnvironment",
    "CurrentInterpreterBuilder",
    "EnvironmentBuilder",
    "EnvironmentCanceled",
    "EnvironmentRequest",
    "Lease",
    "Removed",
    "UvEnvironmentBuilder",
]
