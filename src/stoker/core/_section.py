"""Settings in sections: typed fields with names for Python and for files, and no room for typing errors.

A section is declared once, and reading, writing, checking and copying follow from that::

    class MpiConfiguration(Section):
        process_count_per_node: int = integer(1)
        node_count: int = integer(1)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from stoker.base.names import suggestion
from stoker.core._fields import Field, Place, copy_value
from stoker.exceptions import UserErrorException

__all__ = ["Section"]


class Section:
    """A group of settings.

    An attribute that is no setting raises `AttributeError`, so that a typing error is found where it is made.

    Parameters
    ----------
    **settings
        First values by the Python names of the fields; what is left out has its default.
    """

    _fields: ClassVar[dict[str, Field]] = {}
    _ignored: ClassVar[frozenset[str]] = frozenset()
    _ignored_keys: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        fields = dict(cls._fields)
        for name, value in list(vars(cls).items()):
            if isinstance(value, Field):
                fields[name] = value.named(name)
                delattr(cls, name)
        cls._fields = fields

    def __init__(self, **settings: Any) -> None:
        for name, field in self._fields.items():
            setattr(self, name, settings[name] if name in settings else field.default())

    if not TYPE_CHECKING:
        # Hidden from type checkers: with these in sight they would let every attribute pass.

        def __setattr__(self, name: str, value: Any) -> None:
            if name in self._ignored:
                return
            if (
                name not in self._fields
                and name[0] != "_"
                and not isinstance(getattr(type(self), name, None), property)
            ):
                raise self._unknown(name)
            object.__setattr__(self, name, value)

        def __getattr__(self, name: str) -> Any:
            if name in self._ignored:
                return None
            raise self._unknown(name)

    def _unknown(self, name: str) -> AttributeError:
        kind = type(self).__name__
        return AttributeError(f"{kind} has no setting {name!r}. {suggestion(name, self._public())}")

    def _public(self) -> list[str]:
        properties = [name for name in dir(type(self)) if isinstance(getattr(type(self), name), property)]
        return sorted({*(name for name in self._fields if name[0] != "_"), *properties})

    def __repr__(self) -> str:
        shown = (
            f"{name.lstrip('_')}={'***' if field.secret and value else repr(value)}"
            for name, field in self._fields.items()
            for value in [getattr(self, name, None)]
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        from stoker.core._html import section_table

        return section_table(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Section:
        """Copy all settings; objects that are no settings (a dataset, a workspace) are shared."""
        copy = object.__new__(type(self))
        memo[id(self)] = copy
        for name, value in vars(self).items():
            object.__setattr__(copy, name, copy_value(value, memo))
        return copy

    def to_dict(self, place: Place | None = None, *, secrets: bool = True) -> dict[str, Any]:
        """Return the settings as plain data under their names in files (camelCase), checked.

        Parameters
        ----------
        place : Place, optional
            Where the section stands, for errors.
        secrets : bool, default=True
            False leaves passwords out (None stands for them).

        Raises
        ------
        stoker.exceptions.UserErrorException
            A value has the wrong type; the message names the field.
        """
        here = place or Place(type(self).__name__)
        return {
            field.key: None
            if field.secret and not secrets
            else field.write(getattr(self, name), here.child(name.lstrip("_")), secrets)
            for name, field in self._fields.items()
        }

    @classmethod
    def from_dict(cls, data: Any, place: Place | None = None) -> Any:
        """Return a section with the settings in `data` (names as in files); what is missing has its default.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A value has the wrong type, or a key is a known one with a typing error.
        """
        section = object.__new__(cls)
        section._fill(data, place or Place(cls.__name__))
        return section

    def _fill(self, data: Any, place: Place) -> None:
        if not isinstance(data, Mapping):
            raise place.error(data, f"a group of settings ({', '.join(self._keys()[:4])}, ...)")
        self._check_keys(data, place)
        for name, field in self._fields.items():
            setattr(self, name, field.load(data, place))

    @classmethod
    def _keys(cls) -> list[str]:
        return [field.key for field in cls._fields.values()]

    @classmethod
    def _check_keys(cls, data: Mapping[Any, Any], place: Place) -> None:
        known = cls._keys()
        for key in data:
            if key not in known and key not in cls._ignored_keys:
                _complain(str(key), known, place.child(key))


def _complain(key: str, known: Iterable[str], place: Place) -> None:
    """Raise for a key that is nearly a known one; warn about any other, as files of other versions have more."""
    import difflib
    import warnings

    plain = {_plain(name): name for name in known}
    close = difflib.get_close_matches(_plain(key), plain, n=1, cutoff=0.85)
    if close:
        raise UserErrorException(
            f"{place}: there is no setting {key!r}. Did you mean {plain[close[0]]!r}? Mend the name and try again.",
            target=key,
        )
    warnings.warn(f"{place}: the setting {key!r} is unknown here and has no effect.", stacklevel=2)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
