"""The one grammar of searches: what MLflow's clients write, and `stoker run list --filter`.

::

    filter      comparison {AND comparison}
    comparison  field OPERATOR value | field [NOT] IN (value, ...) | field IS [NOT] NULL
    field       [ENTITY.]KEY, the key in back ticks or double quotes where it has other characters
    value       'text', "text" or a number; a quote inside is doubled
    OPERATOR    = != < <= > >= LIKE ILIKE

Words do not tell capital letters. What may be asked of which entity is a `Grammar`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stoker.base.names import suggestion
from stoker.exceptions import UserErrorException
from stoker.service.store.filter_terms import (
    COMPARISONS,
    LABEL,
    NULLS,
    NUMBER,
    TEXT,
    Comparison,
    Field,
    Ordering,
)

__all__ = ["COMPARISONS", "LABEL", "NUMBER", "TEXT", "Comparison", "Field", "Grammar", "Ordering"]

LONGEST = 100_000
"""Most characters of a filter."""
MOST_PARTS = 500
"""Most comparisons of a filter: a statement of the database takes no more."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<tick>`[^`]+`)
      | (?P<operator><=|>=|!=|<>|=|<|>)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|(?<![^\s<>=+-])\.\d+)(?:[eE][+-]?\d+)?(?![^\s<>=!(),'"`]))
      | (?P<mark>[(),.])
      | (?P<word>[^\s<>=!(),.'"`]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Grammar:
    """What may be asked in one kind of search.

    Attributes
    ----------
    attributes : mapping of str to Field
        The attributes by name.
    entities : mapping of str to Field
        Of `metric`, `param`, `tag` and `dataset`, those that may be asked for, with any key.
    aliases : mapping of str to str
        Other names of attributes.
    keys : mapping of str to frozenset of str
        The only keys of an entity, where not any will do.

    Examples
    --------
    >>> grammar = Grammar({"name": TEXT}, {"tag": TEXT})
    >>> grammar.parse("name LIKE 'churn%' AND tags.team = 'blue'")[1]
    Comparison(entity='tag', key='team', operator='=', value='blue')
    >>> grammar.order("name DESC")
    Ordering(entity='attribute', key='name', descending=True)
    """

    attributes: Mapping[str, Field]
    entities: Mapping[str, Field] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def parse(self, text: str | None) -> list[Comparison]:
        """Return the conditions of a filter, all of which must hold; none for no text.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It can't be read, or asks for what there is not; the message shows the place.
        """
        return [] if not text or not text.strip() else _Reader(self, text).filter()

    def order(self, text: str) -> Ordering:
        """Return one key of an order, `FIELD [ASC|DESC]`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It can't be read, or there is no such field.
        """
        return _Reader(self, text).ordering()

    def field(self, entity: str, key: str) -> Field:
        """Return what may be asked of a key.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none; the message suggests the nearest.
        """
        known = self.attributes if entity == "attribute" else self.keys.get(entity)
        if known is not None and key not in known:
            raise UserErrorException(f"There is no {entity} {key!r} to search by. {suggestion(key, known)}")
        return self.attributes[key] if entity == "attribute" else self.entities[entity]


_ENTITIES = {
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
}


class _Token(NamedTuple):
    kind: str
    text: str
    place: int
    end: int


class _Reader:
    """Reads one text, token by token."""

    def __init__(self, grammar: Grammar, text: str) -> None:
        self._grammar = grammar
        self._text = text
        self._tokens = self._cut()
        self._at = 0

    def filter(self) -> list[Comparison]:
        found = [self._comparison()]
        while self._peek() is not None:
            if not self._take_word("AND"):
                raise self._wrong("AND", "Only AND joins comparisons; OR and brackets are not known.")
            found.append(self._comparison())
            if len(found) > MOST_PARTS:
                raise UserErrorException(f"The filter has more than {MOST_PARTS} comparisons. Ask for less at a time.")
        return found

    def ordering(self) -> Ordering:
        entity, key = self._field()
        descending = self._take_word("DESC")
        if not descending:
            self._take_word("ASC")
        if self._peek() is not None:
            raise self._wrong("ASC, DESC or the end")
        self._grammar.field(entity, key)
        return Ordering(entity, key, descending)

    def _cut(self) -> list[_Token]:
        if len(self._text) > LONGEST:
            raise UserErrorException(f"The filter has more than {LONGEST} characters. Ask for less at a time.")
        tokens, place, end = [], 0, len(self._text.rstrip())
        while place < end:
            match = _TOKEN.match(self._text, place)
            if match is None:
                raise UserErrorException(
                    f"The filter can't be read at {self._text[place : place + 30]!r}. Is a quote left open?",
                    target="filter",
                )
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match.group(kind), match.start(kind), match.end()))
            place = match.end()
        return tokens

    def _comparison(self) -> Comparison:
        start = self._at
        entity, key = self._field()
        known = self._grammar.field(entity, key)
        operator = self._operator()
        if operator not in known.operators:
            self._at = start
            raise UserErrorException(
                f"{operator} can't be asked of the {entity} {key!r}. Use one of {', '.join(sorted(known.operators))}.",
                target="filter",
            )
        if operator in NULLS:
            return Comparison(entity, key, operator, None)
        if operator in {"IN", "NOT IN"}:
            return Comparison(entity, key, operator, self._values())
        value = self._number(key) if known.number else self._string(key)
        return Comparison(entity, key, operator, value)

    def _field(self) -> tuple[str, str]:
        """Read a field; a key may have dots of its own, and then be in quotes or not."""
        parts = [self._part()]
        while self._glued(".") or (len(parts) == 1 and self._take_mark(".")):
            parts.append(self._part())
        entity = _ENTITIES.get(parts[0].lower()) if len(parts) > 1 else None
        if entity == "attribute" or entity in self._grammar.entities:
            assert entity is not None
            rest = ".".join(parts[1:])
            return entity, self._grammar.aliases.get(rest, rest) if entity == "attribute" else rest
        name = ".".join(parts)
        name = self._grammar.aliases.get(name, name)
        if name not in self._grammar.attributes:
            known = [*self._grammar.attributes, *(f"{item}s.NAME" for item in self._grammar.entities)]
            raise UserErrorException(f"There is nothing called {name!r} to search by. {suggestion(name, known)}")
        return "attribute", name

    def _part(self) -> str:
        token = self._peek()
        if token is None or token.kind not in {"word", "number", "tick", "string"}:
            raise self._wrong("a field, as metrics.loss")
        self._at += 1
        return token.text if token.kind in {"word", "number"} else token.text[1:-1]

    def _operator(self) -> str:
        token = self._peek()
        if token is None:
            raise self._wrong("an operator")
        if token.kind == "operator":
            self._at += 1
            return "!=" if token.text == "<>" else token.text
        for words in ("LIKE", "ILIKE", "IN", "NOT IN", "IS NOT NULL", "IS NULL"):
            start = self._at
            if all(self._take_word(word) for word in words.split()):
                return words
            self._at = start
        raise self._wrong("an operator")

    def _values(self) -> tuple[str, ...]:
        if not self._take_mark("("):
            raise self._wrong("a list in brackets, as ('a', 'b')")
        values = [self._string("the list")]
        while self._take_mark(","):
            values.append(self._string("the list"))
        if not self._take_mark(")"):
            raise self._wrong("a comma or the closing bracket")
        return tuple(values)

    def _string(self, key: str) -> str:
        token = self._peek()
        if token is None or token.kind != "string":
            raise self._wrong(f"a text in quotes for {key}")
        self._at += 1
        quote = token.text[0]
        return token.text[1:-1].replace(quote * 2, quote)

    def _number(self, key: str) -> float:
        token = self._peek()
        text = "" if token is None else token.text.strip("'\"")
        try:
            number = float(text)
        except ValueError:
            raise self._wrong(f"a number for {key}") from None
        self._at += 1
        return int(number) if math.isfinite(number) and number == int(number) else number

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.upper() != word:
            return False
        self._at += 1
        return True

    def _take_mark(self, mark: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text != mark:
            return False
        self._at += 1
        return True

    def _glued(self, mark: str) -> bool:
        """Take a mark that follows without a space."""
        token = self._peek()
        if token is None or self._tokens[self._at - 1].end != token.place:
            return False
        return self._take_mark(mark)

    def _wrong(self, wanted: str, advice: str = "") -> UserErrorException:
        token = self._peek()
        place = "its end" if token is None else repr(self._text[token.place : token.place + 30])
        return UserErrorException(
            f"The filter can't be read at {place}: {wanted} is expected there. {advice}".rstrip(), target="filter"
        )
