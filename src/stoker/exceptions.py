"""Every error that Stoker raises on purpose, in one tree.

::

    StokerException                        (v1's name: AzureMLException)
    +-- UserErrorException                 a wrong name, value or file: mend it and call again
    |   +-- AuthenticationException        a token that is missing, wrong or expired
    |   +-- NotFoundException              nothing of that name
    |   +-- ConflictException              the name is taken, or the record changed meanwhile
    |   +-- DatasetValidationError, DatasetExecutionError
    |   +-- EnvironmentBuildException      an environment that can't be made
    +-- ServiceException                   the workspace service is away or answered with an error
    +-- WorkspaceException, ExperimentExecutionException, ProjectSystemException, TrainingException,
        SnapshotException, RunEnvironmentException, ComputeTargetException, RunConfigurationException,
        WebserviceException, ModelNotFoundException, ModelPathNotFoundException,
        ActivityFailedException, ActivityCanceledException, DatasetTimestampMissingError

A message says what happened, why, and what to do next.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = [
    "ActivityCanceledException",
    "ActivityFailedException",
    "AuthenticationException",
    "AzureMLAggregatedException",
    "AzureMLException",
    "ComputeTargetException",
    "ConflictException",
    "DatasetExecutionError",
    "DatasetTimestampMissingError",
    "DatasetValidationError",
    "DiscoveryUrlNotFoundException",
    "EnvironmentBuildException",
    "ExperimentExecutionException",
    "ModelNotFoundException",
    "ModelPathNotFoundException",
    "NotFoundException",
    "ParallelRunException",
    "ProjectSystemException",
    "RunConfigurationException",
    "RunEnvironmentException",
    "ServiceException",
    "SnapshotException",
    "StokerException",
    "TrainingException",
    "UserErrorException",
    "WebserviceException",
    "WorkspaceException",
    "WorkspacePrivateEndpointException",
]


class StokerException(Exception):  # noqa: N818  # v1's names end in Exception; users catch them by name
    """The root of all of Stoker's errors.

    Parameters
    ----------
    exception_message : str
        What happened, why, and what to do next.
    inner_exception : BaseException, optional
        The error below this one.
    target : str, optional
        The argument, field or file that is wrong.
    details : dict, optional
        Facts for a program that reads the error.

    Attributes
    ----------
    message : str
        The plain text.
    """

    error_code = "UserError"

    def __init__(
        self,
        exception_message: str = "",
        inner_exception: BaseException | None = None,
        *,
        target: str | None = None,
        details: dict[str, Any] | None = None,
        **_: object,
    ) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception
        self.target = target
        self.details = details or {}

    def __str__(self) -> str:
        """Return the plain text."""
        return self.message


AzureMLException = StokerException


class UserErrorException(StokerException):
    """A wrong name, value or file."""


class AuthenticationException(UserErrorException):
    """A token that is missing, wrong or expired."""

    error_code = "Unauthorized"


class NotFoundException(UserErrorException):
    """Nothing of that name is in the workspace."""

    error_code = "NotFound"


class ConflictException(UserErrorException):
    """The name is taken, or the record changed meanwhile."""

    error_code = "Conflict"


class DatasetValidationError(UserErrorException):
    """A dataset's definition does not fit its data."""


class DatasetExecutionError(UserErrorException):
    """Reading a dataset failed."""


class EnvironmentBuildException(UserErrorException):
    """An environment that can't be resolved or built."""


class ServiceException(StokerException):
    """The workspace service is away, or answered with an error.

    Attributes
    ----------
    status : int
        The HTTP status; 0 when nothing answered.
    """

    error_code = "ServiceError"

    def __init__(self, exception_message: str = "", *args: Any, status: int = 0, **kwargs: Any) -> None:
        super().__init__(exception_message, *args, **kwargs)
        self.status = status


class WorkspaceException(StokerException):
    """A workspace that can't be made, found or used."""


class ExperimentExecutionException(StokerException):
    """A run that could not be started."""


class ProjectSystemException(StokerException):
    """A project folder that can't be read or written."""


class TrainingException(StokerException):
    """An estimator whose settings don't fit together."""


class SnapshotException(StokerException):
    """A source folder that can't be recorded."""


class RunEnvironmentException(StokerException):
    """Code that must run inside a run, and does not."""


class ComputeTargetException(StokerException):
    """A compute target that is unknown or can't be used so."""


class RunConfigurationException(StokerException):
    """A run configuration whose settings don't fit together."""


class WebserviceException(StokerException):
    """A model or service request that failed (v1's name)."""


class ModelNotFoundException(StokerException):
    """No model of that name."""


class ModelPathNotFoundException(StokerException):
    """No file of that name to make a model of."""


class ActivityFailedException(StokerException):
    """A run that was waited for has failed."""


class ActivityCanceledException(StokerException):
    """A run that was waited for was canceled."""


class DatasetTimestampMissingError(StokerException):
    """A time filter on a dataset without a timestamp column."""


class AzureMLAggregatedException(StokerException):
    """Several errors as one; Stoker raises none.

    Parameters
    ----------
    exceptions_list : list of str
        Their messages.
    """

    def __init__(self, exceptions_list: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__("\n".join(map(str, exceptions_list)), **kwargs)


class DiscoveryUrlNotFoundException(StokerException):
    """An address of the cloud that was not found; Stoker has none, and raises none.

    Parameters
    ----------
    discovery_key : str
        Its name.
    """

    def __init__(self, discovery_key: str = "", **kwargs: Any) -> None:
        super().__init__(f"The address {discovery_key} is in no variable of the environment.", **kwargs)


class ParallelRunException(StokerException):
    """What an entry script of a parallel step raises.

    Parameters
    ----------
    exception_message : str
    code : {"Retry.NoRetry", "Retry.StopProcess", "Retry.RestartProcess"}, optional
        What becomes of the mini batch.
    delay_seconds : float, default=0
        Seconds before the next one.
    """

    def __init__(
        self, exception_message: str = "", code: str | None = None, delay_seconds: float = 0, **kwargs: Any
    ) -> None:
        super().__init__(exception_message, **kwargs)
        self.code = code
        self.delay_seconds = delay_seconds


class WorkspacePrivateEndpointException(StokerException):
    """A private endpoint of the cloud that could not be had; Stoker has none, and raises none.

    Parameters
    ----------
    exception_message : str
    found_multiple : bool, default=False
        Whether there was more than one workspace of the name.
    """

    def __init__(self, exception_message: str = "", found_multiple: bool = False, **kwargs: Any) -> None:
        super().__init__(exception_message, **kwargs)
        self.found_multiple = found_multiple
