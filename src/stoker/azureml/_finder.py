"""The finder: names of v1's modules lead to Stoker's."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from opcode import opmap
from types import ModuleType

from stoker.azureml._places import ROOTS, place_of, second_place, why_missing, why_no_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import Any

__all__ = ["AzuremlFinder", "install", "installed", "uninstall"]

ROOT = "azureml"
_GIVEN = "__stoker_second_names__"


class AzuremlFinder(MetaPathFinder):
    """Finds `azureml` and the modules below it in Stoker."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a v1 module is; None for every other name."""
        del path, target
        if fullname == ROOT:
            return ModuleSpec(ROOT, _RootLoader(), is_package=True)
        if fullname.partition(".")[0] not in ROOTS:
            return None
        place = place_of(fullname)
        if place is not None:
            return ModuleSpec(fullname, _Loader(place), is_package=_is_package(place))
        return ModuleSpec(fullname, _Missing(), is_package=False)


class _RootLoader(Loader):
    """Makes the package `azureml`, which holds nothing but its modules."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__doc__ = "Stoker under v1's name: see `stoker.azureml`."
        # Nothing below it is looked for on the disk.
        module.__path__ = []
        vars(module)["__getattr__"] = _of_root


def _of_root(name: str) -> Any:
    # v1's `azureml.core` had imported these.
    if name in {"data", "exceptions"}:
        return importlib.import_module(f"{ROOT}.{name}")
    raise AttributeError(f"module {ROOT!r} has no attribute {name!r}")


class _Loader(Loader):
    """Gives Stoker's own module, under a second name.

    Parameters
    ----------
    place : str
        The module's name in Stoker.
    """

    def __init__(self, place: str) -> None:
        self._place = place

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        found = importlib.import_module(self._place)
        _give_second_names(found)
        # What is in `sys.modules` after this is what the import statement gives.
        sys.modules[module.__name__] = found


class _Missing(Loader):
    """Says what became of a module that Stoker does not have."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        raise ModuleNotFoundError(why_missing(spec.name), name=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(why_missing(module.__name__), name=module.__name__)


def _give_second_names(module: ModuleType) -> None:
    """Let a module of ours answer for the names that v1's module had besides its own."""
    names = vars(module)
    if names.setdefault(_GIVEN, False):
        return
    names[_GIVEN], before = True, names.get("__getattr__")

    def answer(name: str) -> Any:
        place = second_place(module.__name__, name)
        if place is not None:
            return getattr(importlib.import_module(place), name)
        try:
            return own(name)
        except AttributeError:
            below = _below(module.__name__, name)
            if below is not None:
                return below
            if not _is_import_from(sys._getframe(1)):  # noqa: SLF001  # the statement that asks
                raise
        raise ImportError(why_no_name(module.__name__, name), name=module.__name__)

    def own(name: str) -> Any:
        if before is not None:
            return before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    names["__getattr__"] = answer


def _below(module: str, name: str) -> ModuleType | None:
    """Return a module below one of ours: v1's packages had imported theirs, so that `azureml.core.run.Run` is there."""
    place = place_of(f"{ROOT}.{module.partition('.')[2]}.{name}")
    if place is None:
        return None
    found = importlib.import_module(place)
    _give_second_names(found)
    return found


def _is_import_from(frame: FrameType) -> bool:
    """Whether a frame is at `from module import name`: Python drops the words of an AttributeError there."""
    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def _is_package(place: str) -> bool:
    spec = importlib.util.find_spec(place)
    return spec is not None and spec.submodule_search_locations is not None


_finder = AzuremlFinder()


def installed() -> bool:
    """Whether `import azureml` means Stoker in this process."""
    return _finder in sys.meta_path


def install() -> None:
    """Let `import azureml` mean Stoker in this process; may be called again.

    Warns
    -----
    UserWarning
        The real client was imported before: what was taken from it stays as it is.
    """
    if installed():
        return
    others = sorted(name for name in sys.modules if name == ROOT or name.startswith(f"{ROOT}."))
    if others and not _is_ours(sys.modules[others[0]]):
        import warnings

        for name in others:
            del sys.modules[name]
        warnings.warn(
            f"{others[-1]} was imported before stoker.azureml, so what was taken from it still is v1's own client. "
            "Write `import stoker.azureml` first.",
            stacklevel=3,
        )
    # First: the real client may be installed beside Stoker.
    sys.meta_path.insert(0, _finder)


def _is_ours(module: ModuleType) -> bool:
    return isinstance(getattr(module.__spec__, "loader", None), _RootLoader)


def uninstall() -> None:
    """Take `install` back; modules that were imported stay imported."""
    if installed():
        sys.meta_path.remove(_finder)
    for name in [name for name in sys.modules if name == ROOT or name.startswith(f"{ROOT}.")]:
        del sys.modules[name]
