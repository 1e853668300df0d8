from __future__ import annotations

import pytest

from stoker.core.authentication import (
    AbstractAuthentication,
    ArmTokenAuthentication,
    AzureCliAuthentication,
    InteractiveLoginAuthentication,
    MsiAuthentication,
    ServicePrincipalAuthentication,
    TokenAuthentication,
)
from stoker.core.resource_configuration import ResourceConfiguration


@pytest.mark.parametrize(
    "way",
    [
        InteractiveLoginAuthentication(force=True, tenant_id="t"),
        ServicePrincipalAuthentication("t", "id", "hunter2", cloud="x"),
        MsiAuthentication(cloud="x"),
        AzureCliAuthentication(),
        ArmTokenAuthentication("hunter2"),
        TokenAuthentication(lambda audience: f"hunter2 {audience}", cloud="x"),
    ],
)
def test_each_way_to_sign_in_is_accepted_and_keeps_no_password(way: AbstractAuthentication) -> None:
    assert way.get_authentication_header() == {}
    assert "hunter2" not in str(vars(way))


def test_resources_have_v1s_plain_form() -> None:
    plain = ResourceConfiguration(1, 0.5, 2).serialize()

    assert plain == {"cpu": 1, "memoryInGB": 0.5, "gpu": 2}
    again = ResourceConfiguration.deserialize(plain)
    assert again is not None
    assert again.serialize() == plain
    assert ResourceConfiguration.deserialize(None) is None
