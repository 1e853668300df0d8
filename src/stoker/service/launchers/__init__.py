"""Put a job on a compute target: one file a kind of target."""

from __future__ import annotations

from stoker.service.launchers.base import Handle, Job, JobState, Launcher

__all__ = ["Handle", "Job", "JobState", "Launcher"]
