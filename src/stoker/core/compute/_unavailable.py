"""v1's other kinds of compute: importable, so that old code loads, and clear about what to use instead."""

from __future__ import annotations

from typing import Any, NoReturn

from stoker.core.compute._base import ComputeTarget
from stoker.exceptions import ComputeTargetException

__all__ = [
    "AdlaCompute",
    "AksCompute",
    "BatchCompute",
    "ComputeInstance",
    "DataFactoryCompute",
    "DatabricksCompute",
    "DsvmCompute",
    "HDInsightCompute",
    "KubernetesCompute",
    "RemoteCompute",
    "SynapseCompute",
]


class _Unavailable(ComputeTarget):
    """A kind of compute that this version can't make or attach."""

    _instead = "Use the target 'local', or a pool made by AmlCompute.provisioning_configuration."

    @classmethod
    def _refuse(cls) -> NoReturn:
        raise ComputeTargetException(f"{cls.__name__} is not available in this version of Stoker. {cls._instead}")

    @classmethod
    def provisioning_configuration(cls, *args: Any, **settings: Any) -> NoReturn:
        """Raise `ComputeTargetException`: this kind can't be made here."""
        del args, settings
        cls._refuse()

    @classmethod
    def attach_configuration(cls, *args: Any, **settings: Any) -> NoReturn:
        """Raise `ComputeTargetException`: this kind can't be attached here."""
        del args, settings
        cls._refuse()


class RemoteCompute(_Unavailable):
    """A machine reached by SSH."""

    _compute_type = "VirtualMachine"
    _instead = "Machines reached by SSH come in a later version; until then start Stoker on that machine itself."


class HDInsightCompute(_Unavailable):
    """A Spark cluster."""

    _compute_type = "HDInsight"
    _instead = "Spark clusters come in a later version; until then start Spark in the script (local[*])."


class DsvmCompute(_Unavailable):
    """A virtual machine that the cloud makes."""

    _compute_type = "DSVM"
    _instead = "Stoker makes no machines. Use the target 'local' on a machine that you have."


class ComputeInstance(_Unavailable):
    """A notebook machine of the cloud."""

    _compute_type = "ComputeInstance"


class KubernetesCompute(_Unavailable):
    """A Kubernetes cluster for training."""

    _compute_type = "Kubernetes"


class AksCompute(_Unavailable):
    """A Kubernetes cluster for web services."""

    _compute_type = "AKS"


class BatchCompute(_Unavailable):
    """A batch service of the cloud."""

    _compute_type = "Batch"


class AdlaCompute(_Unavailable):
    """An analytics service of the cloud."""

    _compute_type = "DataLakeAnalytics"


class DataFactoryCompute(_Unavailable):
    """A data-moving service of the cloud."""

    _compute_type = "DataFactory"


class DatabricksCompute(_Unavailable):
    """A Databricks workspace."""

    _compute_type = "Databricks"


class SynapseCompute(_Unavailable):
    """A Spark pool of the cloud."""

    _compute_type = "SynapseSpark"
