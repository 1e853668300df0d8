from __future__ import annotations

import pytest

from stoker.exceptions import AuthenticationException
from stoker.service.tokens import TokenSigner


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner("0" * 64, "workspace-1")


def test_the_owners_token_is_the_same_after_a_restart(signer: TokenSigner) -> None:
    again = TokenSigner("0" * 64, "workspace-1")

    assert again.read(signer.owner_token()).is_owner


def test_a_runs_token_names_its_run_and_is_not_the_owner(signer: TokenSigner) -> None:
    principal = signer.read(signer.run_token("run-1"))

    assert (principal.kind, principal.run_id, principal.is_owner) == ("run", "run-1", False)


@pytest.mark.parametrize("other", [TokenSigner("1" * 64, "workspace-1"), TokenSigner("0" * 64, "workspace-2")])
def test_a_token_of_another_key_or_workspace_opens_nothing(signer: TokenSigner, other: TokenSigner) -> None:
    with pytest.raises(AuthenticationException, match="not one of this workspace"):
        signer.read(other.owner_token())


@pytest.mark.parametrize("token", ["", "x", "a.b", "é", "." * 50])
def test_what_is_no_token_is_refused(signer: TokenSigner, token: str) -> None:
    with pytest.raises(AuthenticationException):
        signer.read(token)


def test_an_expired_token_is_refused_with_the_reason(signer: TokenSigner) -> None:
    with pytest.raises(AuthenticationException, match="expired"):
        signer.read(signer.run_token("run-1", seconds=-1))


def test_a_code_is_good_once(signer: TokenSigner) -> None:
    code = signer.new_code()

    assert [signer.redeem(code), signer.redeem(code), signer.redeem("other")] == [True, False, False]
