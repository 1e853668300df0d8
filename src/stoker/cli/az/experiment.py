"""`az ml experiment`: groups of runs."""

from __future__ import annotations

from stoker.cli.az.command import V1Group
from stoker.cli.az.given import answer, api

app = V1Group()


@app.v1("list")
def list_experiments() -> None:
    """List experiments."""
    answer(
        [
            {
                "experimentId": record["id"],
                "name": record["name"],
                "description": record.get("description"),
                "createdUtc": record["created"],
                "archivedTime": record.get("archived_time"),
                "tags": record.get("tags") or {},
            }
            for record in api().get("/experiments", view="active")["experiments"]
        ]
    )
