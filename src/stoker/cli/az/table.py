"""v1's commands as plain data: where each is carried out, or the sentence that says what to use here instead."""

from __future__ import annotations

__all__ = ["COMMANDS", "COMMON", "FOREIGN", "GROUPS", "LATER_VERSION", "Place"]

Place = tuple[str, str]
"""The module below `stoker.cli.az`, and the verb in it."""

GROUPS: dict[str, str] = {
    "workspace": "Where runs are kept",
    "folder": "Which workspace and experiment a folder belongs to",
    "run": "Submit scripts, and look at what they did",
    "experiment": "Groups of runs",
    "computetarget": "Targets that runs go to",
    "datastore": "Places for data",
    "dataset": "Named and versioned data",
    "environment": "Packages that runs start with",
    "model": "Named and versioned models",
}
"""Group -> help, as `stoker az ml --help` lists them."""

COMMON: dict[str, str] = {
    "-w": "NAME|PATH",
    "--workspace-name": "NAME|PATH",
    "-g": "GROUP",
    "--resource-group": "GROUP",
    "--subscription-id": "ID",
    "--path": "DIR",
    "-t": "FILE",
    "--output-metadata-file": "FILE",
    "-v": "",
    "--verbose": "",
    "-o": "FORM",
    "--output": "FORM",
    "--query": "EXPR",
    "--only-show-errors": "",
    "--debug": "",
    "-h": "",
    "--help": "",
}
"""Option of every command -> what its value is; empty for a flag."""

_PIPELINES = (
    "worked with pipelines, which come with a later version of Stoker: until then submit the steps one by one with "
    "`stoker az ml run submit-script`."
)
_SERVING = (
    "put a model behind a web address, and Stoker has no web services yet: `stoker serve` comes with a later version, "
    "and until then `mlflow models serve -m models:/NAME/VERSION` or `stoker az ml model download` does."
)
_CLUSTERS = (
    "was about a Kubernetes cluster for web services, and there are none here: models are served on this machine, by "
    "`stoker serve` in a later version and by `mlflow models serve -m models:/NAME/VERSION` until then."
)
_NETWORK = (
    "was about Azure's network, and a workspace here is a folder of this machine that nobody else reaches: leave it "
    "out; `stoker server --help` says how others get in."
)
_KEYS = (
    "was about the keys of Azure's storage and registry, which a workspace here has none of: leave it out, and see "
    "`stoker datastore show NAME` for a datastore's own secret."
)

COMMANDS: dict[str, Place | str] = {
    "workspace create": ("workspace", "create"),
    "workspace list": ("workspace", "list"),
    "workspace show": ("workspace", "show"),
    "workspace update": ("workspace", "update"),
    "workspace delete": ("workspace", "delete"),
    "workspace share": ("workspace", "share"),
    "workspace sync-keys": ("workspace", "sync-keys"),
    "workspace list-keys": _KEYS,
    "workspace diagnose": "looked for faults of Azure's resources: here `stoker doctor` looks at this machine.",
    "workspace update-dependencies": (
        "exchanged Azure's container registry, and there is none here: environments are built on this machine, so "
        "leave it out."
    ),
    "workspace private-endpoint": _NETWORK,
    "folder attach": ("folder", "attach"),
    "run submit-script": ("run", "submit-script"),
    "run list": ("run", "list"),
    "run show": ("run", "show"),
    "run cancel": ("run", "cancel"),
    "run update": ("run", "update"),
    "run monitor-logs": ("run", "monitor-logs"),
    "run monitor-tensorboard": ("run", "monitor-tensorboard"),
    "run download-logs": ("run", "download-logs"),
    "run submit-hyperdrive": (
        "started a sweep, which comes with a later version of Stoker: until then submit one run for each value with "
        "`stoker az ml run submit-script`."
    ),
    "run submit-pipeline": _PIPELINES,
    "experiment list": ("experiment", "list"),
    "experiment flight-status": (
        "asked Azure's scheduler, and there is none here: `stoker run list` shows what runs and what waits."
    ),
    "computetarget create amlcompute": ("computetarget", "create amlcompute"),
    "computetarget create computeinstance": ("computetarget", "create computeinstance"),
    "computetarget create aks": _CLUSTERS,
    "computetarget create datafactory": (
        "made a data factory of Azure, and there is none here: move data with `stoker datastore upload` and "
        "`stoker datastore download`."
    ),
    "computetarget update amlcompute": ("computetarget", "update amlcompute"),
    "computetarget update aks": _CLUSTERS,
    "computetarget list": ("computetarget", "list"),
    "computetarget show": ("computetarget", "show"),
    "computetarget delete": ("computetarget", "delete"),
    "computetarget detach": ("computetarget", "detach"),
    "computetarget amlcompute identity assign": ("computetarget", "amlcompute identity assign"),
    "computetarget amlcompute identity remove": ("computetarget", "amlcompute identity remove"),
    "computetarget amlcompute identity show": ("computetarget", "amlcompute identity show"),
    "computetarget computeinstance start": ("computetarget", "computeinstance start"),
    "computetarget computeinstance stop": ("computetarget", "computeinstance stop"),
    "computetarget computeinstance restart": ("computetarget", "computeinstance restart"),
    "computetarget attach remote": (
        "attached a machine reached by SSH, which comes with a later version of Stoker: until then use Stoker on that "
        "machine itself, with the target `local`."
    ),
    "computetarget attach hdinsight": (
        "attached a Spark cluster, which comes with a later version of Stoker: until then start Spark in the script "
        "itself, with the master `local[*]`."
    ),
    "computetarget attach aks": _CLUSTERS,
    "computetarget attach kubernetes": (
        "attached a Kubernetes cluster, and Stoker runs on machines: use the target `local`, or make a pool with "
        "`stoker az ml computetarget create amlcompute`."
    ),
    "computetarget get-credentials": _CLUSTERS,
    "datastore list": ("datastore", "list"),
    "datastore show": ("datastore", "show"),
    "datastore show-default": ("datastore", "show-default"),
    "datastore set-default": ("datastore", "set-default"),
    "datastore attach-blob": ("datastore_attach", "attach-blob"),
    "datastore attach-file": ("datastore_attach", "attach-file"),
    "datastore attach-adls": ("datastore_attach", "attach-adls"),
    "datastore attach-adls-gen2": ("datastore_attach", "attach-adls-gen2"),
    "datastore attach-sqldb": ("datastore_attach", "attach-sqldb"),
    "datastore attach-psqldb": ("datastore_attach", "attach-psqldb"),
    "datastore attach-mysqldb": ("datastore_attach", "attach-mysqldb"),
    "datastore attach-dbfs": ("datastore_attach", "attach-dbfs"),
    "datastore upload": ("datastore", "upload"),
    "datastore download": ("datastore", "download"),
    "datastore detach": ("datastore", "detach"),
    "dataset list": ("dataset", "list"),
    "dataset show": ("dataset", "show"),
    "dataset register": ("dataset", "register"),
    "dataset unregister": ("dataset", "unregister"),
    "dataset archive": ("dataset", "archive"),
    "dataset deprecate": ("dataset", "deprecate"),
    "dataset reactivate": ("dataset", "reactivate"),
    "environment scaffold": ("environment", "scaffold"),
    "environment register": ("environment", "register"),
    "environment list": ("environment", "list"),
    "environment show": ("environment", "show"),
    "environment download": ("environment", "download"),
    "model register": ("model", "register"),
    "model list": ("model", "list"),
    "model show": ("model", "show"),
    "model download": ("model", "download"),
    "model update": ("model", "update"),
    "model delete": ("model", "delete"),
    "model deploy": _SERVING,
    "model package": _SERVING,
    "model profile": _SERVING,
    "service": _SERVING,
    "endpoint realtime": _SERVING,
    "endpoint": _PIPELINES,
    "pipeline": _PIPELINES,
}
"""Command -> where it is carried out, or what is said of it after its name; a sentence holds for all below too."""

LATER_VERSION = (
    "belongs to the extension that came after v1, whose commands Stoker does not have: use v1's, as `stoker az ml "
    "--help` lists them."
)
FOREIGN: dict[str, str] = {
    **dict.fromkeys(
        (
            *("job", "data", "component", "compute", "registry", "schedule", "connection", "feature-set"),
            *("feature-store", "online-endpoint", "online-deployment", "batch-endpoint", "batch-deployment"),
        ),
        LATER_VERSION,
    ),
    "environment create": LATER_VERSION,
    "model create": LATER_VERSION,
    "datastore create": LATER_VERSION,
    "login": "asked for an account, and a workspace here needs none: leave it out.",
}
"""Commands that v1's extension did not have, and what is said of them."""
