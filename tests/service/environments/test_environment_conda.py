from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.conda import parse_conda


@pytest.mark.parametrize(
    ("entry", "name", "specifier"),
    [
        ("numpy", "numpy", ""),
        ("numpy=1.17", "numpy", "==1.17.*"),
        ("numpy==1.17", "numpy", "==1.17"),
        ("numpy=1.17.3=py37h95a1406_0", "numpy", "==1.17.3"),
        ("numpy==1.17.3=py37h95a1406_0", "numpy", "==1.17.3"),
        ("numpy=1.17.*", "numpy", "==1.17.*"),
        ("numpy=1.17*", "numpy", "==1.17.*"),
        ("numpy=*", "numpy", ""),
        ("numpy>=1.17,<2", "numpy", ">=1.17,<2"),
        ("numpy >= 1.17, < 2", "numpy", ">=1.17,<2"),
        ("numpy !=1.18.*", "numpy", "!=1.18.*"),
        ("numpy>=1.17.*", "numpy", ">=1.17"),
        ("numpy~=1.17.1", "numpy", "~=1.17.1"),
        ("numpy 1.17", "numpy", "==1.17"),
        ("numpy 1.17 py37_0", "numpy", "==1.17"),
        ("numpy =1.17", "numpy", "==1.17.*"),
        ("numpy=1.16|1.17", "numpy", "==1.17"),
        ("conda-forge::numpy=1.17", "numpy", "==1.17.*"),
        ("conda-forge/linux-64::numpy", "numpy", ""),
        ("numpy[version='>=1.17,<2']", "numpy", ">=1.17,<2"),
        ("numpy[build=x]", "numpy", ""),
        ("python=3.8.13", "python", "==3.8.13.*"),
        ("pytorch=1.4.0=py3.7_cuda10.1.243_cudnn7.6.3_0", "pytorch", "==1.4.0"),
        ("tool=1.0rc1", "tool", "==1.0rc1"),
        ("  numpy=1.17  ", "numpy", "==1.17.*"),
    ],
)
def test_conda_pins_become_pips(entry: str, name: str, specifier: str) -> None:
    found_name, found = parse_conda(entry)

    assert found_name == name
    assert SpecifierSet(found) == SpecifierSet(specifier)


@pytest.mark.parametrize("entry", ["", "=1.0", "numpy=", "numpy>=", "numpy=one", "numpy<>1", "!", "numpy=1.1.1d"])
def test_what_is_no_conda_requirement_is_refused_by_name(entry: str) -> None:
    with pytest.raises(EnvironmentBuildException, match="can't be read"):
        parse_conda(entry)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(entry: str) -> None:
    try:
        name, specifier = parse_conda(entry)
    except EnvironmentBuildException:
        return
    assert name
    SpecifierSet(specifier)


VERSIONS = st.lists(st.integers(0, 40), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(VERSIONS, st.lists(st.integers(0, 9), max_size=2))
def test_one_equals_sign_allows_all_versions_that_begin_so(version: str, more: list[int]) -> None:
    _, specifier = parse_conda(f"numpy={version}")

    assert SpecifierSet(specifier).contains(".".join([version, *map(str, more)]))


@given(VERSIONS)
def test_a_build_string_makes_the_version_exact(version: str) -> None:
    _, specifier = parse_conda(f"numpy={version}=py37_0")

    assert SpecifierSet(specifier).contains(version)
    assert not SpecifierSet(specifier).contains(f"{version}.1")
