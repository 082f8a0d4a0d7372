"""Data use codes: which terms of a data set allow which analysis."""

import pytest

from equisite.protocol.duo import MODIFIERS, PERMISSIONS, refused_by_duo

NRES, GRU, HMB, DS, POA = (
    "DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011",
)  # fmt: skip
NPU, IRB, CARE = "DUO:0000045", "DUO:0000021", "DUO:0000043"


@pytest.mark.parametrize("data", [NRES, GRU, HMB, DS, POA])
@pytest.mark.parametrize("use", [NRES, GRU, HMB, DS, POA])
def test_a_use_lies_in_its_own_permission_and_in_wider_ones(data: str, use: str) -> None:
    wider = {
        NRES: {NRES},
        GRU: {GRU, NRES},
        HMB: {HMB, GRU, NRES},
        DS: {DS, HMB, GRU, NRES},
        POA: {POA, GRU, NRES},
    }
    assert (refused_by_duo([data], [use]) == "") == (data in wider[use])


def test_every_modifier_of_the_data_must_be_promised() -> None:
    assert refused_by_duo([GRU, NPU, IRB], [HMB, IRB, NPU]) == ""
    assert NPU in refused_by_duo([GRU, NPU, IRB], [HMB, IRB])
    assert refused_by_duo([GRU], [HMB, NPU]) == ""  # promising more than is asked
    assert refused_by_duo([GRU, CARE], [HMB]) == ""  # care is allowed besides


def test_several_permissions_allow_what_each_of_them_does() -> None:
    assert refused_by_duo([HMB, POA], [DS, POA]) == ""
    assert POA in refused_by_duo([HMB], [DS, POA])


def test_unknown_codes_and_no_use_are_refused() -> None:
    assert "DUO:1234567" in refused_by_duo([GRU, "DUO:1234567"], [HMB])
    assert "DUO:1234567" in refused_by_duo([GRU], [HMB, "DUO:1234567"])
    assert "names no permission" in refused_by_duo([GRU], [])
    assert "names no permission" in refused_by_duo([GRU], [NPU])


def test_permissions_and_modifiers_are_codes_once() -> None:
    assert not set(PERMISSIONS) & set(MODIFIERS)
    for wider, _ in PERMISSIONS.values():
        assert wider in {"", *PERMISSIONS}
