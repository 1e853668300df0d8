"""MLflow's client at work, the same on several servers in turn. Run by the Python that has MLflow; prints JSON."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric

BATCH = 100


def main(servers: dict[str, list[str]], rounds: int) -> dict[str, dict[str, float]]:
    """Return for each server the median milliseconds of one `log_metric` and of one `log_batch` of 100 points."""
    clients: dict[str, tuple[MlflowClient, str]] = {}
    for name, (uri, token) in servers.items():
        os.environ["MLFLOW_TRACKING_TOKEN"] = token
        client = MlflowClient(uri)
        clients[name] = client, client.create_run("0").info.run_id
    single: dict[str, list[float]] = {name: [] for name in servers}
    batch: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds):
        for name, (client, run) in clients.items():
            os.environ["MLFLOW_TRACKING_TOKEN"] = servers[name][1]
            single[name].append(_timed(client.log_metric, run, "loss", 0.5, number, number))
            points = [Metric(f"m{column}", 0.5, number, number) for column in range(BATCH)]
            batch[name].append(_timed(client.log_batch, run, points))
    return {
        name: {"single": statistics.median(single[name]), "batch": statistics.median(batch[name])} for name in servers
    }


def _timed(call: Any, *arguments: Any) -> float:
    began = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]), int(sys.argv[2]))))
