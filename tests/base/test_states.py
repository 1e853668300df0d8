from __future__ import annotations

from itertools import product

import pytest

from stoker.base.states import RunStatus

WAITING = ["NotStarted", "Unapproved", "Preparing", "Queued", "Provisioning", "Starting"]
ENDS = ["Completed", "Failed", "Canceled"]


@pytest.mark.parametrize(("before", "after"), list(product(RunStatus, RunStatus)))
def test_states_go_forward_only_and_never_out_of_an_end(before: RunStatus, after: RunStatus) -> None:
    allowed = before.can_become(after)

    if before in ENDS or before is after:
        assert not allowed
    elif after in ENDS:
        assert allowed
    elif before not in WAITING and after in WAITING:
        assert allowed == (before is RunStatus.PAUSED and after is RunStatus.QUEUED)
    elif before is RunStatus.FINALIZING:
        assert not allowed


def test_the_words_and_sets_are_v1s() -> None:
    assert str(RunStatus.CANCELED) == "Canceled"
    assert [item for item in RunStatus if item.is_terminal] == ENDS
    assert [str(item) for item in RunStatus if not item.is_active and not item.is_terminal] == [
        "CancelRequested",
        "Finalizing",
    ]
