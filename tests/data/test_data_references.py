from __future__ import annotations

from typing import Any

import pytest

from stoker.data import DataPath, DataPathComputeBinding, DataReference
from stoker.data.azure_storage_datastore import AzureBlobDatastore
from stoker.exceptions import UserErrorException


@pytest.fixture
def store() -> AzureBlobDatastore:
    return AzureBlobDatastore(None, "myblob", "container", "account")


def facts(reference: DataReference) -> tuple[Any, ...]:
    kept = reference.path_on_datastore, reference.mode, reference.path_on_compute, reference.overwrite
    return (reference.datastore.name, *kept)


def test_a_reference_has_v1s_name_mode_and_text(store: AzureBlobDatastore) -> None:
    reference = DataReference(store)

    assert facts(reference) == ("myblob", None, "mount", None, False)
    assert reference.data_reference_name == "myblob"
    assert str(reference) == repr(reference) == "$AZUREML_DATAREFERENCE_myblob"
    assert str(DataReference(store, "other")) == "$AZUREML_DATAREFERENCE_other"


def test_an_unknown_mode_or_no_datastore_is_refused(store: AzureBlobDatastore) -> None:
    with pytest.raises(UserErrorException, match="'direct'"):
        DataReference(store, mode="direct")
    with pytest.raises(UserErrorException, match="no datastore"):
        DataReference("myblob")
    with pytest.raises(UserErrorException, match="wants a datastore"):
        DataPath()
    with pytest.raises(UserErrorException, match="wants a datastore"):
        DataPath("myblob", "a")


@pytest.mark.parametrize("path", ["../x", "a/../../x", ".."])
def test_a_path_does_not_leave_its_datastore(store: AzureBlobDatastore, path: str) -> None:
    with pytest.raises(UserErrorException, match="leads out of the datastore"):
        DataReference(store, path_on_datastore=path)
    with pytest.raises(UserErrorException, match="leads out of the datastore"):
        DataReference(store, path_on_datastore="inner").path("../" + path)


def test_modes_give_new_references(store: AzureBlobDatastore) -> None:
    reference = DataReference(store, "name", "a/b")

    assert facts(reference.as_download("here", overwrite=True)) == ("myblob", "a/b", "download", "here", True)
    assert facts(reference.as_upload("here")) == ("myblob", "a/b", "upload", "here", False)
    assert facts(reference.as_download("here").as_mount()) == ("myblob", "a/b", "mount", None, False)
    assert facts(reference) == ("myblob", "a/b", "mount", None, False)
    assert reference.as_download().data_reference_name == "name"


@pytest.mark.parametrize(
    ("below", "path", "found"),
    [(None, "a/b", "a/b"), ("q", "z", "q/z"), ("q", None, "q"), (None, ".", None), (None, "/", None), ("q", "", "q")],
)
def test_a_path_goes_on_below(
    store: AzureBlobDatastore, below: str | None, path: str | None, found: str | None
) -> None:
    reference = DataReference(store, "name", below, "download", "here").path(path)

    assert facts(reference) == ("myblob", found, "mount", None, False)


def test_names_of_paths_are_used_nowhere_else(store: AzureBlobDatastore) -> None:
    first, second = store.path("a"), store.path("a")

    assert first.data_reference_name != second.data_reference_name
    assert len(first.data_reference_name) == 32
    assert store.path("a", "mine").data_reference_name == "mine"
    assert store.path().data_reference_name == "myblob"


def test_a_reference_becomes_a_section_of_a_run_configuration(store: AzureBlobDatastore) -> None:
    config = DataReference(store, "name", "a/b", "upload", "here", overwrite=True).to_config()

    assert config.data_store_name == "myblob"
    assert config.path_on_data_store == "a/b"
    assert (config.mode, config.path_on_compute, config.overwrite) == ("upload", "here", True)


def test_a_path_and_a_binding_make_a_reference(store: AzureBlobDatastore) -> None:
    path = DataPath(store, "a/b")
    binding = DataPathComputeBinding("upload", "here", overwrite=True)

    assert (path.datastore_name, path.path_on_datastore) == ("myblob", "a/b")
    assert path.name.startswith("myblob_")
    assert DataPath(store, "a", "mine").name == "mine"
    made = (
        path.create_data_reference("name", binding),
        binding.create_data_reference("name", path),
        DataReference.create("name", path, binding),
    )
    assert {facts(reference) for reference in made} == {("myblob", "a/b", "upload", "here", True)}
    assert {reference.data_reference_name for reference in made} == {"name"}
    assert path.create_data_reference(None, binding).data_reference_name != "myblob"


def test_a_reference_comes_apart_into_path_and_binding(store: AzureBlobDatastore) -> None:
    reference = DataReference(store, "name", "a/b", "download", "here", overwrite=True)
    path = DataPath.create_from_data_reference(reference)
    binding = DataPathComputeBinding.create_from_data_reference(reference)

    assert (path.datastore_name, path.path_on_datastore) == ("myblob", "a/b")
    assert (binding.mode, binding.path_on_compute, binding.overwrite) == ("download", "here", True)


def test_a_reference_wants_a_path_and_a_binding(store: AzureBlobDatastore) -> None:
    with pytest.raises(UserErrorException, match="datapath_compute_binding"):
        DataPath(store).create_data_reference("name")
    with pytest.raises(UserErrorException, match="made of a datapath"):
        DataPathComputeBinding().create_data_reference("name")
    with pytest.raises(UserErrorException, match="made of a datapath"):
        DataReference.create("name")
    with pytest.raises(UserErrorException, match="'sideways'"):
        DataPathComputeBinding("sideways").create_data_reference("name", DataPath(store))


def test_v1s_constructors_take_v1s_arguments(store: AzureBlobDatastore) -> None:
    assert (store.name, store.container_name, store.account_name) == ("myblob", "container", "account")
    made = AzureBlobDatastore(None, "n", "c", "a", "?sig=1", "key", "https", "core.windows.net", subscription_id="s")
    assert (made.sas_token, made.account_key, made.is_sas, made.protocol) == ("?sig=1", "key", True, "https")
    assert "sig=1" not in str(made)
    assert store != made
    assert store == AzureBlobDatastore(None, "MyBlob")
