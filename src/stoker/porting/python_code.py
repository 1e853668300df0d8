"""Which names of v1 a Python file uses: followed from its imports through assignments and calls, without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from stoker.porting.findings import Finding, Verdict
from stoker.porting.surface import Value, module_value

__all__ = ["read_python"]

Scope = dict[str, Value | None]
_KEPT = "self."
"""Before the names of what an object keeps, in a scope."""


def read_python(text: str, file: str, *, cell: int | None = None, scope: Scope | None = None) -> list[Finding]:
    """Return the uses of v1 in a Python text.

    Parameters
    ----------
    text : str
    file : str
        Its name, for the report.
    cell : int, optional
        The notebook's cell.
    scope : dict, optional
        Names that are known already, as by earlier cells; new ones are added.

    Raises
    ------
    SyntaxError
        It is not Python 3.
    """
    reader = _Reader(file, cell, {} if scope is None else scope)
    reader.block(ast.parse(text).body)
    return reader.findings


class _Reader:
    def __init__(self, file: str, cell: int | None, scope: Scope) -> None:
        self.file = file
        self.cell = cell
        self.scope = scope
        self.findings: list[Finding] = []

    def block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Read one statement; what it names is known afterwards."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._definition(node)
        elif isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._bind(target, value)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            if node.value is not None:
                self._bind(node.target, self.value(node.value))
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            found = self.value(node.iter)
            self._bind(node.target, None if found is None else found.item())
            self.block([*node.body, *node.orelse])
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                value = self.value(item.context_expr)
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, value)
            self.block(node.body)
        else:
            self._other(node)

    def _other(self, node: ast.stmt) -> None:
        for _, field in ast.iter_fields(node):
            for part in field if isinstance(field, list) else [field]:
                if isinstance(part, ast.stmt):
                    self.statement(part)
                elif isinstance(part, ast.expr):
                    self.value(part)
                elif isinstance(part, ast.ExceptHandler):
                    if part.type is not None:
                        self.value(part.type)
                    self.block(part.body)
                elif isinstance(part, ast.match_case):
                    self.block(part.body)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.value(decorator)
        self.scope[node.name] = None
        inner = _Reader(self.file, self.cell, dict(self.scope))
        if isinstance(node, ast.ClassDef):
            # Its objects keep nothing of what those of another class do.
            inner.scope = {name: value for name, value in self.scope.items() if not name.startswith(_KEPT)}
        if not isinstance(node, ast.ClassDef):
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                known = None if argument.annotation is None else inner.value(argument.annotation)
                is_class = known is not None and known.kind in {"class", "missing"}
                inner.scope[argument.arg] = known.result() if known is not None and is_class else None
        inner.block(node.body)
        self.findings += inner.findings
        if not isinstance(node, ast.ClassDef):
            # What a method keeps on `self` the next ones know.
            self.scope.update({name: value for name, value in inner.scope.items() if name.startswith(_KEPT)})

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._import_module(alias, node)
            return
        module = node.module or ""
        if node.level or not _is_v1(module):
            for alias in node.names:
                self.scope[alias.asname or alias.name] = None
            return
        home = module_value(module)
        for alias in node.names:
            if alias.name == "*":
                self._import_all(home, node)
                continue
            value = home.member(alias.name)
            self.scope[alias.asname or alias.name] = value
            if value is not None and value.kind == "missing":
                self._found(node, value)

    def _import_all(self, home: Value, node: ast.stmt) -> None:
        if home.kind == "missing":
            self._found(node, home)
        for name in getattr(home.thing, "__all__", ()):
            self.scope[name] = home.member(name)

    def _import_module(self, alias: ast.alias, node: ast.stmt) -> None:
        first = alias.name.partition(".")[0]
        if not _is_v1(alias.name):
            self.scope[alias.asname or first] = None
            return
        value = module_value(alias.name)
        if value.kind == "missing":
            self._found(node, value)
        self.scope[alias.asname or first] = value if alias.asname else module_value(first)

    def _bind(self, target: ast.expr, value: Value | None) -> None:
        if isinstance(target, ast.Name):
            self.scope[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            count = len(target.elts)
            for element, part in zip(target.elts, [None] * count if value is None else value.parts(count), strict=True):
                self._bind(element.value if isinstance(element, ast.Starred) else element, part)
        elif isinstance(target, ast.Attribute):
            # A setting that v1 had and we don't is a use too.
            owner = self.value(target.value)
            found = None if owner is None or owner.kind != "object" else owner.member(target.attr)
            if found is not None and found.kind == "missing":
                self._found(target, found)
            if isinstance(target.value, ast.Name) and target.value.id == "self":
                self.scope[_KEPT + target.attr] = value
        else:
            self.value(target)

    def value(self, node: ast.expr) -> Value | None:
        """Return what an expression stands for, and note the calls in it."""
        read: Callable[[Any], Value | None] | None = getattr(self, f"_of_{type(node).__name__.lower()}", None)
        if read is not None:
            return read(node)
        for child in _expressions(node):
            self.value(child)
        return None

    def _of_name(self, node: ast.Name) -> Value | None:
        return self.scope.get(node.id)

    def _of_attribute(self, node: ast.Attribute) -> Value | None:
        owner, found = self._member(node)
        if owner is not None and owner.kind == "object" and found is not None and found.kind == "missing":
            # To read what is not there fails as a call does.
            self._found(node, found)
        return found

    def _member(self, node: ast.Attribute) -> tuple[Value | None, Value | None]:
        if isinstance(node.value, ast.Name) and node.value.id == "self" and _KEPT + node.attr in self.scope:
            return None, self.scope[_KEPT + node.attr]
        owner = self.value(node.value)
        return owner, None if owner is None else owner.member(node.attr)

    def _of_subscript(self, node: ast.Subscript) -> Value | None:
        owner = self.value(node.value)
        self.value(node.slice)
        return None if owner is None else owner.item()

    def _of_namedexpr(self, node: ast.NamedExpr) -> Value | None:
        value = self.value(node.value)
        self._bind(node.target, value)
        return value

    def _of_ifexp(self, node: ast.IfExp) -> Value | None:
        self.value(node.test)
        return self.value(node.body) or self.value(node.orelse)

    def _of_await(self, node: ast.Await) -> Value | None:
        return self.value(node.value)

    def _of_call(self, node: ast.Call) -> Value | None:
        called = self._member(node.func)[1] if isinstance(node.func, ast.Attribute) else self.value(node.func)
        given = [self.value(argument) for argument in node.args]
        given += [self.value(keyword.value) for keyword in node.keywords]
        if isinstance(node.func, ast.Name) and node.func.id in {"list", "next", "sorted", "iter"} and called is None:
            first = given[0] if given else None
            return first.item() if first is not None and node.func.id == "next" else first
        if called is None:
            return None
        lacking = next((value for value in given if value is not None and value.kind == "missing"), None)
        if lacking is not None and called.kind != "missing":
            # `experiment.submit(estimator)` works as little as the estimator.
            called = Value("missing", called.name, why=lacking.why, of_cloud=lacking.of_cloud)
        if called.is_use:
            self._found(node, called)
        return called.result()

    def _of_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value | None:
        inner = _Reader(self.file, self.cell, dict(self.scope))
        for generator in node.generators:
            found = inner.value(generator.iter)
            inner._bind(generator.target, None if found is None else found.item())  # one of its kind
            for condition in generator.ifs:
                inner.value(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        found = [inner.value(part) for part in parts][-1]
        self.findings += inner.findings
        return None if found is None or found.kind != "object" else Value("many", found.name, found.thing)

    _of_listcomp = _of_setcomp = _of_generatorexp = _of_dictcomp = _of_comprehension

    def _found(self, node: ast.stmt | ast.expr, value: Value) -> None:
        if not _is_v1(value.name):
            return
        verdict, instead = value.verdict
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Call):
            line = node.func.end_lineno or line
        self.findings.append(Finding(self.file, line, value.name, Verdict(verdict), instead, self.cell))


def _is_v1(name: str) -> bool:
    return name == "azureml" or name.startswith("azureml.")


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif not isinstance(child, ast.stmt):
            yield from _expressions(child)
