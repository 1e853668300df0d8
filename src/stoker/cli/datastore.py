"""`stoker datastore`: places for data."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, Noun, Yes, option
from stoker.cli.output import emit
from stoker.cli.pairs import pairs
from stoker.cli.refs import segment
from stoker.cli.session import SESSION, UsageProblem, confirm
from stoker.cli.table import Column, facts
from stoker.cli.units import ago, size

app = Noun()

Store = Annotated[str, Argument(metavar="DATASTORE")]
Overwrite = Annotated[bool, option("--overwrite", about="Replace what is there; else it is left as it is")]

_S3_SECRETS = {"access_key_id", "secret_access_key", "session_token"}
_DATABASES = re.compile(r"(sqlite|postgresql|postgres|mysql|mariadb|mssql|oracle|duckdb|snowflake)(\+\w+)?://")


def _place(record: Mapping[str, Any]) -> str:
    return str(record.get("root") or (record.get("config") or {}).get("url") or "")


_COLUMNS = [
    Column("DATASTORE", lambda row: f"{row['name']} (default)" if row.get("is_default") else row["name"], named=True),
    Column("TYPE", "type"),
    Column("PLACE", _place, shrink=True),
]


@app.verb("list")
def list_datastores() -> None:
    """List datastores."""
    emit(SESSION.get("/datastores")["datastores"], _COLUMNS)


@app.verb("show")
def show(name: Store) -> None:
    """Show a datastore, without its secret."""
    _emit(SESSION.api().get(_path(name)))


def _emit(record: dict[str, Any]) -> None:
    config = record.get("config") or {}
    shown = [
        ("Datastore", record["name"]),
        ("Type", record["type"]),
        ("Place", _place(record)),
        ("Settings", config.get("options") or None),
        ("On record", config.get("facts") or None),
        ("Secret", "kept encrypted" if record.get("has_secret") else "none"),
        ("Default", "yes" if record.get("is_default") else "no"),
        ("Created", f"{record.get('created')} ({ago(record.get('created'))})"),
    ]
    emit(record, text=lambda: facts(shown))


@app.verb("register")
def register(
    name: Annotated[str, Argument(metavar="NAME")],
    place: Annotated[
        str,
        Argument(metavar="PATH", help="A folder, or an address: s3://bucket/prefix, az://container, sqlite:///file"),
    ],
    setting: Annotated[
        Many, option("--option", about="k=v, as endpoint_url, region, account_name; may be repeated", metavar="k=v")
    ] = None,
    secret: Annotated[
        Many,
        option(
            "--secret",
            about="k=VARIABLE, as account_key=MY_KEY: the variable that holds it; may be repeated",
            metavar="k=VARIABLE",
        ),
    ] = None,
    overwrite: Annotated[bool, option("--overwrite", about="Replace the datastore of that name")] = False,
    skip_validation: Annotated[bool, option("--skip-validation", about="Do not look at the place now")] = False,
    default: Annotated[bool, option("--default", about="Make it the default")] = False,
) -> None:
    """Register a folder, a bucket, a container, a database, or any other place.

    Secrets are named by environment variables, so that they are in no shell history, and are kept encrypted.
    """
    settings = {key: value or "" for key, value in pairs(setting or [], need_value=True).items()}
    secrets = _secrets(secret or [])
    made = _registered(name, place, settings, secrets, overwrite=overwrite, skip_validation=skip_validation)
    if default:
        made.set_as_default()
    _emit(SESSION.api().get(_path(name)))


def _secrets(words: list[str]) -> dict[str, str]:
    found = {}
    for key, variable in pairs(words, need_value=True).items():
        value = os.environ.get(variable or "")
        if value is None:
            raise UsageProblem(
                f"There is no environment variable {variable!r} for the secret {key}. Set it: export {variable}=..."
            )
        found[key] = value
    return found


def _registered(
    name: str, place: str, settings: dict[str, str], secrets: dict[str, str], *, overwrite: bool, skip_validation: bool
) -> Any:
    from stoker.core import Datastore

    workspace = SESSION.workspace()
    if "://" not in place:
        _checked({**settings, **secrets}, set())
        return Datastore.register_local_folder(workspace, name, place, overwrite)
    if _DATABASES.match(place):
        _checked({**settings, **secrets}, {"password"})
        return Datastore.register_sql_database(workspace, name, place, secrets.get("password"), overwrite)
    words: dict[str, Any] = {"overwrite": overwrite, "skip_validation": skip_validation}
    scheme, _, rest = place.partition("://")
    if scheme in {"s3", "s3a"} and set(settings) <= {"region", "endpoint_url"}:
        bucket, _, prefix = rest.partition("/")
        words.update(settings, prefix=prefix, **_checked(secrets, _S3_SECRETS))
        return Datastore.register_s3_bucket(workspace, name, bucket, **words)
    if scheme in {"az", "azure"} and set(settings) <= {"account_name", "protocol", "endpoint"} and "/" not in rest:
        account = settings.pop("account_name", None) or _no_account(name, place)
        words.update(settings, **_checked(secrets, {"account_key", "sas_token"}))
        return Datastore.register_azure_blob_container(workspace, name, rest, account, **words)
    return Datastore.register_fsspec(workspace, name, place, settings, secrets, **words)


def _checked(given: dict[str, str], known: set[str]) -> dict[str, str]:
    """Return the settings, or say which one such a datastore does not have."""
    for key in sorted(set(given) - known):
        has = f"It has {', '.join(sorted(known))}." if known else "Leave it out."
        raise UsageProblem(f"Such a datastore has no setting {key!r}. {has}")
    return given


def _no_account(name: str, place: str) -> str:
    raise UsageProblem(
        f"A container belongs to an account. Write `stoker datastore register {name} {place} "
        "--option account_name=ACCOUNT --secret account_key=VARIABLE`."
    )


@app.verb("upload")
def upload(
    name: Store,
    source: Annotated[str, Argument(metavar="PATH", help="A file, or a folder with all below it")],
    target: Annotated[str | None, option("--target", about="Folder on the datastore", metavar="FOLDER")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Store a file or a folder on a datastore."""
    from stoker.cli.transfer import progress
    from stoker.data._transfers import file_pairs, folder_pairs

    if not os.path.exists(source):
        raise UsageProblem(f"There is no file or folder {source!r} in {os.getcwd()}. Name one that is there.")
    found = folder_pairs(source, target) if os.path.isdir(source) else file_pairs([source], None, target)
    storage = _storage(name)
    total = sum(os.path.getsize(local) for local, _ in found)
    done = {"bytes": 0}
    with progress("Uploading", total) as advance:

        def count(_: int, more: int) -> None:
            done["bytes"] += more
            advance(more)

        stored = storage.upload_many(found, overwrite, count)
    result = {"datastore": name, "path": target or "", "files": stored, "skipped": len(found) - stored, **done}
    skipped = f"; {result['skipped']} already there" if result["skipped"] else ""
    emit(result, text=lambda: f"Uploaded {_files(stored)} ({size(done['bytes'])}) to {name}{skipped}.")


@app.verb("download")
def download(
    name: Store,
    prefix: Annotated[str | None, Argument(metavar="BEGINNING", help="How the paths begin; default: all files")] = None,
    folder: Annotated[str, Option("--directory", "-d", help="Where to put them", metavar="DIR")] = ".",
    overwrite: Overwrite = False,
) -> None:
    """Copy files of a datastore here; they keep their whole paths."""
    from stoker.cli.transfer import progress
    from stoker.data._storage.fetching import fetch_many
    from stoker.data._transfers import download_pairs

    storage = _storage(name)
    found = download_pairs(storage, folder, prefix, overwrite=overwrite)
    total = sum(entry.size for entry, _ in found)
    with progress("Downloading", total) as advance:
        fetch_many(storage, found, lambda _, more: advance(more))
    done = [{"name": entry.path, "path": local, "size": entry.size} for entry, local in found]
    columns = [Column("PATH", "path", shrink=True), Column("SIZE", lambda file: size(file["size"]), right=True)]
    emit(done, columns, empty=f"Nothing was downloaded: no new file on {name} begins with {prefix or ''!r}.")


@app.verb("set-default")
def set_default(name: Store) -> None:
    """Make a datastore the one that is used where none is named."""
    record = SESSION.api().post(f"{_path(name)}/default")
    emit(record, text=lambda: f"The default datastore is {record['name']}.")


@app.verb("unregister")
def unregister(name: Store, yes: Yes = False) -> None:
    """Forget a datastore; what is in it stays."""
    confirm(f"Forget the datastore {name}? Its files stay where they are.", yes=yes)
    SESSION.api().delete(_path(name))
    emit({"unregistered": name}, text=lambda: f"Forgot the datastore {name}.")


def _path(name: str) -> str:
    return f"/datastores/{segment(name)}"


def _storage(name: str) -> Any:
    from stoker.data._storage.opening import storage_of

    return storage_of(SESSION.workspace(), name)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
