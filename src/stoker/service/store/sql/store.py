"""The store in SQLite."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from stoker.exceptions import UserErrorException, WorkspaceException
from stoker.service.store.base import Store
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.datasets import SqlDatasets
from stoker.service.store.sql.datastores import SqlDatastores
from stoker.service.store.sql.files import SqlArtifacts, SqlLogs
from stoker.service.store.sql.journals import SqlJournals
from stoker.service.store.sql.lineage import SqlLineage
from stoker.service.store.sql.logged_models import SqlLoggedModels
from stoker.service.store.sql.metrics import SqlMetrics, SqlResources
from stoker.service.store.sql.mlflow_runs import SqlMlflowRuns
from stoker.service.store.sql.models import SqlModels
from stoker.service.store.sql.params import SqlParams
from stoker.service.store.sql.records import SqlCompute, SqlEnvironments, SqlSnapshots
from stoker.service.store.sql.runs import SqlRuns
from stoker.service.store.sql.schema import ensure_schema
from stoker.service.store.sql.secrets import SqlSecrets
from stoker.service.store.sql.workspace import SqlExperiments, SqlWorkspace
from stoker.service.store.vault import KEY_FILE, Vault

__all__ = ["SqlStore"]


class SqlStore(Store):
    """All records of one workspace in a SQLite database; see `Store` for what it promises.

    Parameters
    ----------
    url : str
        `sqlite:////absolute/path.db`, a plain path, or `sqlite://` for one in memory, which ends with the store.

    Examples
    --------
    >>> store = SqlStore("sqlite://")
    >>> store.experiments.get_or_create("diabetes")["name"]
    'diabetes'
    >>> store.close()
    """

    def __init__(self, url: str) -> None:
        self.database = Database(_path(url))
        try:
            ensure_schema(self.database)
        except BaseException:
            self.database.close()
            raise
        self.workspace = SqlWorkspace(self.database)
        self.experiments = SqlExperiments(self.database)
        self.runs = SqlRuns(self.database)
        self.journals = SqlJournals(self.database)
        self.metrics = SqlMetrics(self.database)
        self.resources = SqlResources(self.database)
        self.logs = SqlLogs(self.database)
        self.artifacts = SqlArtifacts(self.database)
        self.snapshots = SqlSnapshots(self.database)
        self.environments = SqlEnvironments(self.database)
        self.compute = SqlCompute(self.database)
        self.params = SqlParams(self.database)
        self.mlflow_runs = SqlMlflowRuns(self.database)
        home = None if self.database.path is None else os.path.dirname(self.database.path)
        vault = Vault(None if home is None else os.path.join(home, KEY_FILE))
        self.secrets = SqlSecrets(self.database, vault)
        self.datastores = SqlDatastores(self.database, vault, home)
        self.datasets = SqlDatasets(self.database)
        self.lineage = SqlLineage(self.database)
        self.models = SqlModels(self.database)
        self.logged_models = SqlLoggedModels(self.database)

    @contextlib.contextmanager
    def write(self, *, whole: bool = False) -> Iterator[None]:
        """Make one transaction of all that this thread writes in the block."""
        with self.database.write(whole=whole):
            yield

    def next_incarnation(self) -> int:
        """Return a number that no earlier start got."""
        with self.database.write():
            return self.database.count("incarnation")

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def _path(url: str) -> str | None:
    if url in {"sqlite://", "sqlite:///:memory:"}:
        return None
    if url.startswith("sqlite:///"):
        path = url[len("sqlite:///") :]
    elif "://" in url:
        raise UserErrorException(
            f"The store {url!r} is of a kind that this version does not have. Give sqlite:////absolute/path.db.",
            target="url",
        )
    else:
        path = url
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise WorkspaceException(
            f"The folder {folder} for the workspace's records does not exist. Make the workspace with `stoker init`."
        )
    return os.path.abspath(path)
