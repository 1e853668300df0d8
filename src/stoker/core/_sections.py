"""The sections of a run configuration: what is recorded, how processes are started, where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stoker.core._fields import flag, integer, integers, mapping, text, texts
from stoker.core._section import Section
from stoker.exceptions import RunConfigurationException

__all__ = [
    "SUPPORTED_PYTORCH_BACKENDS",
    "AmlComputeConfiguration",
    "ApplicationEndpointConfiguration",
    "DockerConfiguration",
    "HdiConfiguration",
    "HistoryConfiguration",
    "KubernetesComputeConfiguration",
    "MpiConfiguration",
    "ParallelTaskConfiguration",
    "PyTorchConfiguration",
    "SparkConfiguration",
    "TensorflowConfiguration",
]

SUPPORTED_PYTORCH_BACKENDS = ["nccl", "gloo"]


class HistoryConfiguration(Section):
    """What of a run is recorded."""

    output_collection: bool = flag(default=True)
    """Keep what the script writes to `outputs/`."""
    snapshot_project: bool = flag(default=True)
    """Keep the source folder as it was."""
    directories_to_watch: list[str] = texts(("logs",))
    """Folders whose files are shipped while the run goes on."""


class SparkConfiguration(Section):
    """Settings of Spark, as `spark-submit --conf` takes them."""

    configuration: dict[str, Any] = mapping({"spark.app.name": "Azure ML Experiment", "spark.yarn.maxAppAttempts": 1})


class HdiConfiguration(Section):
    """How Spark's driver is placed on a cluster: `cluster` or `client`."""

    yarn_deploy_mode: str = text("cluster")


class DockerConfiguration(Section):
    """Whether and how a run's processes are in a container.

    Parameters
    ----------
    use_docker : bool, default=False
    shared_volumes : bool, default=True
    arguments : list of str, optional
        More arguments for `docker run`.
    shm_size : str, default="2g"
        Size of `/dev/shm`.

    Examples
    --------
    >>> DockerConfiguration(use_docker=True).shm_size
    '2g'
    """

    use_docker: bool = flag(default=False)
    shared_volumes: bool = flag(default=True)
    arguments: list[str] = texts()
    shm_size: str = text("2g")

    def __init__(
        self,
        use_docker: bool = False,
        shared_volumes: bool = True,
        arguments: Sequence[str] | None = None,
        shm_size: str = "2g",
    ) -> None:
        super().__init__(
            use_docker=use_docker,
            shared_volumes=shared_volumes,
            arguments=list(arguments or []),
            shm_size="2g" if shm_size is None else shm_size,
        )


class MpiConfiguration(Section):
    """Processes started by MPI.

    Parameters
    ----------
    process_count_per_node : int, default=1
    node_count : int, default=1
    """

    process_count_per_node: int = integer(1)
    node_count: int = integer(1)

    def __init__(self, process_count_per_node: int = 1, node_count: int = 1) -> None:
        super().__init__(process_count_per_node=process_count_per_node, node_count=node_count)


class PyTorchConfiguration(Section):
    """Processes of `torch.distributed`.

    Parameters
    ----------
    communication_backend : str, default="Nccl"
        `Nccl` or `Gloo`, in any case; kept in lower case.
    process_count : int, optional
        Processes in all; None: one a node.
    node_count : int, default=1

    Raises
    ------
    stoker.exceptions.RunConfigurationException
        Another backend.
    """

    communication_backend: str = text("nccl")
    process_count: int | None = integer()
    node_count: int = integer(1)

    def __init__(
        self, communication_backend: str = "Nccl", process_count: int | None = None, node_count: int = 1
    ) -> None:
        backend = str(communication_backend).lower()
        if backend not in SUPPORTED_PYTORCH_BACKENDS:
            raise RunConfigurationException(
                f"The communication backend {communication_backend!r} is unknown to PyTorchConfiguration. "
                "Give 'Nccl' or 'Gloo'.",
                target="communication_backend",
            )
        super().__init__(communication_backend=backend, process_count=process_count, node_count=node_count)


class TensorflowConfiguration(Section):
    """Workers and parameter servers of TensorFlow.

    Parameters
    ----------
    worker_count : int, default=1
    parameter_server_count : int, default=1
    """

    worker_count: int = integer(1)
    parameter_server_count: int = integer(1)

    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1) -> None:
        super().__init__(worker_count=worker_count, parameter_server_count=parameter_server_count)


class ParallelTaskConfiguration(Section):
    """Workers that share a list of tasks.

    Parameters
    ----------
    max_retries_per_worker : int, default=0
    worker_count_per_node : int, default=1
    terminal_exit_codes : list of int, optional
        Exit codes that end the whole run.
    """

    max_retries_per_worker: int = integer(0)
    worker_count_per_node: int = integer(1)
    terminal_exit_codes: list[int] | None = integers(None)

    def __init__(
        self,
        max_retries_per_worker: int = 0,
        worker_count_per_node: int = 1,
        terminal_exit_codes: list[int] | None = None,
    ) -> None:
        super().__init__(
            max_retries_per_worker=max_retries_per_worker,
            worker_count_per_node=worker_count_per_node,
            terminal_exit_codes=terminal_exit_codes,
        )


class AmlComputeConfiguration(Section):
    """The cluster that v1 made for one run; kept, and without effect here."""

    vm_size: str | None = text()
    vm_priority: str | None = text()
    retain_cluster: bool = flag(default=False)
    name: str | None = text()
    cluster_max_node_count: int | None = integer()


class KubernetesComputeConfiguration(Section):
    """The kind of node of a Kubernetes target."""

    instance_type: str | None = text()


class ApplicationEndpointConfiguration(Section):
    """A service that a run offers while it goes on (v1: `services`).

    Parameters
    ----------
    type : str, optional
    port : int, optional
    properties : dict, optional
    """

    type: str | None = text()
    port: int | None = integer()
    properties: dict[str, Any] | None = mapping()

    def __init__(
        self,
        type: str | None = None,  # noqa: A002  # v1's name
        port: int | None = None,
        properties: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(type=type, port=port, properties=properties)
