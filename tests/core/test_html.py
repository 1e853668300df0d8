"""What Jupyter shows: no request, no service, no error, and no way for a name to become markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stoker.client.discovery import living_service
from stoker.client.layout import create_workspace
from stoker.core import Dataset, Datastore, Environment, Experiment, Model, RunConfiguration, Workspace
from stoker.core.compute import AmlCompute, ComputeTarget
from stoker.core.conda_dependencies import CondaDependencies
from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture(scope="module")
def workspace(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))


class Silent:
    """A connection that must not be used."""

    url = "http://nowhere"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of the service")


def cells(html: str) -> str:
    assert html.count("<table") == html.count("</table>") == 1
    return html


def test_a_workspace_is_shown_without_starting_its_service(tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "quiet")

    html = cells(Workspace.from_config(str(tmp_path))._repr_html_())

    assert "quiet" in html
    assert str(tmp_path) in html
    assert living_service(str(tmp_path / ".stoker")) is None


def test_a_workspace_that_is_gone_is_still_shown(tmp_path: Path) -> None:
    create_workspace(str(tmp_path / "a"), "gone")
    workspace = Workspace.from_config(str(tmp_path / "a"))
    (tmp_path / "a").rename(tmp_path / "b")

    assert str(tmp_path / "a") in cells(workspace._repr_html_())


def test_a_workspace_on_a_server_is_not_asked_for() -> None:
    workspace = Workspace._at("https://stoker.example.org")

    assert "https://stoker.example.org" in cells(workspace._repr_html_())
    assert "https://stoker.example.org" not in Experiment._known(workspace, "a")._repr_html_()


def test_an_experiment_and_a_run_have_links_to_their_pages(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "pages")
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()

    assert f'href="{run.get_portal_url()}"' in cells(run._repr_html_())
    assert "Completed" in run._repr_html_()
    assert workspace.name in cells(experiment._repr_html_())
    assert f'href="{workspace._api.url}/"' in cells(workspace._repr_html_())


def test_what_is_on_record_is_shown_without_a_request(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("a")
    (tmp_path / "a.csv").write_text("x\n1\n")
    model = Model.register(workspace, str(tmp_path / "model.txt"), "shown", tags={"<b>": "bold"})
    target = ComputeTarget.create(workspace, "pool", AmlCompute.provisioning_configuration(max_nodes=3))
    dataset = Dataset.Tabular.from_delimited_files(str(tmp_path / "a.csv"), validate=False)
    dataset = dataset.register(workspace, "<i>rows</i>")
    store = Datastore(workspace)
    known = workspace._made_api
    workspace._api = Silent()  # type: ignore[assignment]  # it must not be used
    try:
        shown = {thing: cells(thing._repr_html_()) for thing in (model, target, dataset, store)}
    finally:
        workspace._made_api = known

    assert "&lt;b&gt;: bold" in shown[model]
    assert "0 to 3" in shown[target]
    assert "&lt;i&gt;rows&lt;/i&gt;" in shown[dataset]
    assert "TabularDataset" in shown[dataset]
    assert "a.csv" in shown[dataset]
    assert "workspaceblobstore" in shown[store]


def test_an_environment_is_shown_by_what_differs_from_a_fresh_one() -> None:
    environment = Environment("<training>")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["scikit-learn==1.5.0"])
    environment.docker.base_image_registry.password = "hidden"

    html = cells(environment._repr_html_())

    assert "&lt;training&gt;" in html
    assert "scikit-learn==1.5.0" in html
    assert "hidden" not in html
    assert "docker.base_image_registry.password" in html
    assert "spark" not in html


def test_a_run_configuration_is_shown_by_what_differs_from_a_fresh_one() -> None:
    configuration = RunConfiguration(script="train.py", arguments=["--alpha", "<1>"])

    html = cells(configuration._repr_html_())

    assert "train.py" in html
    assert "--alpha<br>&lt;1&gt;" in html
    assert "hdi" not in html


def test_what_can_not_be_shown_gives_its_bare_name() -> None:
    environment = Environment("a")
    object.__setattr__(environment, "python", Silent())

    assert "Environment object at" in environment._repr_html_()
