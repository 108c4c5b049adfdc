"""Shapes of JSON values: which fields, of which types, always or sometimes; and where two differ.

A shape is gathered from samples. ``Reads`` says which fields somebody reads: ``differences`` looks
at those alone, ``inventions`` at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import inspect

Reads = Mapping[str, Any]
"""Field name to the fields read inside it; an empty mapping is a leaf."""


@dataclass
class Shape:
    """What samples of one place look like; ``words`` are the texts seen there."""

    kinds: Counter[str] = field(default_factory=Counter)
    fields: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    words: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Take one sample."""
        self.kinds[kind_of(value)] += 1
        if isinstance(value, dict):
            for name, inner in value.items():
                self.fields.setdefault(name, Shape()).add(inner)
        elif isinstance(value, list):
            self.items = self.items or Shape()
            for inner in value:
                self.items.add(inner)
        elif isinstance(value, str):
            self.words.add(value)

    @property
    def seen(self) -> int:
        """How many samples there were."""
        return self.kinds.total()

    def presence(self, name: str) -> str:
        """Whether the objects here have that field: always, sometimes or never."""
        found = self.fields.get(name)
        if found is None:
            return "never"
        return "always" if found.seen == self.kinds["object"] else "sometimes"


def kind_of(value: Any) -> str:
    """The JSON type of a value; whole numbers are told from others."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


@dataclass(frozen=True, order=True)
class Difference:
    """One way in which the second shape is not like the first, at a dotted path."""

    path: str
    what: str


def differences(real: Shape, demo: Shape, reads: Reads, path: str = "") -> Iterator[Difference]:
    """Where fields of ``demo`` that are read are not like those of ``real``, both ways."""
    if path:
        yield from _kinds(real, demo, path)
    for name in sorted(reads.keys() & (real.fields.keys() | demo.fields.keys())):
        place = f"{path}.{name}" if path else name
        here, there = real.presence(name), demo.presence(name)
        if here != there and real.kinds["object"] and demo.kinds["object"]:
            yield Difference(place, f"is {there} there instead of {here}")
        elif here != "never":
            yield from differences(real.fields[name], demo.fields[name], reads[name], place)
    if _both_filled(real, demo):
        yield from differences(real.items or Shape(), demo.items or Shape(), reads, f"{path}[]")


def inventions(real: Shape, demo: Shape, reads: Reads, path: str = "") -> Iterator[Difference]:
    """What only ``demo`` has, read or not, and what is read and it never has."""
    strange = _strange(real, demo)
    if not reads:
        strange -= {"integer", "number"} if {"integer", "number"} & set(real.kinds) else set()
    if strange:
        yield Difference(path, f"is {_names(demo)} instead of {_names(real)}")
    for name in sorted(real.fields.keys() | demo.fields.keys()):
        place = f"{path}.{name}" if path else name
        here, there = real.presence(name), demo.presence(name)
        if here == "never" and real.kinds["object"]:
            yield Difference(place, "is invented")
        elif there == "never" and demo.kinds["object"] and name in reads:
            yield Difference(place, "is never there")
        elif "never" not in (here, there):
            inner = reads.get(name, {})
            yield from inventions(real.fields[name], demo.fields[name], inner, place)
    if _both_filled(real, demo):
        yield from inventions(real.items or Shape(), demo.items or Shape(), reads, f"{path}[]")


def _both_filled(real: Shape, demo: Shape) -> bool:
    return bool(real.items and real.items.seen and demo.items and demo.items.seen)


def _strange(real: Shape, demo: Shape) -> set[str]:
    """Types that only ``demo`` has; a whole number is a number too."""
    strange = set(demo.kinds) - set(real.kinds)
    return strange - {"integer"} if "number" in real.kinds else strange


def _kinds(real: Shape, demo: Shape, path: str) -> Iterator[Difference]:
    if _strange(real, demo):
        yield Difference(path, f"is {_names(demo)} instead of {_names(real)}")
    elif missing := set(real.kinds) - set(demo.kinds) - {"number"}:
        yield Difference(path, f"is never {' or '.join(sorted(missing))}")


def _names(shape: Shape) -> str:
    return " or ".join(sorted(shape.kinds))


def reads_of(kind: Any, hidden: Mapping[tuple[str, str], Any]) -> Reads:
    """The fields a msgspec type decodes; ``hidden`` tells what is inside fields kept raw."""
    return _reads(inspect.type_info(kind), hidden)


def _reads(info: inspect.Type, hidden: Mapping[tuple[str, str], Any]) -> Reads:
    if isinstance(info, inspect.UnionType):
        found: dict[str, Any] = {}
        for one in info.types:
            found |= _reads(one, hidden)
        return found
    if isinstance(info, inspect.ListType):
        return _reads(info.item_type, hidden)
    if not isinstance(info, inspect.StructType):
        return {}
    return {one.encode_name: _inside(info.cls, one, hidden) for one in info.fields}


def _inside(owner: type, one: inspect.Field, hidden: Mapping[tuple[str, str], Any]) -> Reads:
    kept = hidden.get((owner.__name__, one.name))
    if kept is None:
        return _reads(one.type, hidden)
    is_type = isinstance(kept, type) and issubclass(kept, msgspec.Struct)
    return reads_of(kept, hidden) if is_type else kept
