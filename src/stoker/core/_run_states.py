"""The states of runs as `core.run` has them: texts, in lists that polling loops ask."""

from __future__ import annotations

from stoker.base.states import RunStatus

__all__ = ["POST_PROCESSING_STATES", "RUNNING_STATES", "RunStatus"]

RUNNING_STATES = [str(state) for state in RunStatus if state.is_active]
"""The run has not ended, and the user's code is ahead or running."""

POST_PROCESSING_STATES = [str(state) for state in RunStatus if not (state.is_active or state.is_terminal)]
"""The user's code is over or about to be, and the run has not ended."""
