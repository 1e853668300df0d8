"""v1's interface as Stoker has it, read from Stoker's own code: what a name is, and what a call of it returns.

Nothing is kept by hand: a name works when it is there, types come from annotations, what differs is a line
`Differs from v1: ...` in a docstring, and what only the cloud had is a class made by `core/_cloud.py` or one that
carries `_instead`, or a function that never returns.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from stoker.azureml._places import place_of, second_place, why_missing
from stoker.core._section import Section
from stoker.porting.docstrings import difference, kinds_returned, refusal
from stoker.porting.findings import Verdict

__all__ = ["Value", "module_value"]

_SEARCHED = (
    "stoker.core",
    "stoker.core.compute",
    "stoker.data",
    "stoker.core.runconfig",
    "stoker.exceptions",
    "stoker.data.abstract_dataset",
)
_LISTS = frozenset({"Iterable", "Iterator", "Generator", "List", "Sequence", "list", "set", "tuple"})
_MAPPINGS = frozenset({"Mapping", "dict"})
_FAR = 2


@dataclass(frozen=True)
class Value:
    """What a name or an expression of the code that is read stands for.

    Attributes
    ----------
    kind : {"module", "class", "object", "function", "many", "by_name", "pairs", "pair", "missing"}
        `many` is something that yields objects of the class, `by_name` a mapping to them, `pairs` its items and `pair`
        one of these; `missing` is what Stoker does not have, or what comes of that.
    name : str
        v1's name, for reports.
    thing : object
        The module, class or function of Stoker.
    why : str
        Of what is missing: what is said of it.
    depth : int
        How many calls lie between it and what is missing; nothing is said of what is farther than one.
    of_cloud : bool
        Of what is missing: whether only the cloud had it.
    """

    kind: str
    name: str
    thing: Any = None
    why: str = ""
    depth: int = 0
    of_cloud: bool = False

    def member(self, attribute: str) -> Value | None:
        """Return what an attribute of it is; None where nothing can be said."""
        name = f"{self.name}.{attribute}"
        if self.kind == "missing":
            return replace(self, name=name) if self.depth < _FAR else None
        if self.kind == "module":
            return _of_module(self, attribute, name)
        if self.kind in {"class", "object"}:
            return _of_class(self, attribute, name)
        if self.kind == "by_name" and attribute in {"get", "pop", "setdefault"}:
            return Value("function", name, _Given(self.item()))
        if self.kind == "by_name" and attribute in {"values", "items"}:
            kind = "many" if attribute == "values" else "pairs"
            return Value("function", name, _Given(Value(kind, self.name, self.thing)))
        return None

    @property
    def is_use(self) -> bool:
        """Whether a call of it is a use of v1: `get` of a mapping that v1 gave is not."""
        return self.kind in {"class", "function", "missing"} and not isinstance(self.thing, _Given)

    def parts(self, count: int) -> list[Value | None]:
        """Return what the names on the left of an assignment to several stand for."""
        if self.kind == "pair":
            return [None, Value("object", self.name, self.thing), *[None] * count][:count]
        return [self.item()] * count

    def item(self) -> Value | None:
        """Return what is in a list or mapping."""
        if self.kind in {"many", "by_name"}:
            return Value("object", self.name, self.thing)
        if self.kind == "pairs":
            return Value("pair", self.name, self.thing)
        return self if self.kind == "missing" else None

    def result(self) -> Value | None:
        """Return what a call of it gives; None where nothing can be said."""
        if self.kind == "missing":
            return replace(self, depth=self.depth + 1)
        if isinstance(self.thing, _Given):
            return self.thing.value
        verdict, why = self.verdict
        if verdict in {Verdict.MISSING, Verdict.CLOUD}:
            return Value("missing", self.name, why=why, depth=1, of_cloud=verdict is Verdict.CLOUD)
        if self.kind == "class":
            return Value("object", self.name, self.thing)
        return _returned(self.thing, self.name) if self.kind == "function" else None

    @property
    def verdict(self) -> tuple[Verdict, str]:
        """What becomes of its use, and what to use instead."""
        if self.kind == "missing":
            return Verdict.CLOUD if self.of_cloud else Verdict.MISSING, self.why
        owner = self.thing
        instead = getattr(owner, "_instead", None) if inspect.isclass(owner) else _instead_of(owner)
        function = owner.function if isinstance(owner, _Method) else owner
        instead = instead or refusal(function)
        if instead:
            # What says that a version lacks it is to come; the rest only the cloud had.
            return Verdict.MISSING if "version" in instead else Verdict.CLOUD, str(instead)
        differs = difference(function)
        return (Verdict.DIFFERS, differs) if differs else (Verdict.WORKS, "")


@dataclass(frozen=True)
class _Given:
    """A function whose result is known."""

    value: Value | None


@dataclass(frozen=True)
class _Method:
    """A function, and the class that it was found on."""

    function: Callable[..., Any]
    owner: type


def module_value(name: str) -> Value:
    """Return what a module of v1 is here.

    Examples
    --------
    >>> module_value("azureml.train.dnn").kind
    'missing'
    """
    if name == "azureml":
        return Value("module", name, types.ModuleType(name))
    place = place_of(name)
    if place is None:
        return Value("missing", name, why=why_missing(name))
    return Value("module", name, importlib.import_module(place))


def _of_module(module: Value, attribute: str, name: str) -> Value | None:
    found = _named(module.thing, attribute)
    if found is None:
        below = module_value(name)
        if below.kind == "module" or module.name == "azureml" or not attribute.isidentifier():
            return below
        return Value("missing", name, why=f"{module.name} of this version has no {attribute}.")
    if inspect.isclass(found):
        return Value("class", name, found)
    if inspect.ismodule(found):
        return Value("module", name, found)
    if callable(found):
        return Value("function", name, found)
    return Value("object", name, type(found)) if type(found).__module__.startswith("stoker") else None


def _named(module: types.ModuleType, attribute: str) -> Any:
    found = getattr(module, attribute, None)
    place = second_place(module.__name__, attribute) if found is None else None
    return found if place is None else getattr(importlib.import_module(place), attribute)


def _of_class(owner: Value, attribute: str, name: str) -> Value | None:
    cls: type = owner.thing
    if getattr(cls, "_instead", None):
        return Value("function", name, cls)
    if inspect.getattr_static(cls, attribute, None) is None:
        cls = _below(cls, attribute) or cls
    found = inspect.getattr_static(cls, attribute, None)
    if found is None:
        return _of_instance(owner, attribute, name)
    if isinstance(found, property):
        return _returned(found.fget, name) if found.fget else None
    if inspect.isclass(found):
        return Value("class", name, found)
    function = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    if inspect.isfunction(function):
        # `Self` stays what it was: what `take` of a dataset gives may be a table, or files.
        return Value("function", name, _Method(function, owner.thing))
    return _annotated(cls, attribute, name)


def _below(cls: type, attribute: str) -> type | None:
    """Return the class below that has it: a method that gives a `ComputeTarget` gives an `AmlCompute` too."""
    # Imported only where a script asks for its own run, or for such a dataset.
    for module in ("stoker.core._own_run", "stoker.data.file_dataset", "stoker.data.tabular_dataset"):
        importlib.import_module(module)
    return next((found for found in _all_below(cls) if attribute in vars(found)), None)


def _all_below(cls: type) -> list[type]:
    below: list[type] = cls.__subclasses__()
    for found in below:
        below.extend(found.__subclasses__())
    return below


def _of_instance(owner: Value, attribute: str, name: str) -> Value | None:
    cls = owner.thing
    if issubclass(cls, Section):
        # Its `__getattr__` answers nothing but the settings.
        there = attribute in {*cls._fields, *cls._ignored}
        return _annotated(cls, attribute, name) if there else _lacking(cls, attribute, name)
    if any(attribute in _assigned(kind) for kind in (cls, *_all_below(cls))) or any(
        hasattr(base, "__getattr__") for base in cls.__mro__[:-1]
    ):
        return _annotated(cls, attribute, name)
    if owner.kind == "object" and any(attribute in vars(base).get("__annotations__", {}) for base in cls.__mro__):
        return _annotated(cls, attribute, name)
    return _lacking(cls, attribute, name)


def _lacking(cls: type, attribute: str, name: str) -> Value:
    return Value("missing", name, why=f"{cls.__name__} has no {attribute} in this version.")


def _annotated(cls: type, attribute: str, name: str) -> Value | None:
    for base in cls.__mro__:
        text = vars(base).get("__annotations__", {}).get(attribute)
        if isinstance(text, str):
            return _of_annotation(text, base.__module__, base, name)
    return None


@functools.cache
def _assigned(cls: type) -> frozenset[str]:
    """Return the attributes that the class' methods set on `self`."""
    names: set[str] = set()
    for base in cls.__mro__[:-1]:
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
    return frozenset(names)


def _returned(thing: Any, name: str) -> Value | None:
    owner = thing.owner if isinstance(thing, _Method) else None
    function = thing.function if isinstance(thing, _Method) else thing
    function = inspect.unwrap(function)
    text = getattr(function, "__annotations__", {}).get("return")
    if not isinstance(text, str):
        return None
    if text == "Any":
        return _documented(function)
    return _of_annotation(text, function.__module__, owner, name)


def _documented(function: Callable[..., Any]) -> Value | None:
    """Return what one of several classes is, where only the docstring names them: what they have in common."""
    found = [_class_named(name, function.__module__) for name in kinds_returned(function)]
    classes = [cls for cls in found if cls is not None]
    if not classes or len(classes) < len(found):
        return None
    base = next(base for base in classes[0].__mro__ if all(issubclass(cls, base) for cls in classes))
    return None if base is object else Value("object", _v1_name(base), base)


def _of_annotation(text: str, module: str, owner: type | None, name: str) -> Value | None:
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    return _of_type(tree, module, owner, name)


def _of_type(node: ast.expr, module: str, owner: type | None, name: str) -> Value | None:
    if isinstance(node, ast.BinOp):
        return _of_type(node.left, module, owner, name) or _of_type(node.right, module, owner, name)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _of_annotation(node.value, module, owner, name)
    if isinstance(node, ast.Subscript):
        return _of_container(node, module, owner, name)
    if not isinstance(node, ast.Name):
        return None
    cls = owner if node.id == "Self" else _class_named(node.id, module)
    return None if cls is None else Value("object", _v1_name(cls), cls)


def _of_container(node: ast.Subscript, module: str, owner: type | None, name: str) -> Value | None:
    outer = node.value.id if isinstance(node.value, ast.Name) else ""
    inner = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    if isinstance(inner, ast.Constant) and inner.value is Ellipsis and isinstance(node.slice, ast.Tuple):
        inner = node.slice.elts[0]
    value = _of_type(inner, module, owner, name)
    if value is None:
        return None
    if outer == "Optional":
        return value
    if outer in _MAPPINGS:
        return Value("by_name", value.name, value.thing)
    return Value("many", value.name, value.thing) if outer in _LISTS else None


@functools.cache
def _class_named(name: str, module: str) -> type | None:
    for place in (module, *_SEARCHED):
        try:
            found = getattr(importlib.import_module(place), name, None)
        except ImportError:
            continue
        if inspect.isclass(found) and found.__module__.startswith("stoker."):
            return found
    return None


def _v1_name(cls: type) -> str:
    place = cls.__module__.removeprefix("stoker.")
    public = [part for part in place.split(".") if not part.startswith("_")]
    # Users know the class by where they import it from.
    top = ".".join(public[:1]) if getattr(importlib.import_module(f"stoker.{public[0]}"), cls.__name__, None) else ""
    return f"azureml.{top or '.'.join(public)}.{cls.__name__}"


def _instead_of(thing: Any) -> str | None:
    return getattr(thing.owner, "_instead", None) if isinstance(thing, _Method) else None
