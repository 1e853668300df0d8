from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.base import names
from stoker.exceptions import ComputeTargetException, UserErrorException, WorkspaceException


@pytest.mark.parametrize("name", ["a", "a-b_c", "x" * 255, "0"])
def test_good_experiment_names_pass(name: str) -> None:
    assert names.check_experiment_name(name) == name


@pytest.mark.parametrize("name", ["", "x" * 256, "-a", "_a", "a.b", "a b", "a\n", "ä", None, 3])
def test_bad_experiment_names_say_the_rule(name: object) -> None:
    with pytest.raises(UserErrorException, match="1 to 255 characters"):
        names.check_experiment_name(name)


@pytest.mark.parametrize("name", ["ab", "a b c", "-abc", "x" * 34, "abc\n"])
def test_bad_workspace_names_say_the_rule(name: str) -> None:
    with pytest.raises(WorkspaceException, match="3 to 33 characters"):
        names.check_workspace_name(name)


@pytest.mark.parametrize("name", ["a", "1pool", "x" * 33, "po_ol"])
def test_bad_compute_names_say_the_rule(name: str) -> None:
    with pytest.raises(ComputeTargetException, match="2 to 32 characters"):
        names.check_compute_name(name)


@pytest.mark.parametrize("run_id", ["../x", "a/b", "", ".a", "a\0b", "x" * 301])
def test_a_run_id_can_not_leave_its_folder(run_id: str) -> None:
    with pytest.raises(UserErrorException):
        names.check_run_id(run_id)


@given(st.text(), st.sets(st.text(max_size=5), max_size=3))
def test_any_text_becomes_a_legal_free_workspace_name(text: str, taken: set[str]) -> None:
    name = names.legal_workspace_name(text, taken)

    assert names.check_workspace_name(name) not in taken


def test_a_suggestion_names_the_nearest_or_all_of_a_few() -> None:
    assert names.suggestion("trian", ["train", "score"]) == "Did you mean 'train'?"
    assert names.suggestion("zzz", ["b", "a"]) == "There is: a, b."
    assert names.suggestion("x", []) == "There is none yet."
