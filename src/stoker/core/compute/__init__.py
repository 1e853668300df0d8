"""Compute targets: where runs go. `local` is this machine and needs no object; `AmlCompute` is a pool on it."""

from __future__ import annotations

from stoker.core.compute._amlcompute import AmlCompute, AmlComputeProvisioningConfiguration
from stoker.core.compute._amlcompute_status import AmlComputeNodeStateCounts, AmlComputeStatus, ScaleSettings
from stoker.core.compute._base import ComputeTarget, ProvisioningConfiguration
from stoker.core.compute._unavailable import (
    AdlaCompute,
    AksCompute,
    BatchCompute,
    ComputeInstance,
    DatabricksCompute,
    DataFactoryCompute,
    DsvmCompute,
    HDInsightCompute,
    KubernetesCompute,
    RemoteCompute,
    SynapseCompute,
)

__all__ = [
    "AdlaCompute",
    "AksCompute",
    "AmlCompute",
    "AmlComputeNodeStateCounts",
    "AmlComputeProvisioningConfiguration",
    "AmlComputeStatus",
    "BatchCompute",
    "ComputeInstance",
    "ComputeTarget",
    "DataFactoryCompute",
    "DatabricksCompute",
    "DsvmCompute",
    "HDInsightCompute",
    "KubernetesCompute",
    "ProvisioningConfiguration",
    "RemoteCompute",
    "ScaleSettings",
    "SynapseCompute",
]
