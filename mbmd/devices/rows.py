"""From the entries of a device table to registers and measurements, or to what is wrong with them."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from mbmd.config.options import MAX_READ, PollClass
from mbmd.devices import checks
from mbmd.devices.checks import Check, RefusedError, Shape, fields
from mbmd.devices.extend import Entry
from mbmd.devices.schema import ADDRESSES, BIT, BIT_FUNCTIONS, TEXT_TYPES, TYPES, Register, Scale
from mbmd.measurements import CATALOGUE, Kind, Measurement

Kinds: TypeAlias = Mapping[str, Kind | None]
"""The measurements that a table may name; None where its definition is wrong, which is told already."""

LOOKS: Check = checks.table_like("a register such as { measurement = ..., address = ..., type = ... }")
_OWN_LOOKS = checks.table_like("a measurement such as { name = ..., description = ..., unit = ... }")
_SCALE_LOOKS = checks.table_like('a register such as { address = ..., type = "int16" }')

_PLACE: Mapping[str, Check] = {"address": checks.integer(0, ADDRESSES - 1), "nan": checks.raw_bits}
_WHOLE_NUMBERS = tuple(name for name in TYPES if not name.startswith("float"))
_SCALE = Shape({"address": "there"}, {**_PLACE, "type": checks.one_of(_WHOLE_NUMBERS, "type of whole numbers")})
_REGISTER = Shape(
    {**dict.fromkeys(("measurement", "address", "type"), "here"), "function": "here or at the top of the file"},
    {
        **_PLACE,
        "function": checks.integer(1, 4),
        "type": checks.one_of((*TYPES, BIT, *TEXT_TYPES), "register type"),
        "divisor": checks.divisor,
        "offset": checks.offset,
        "bits": checks.bit_field,
        "scale": _SCALE_LOOKS,
        "length": checks.integer(1, MAX_READ),
        "class": checks.poll_class,
    },
)
_MEASUREMENT = Shape(
    dict.fromkeys(("name", "description"), "here"),
    {"name": checks.measurement_name, "description": checks.line, "unit": checks.unit, "kind": checks.kind},
)
_CATALOGUE_IN_LOWER_CASE = {name.lower(): name for name in CATALOGUE}


def read_register(entry: Entry, kinds: Kinds, problems: list[str]) -> Register | None:
    """The register of an entry; None if something is wrong with its keys."""
    before = len(problems)
    known = checks.one_of(kinds, "measurement", " (or define it)")
    shape = Shape(_REGISTER.required, {"measurement": known, **_REGISTER.checks})
    good = _keys(entry, LOOKS, shape, problems)
    if "scale" in good:
        scale = fields(good["scale"], _SCALE, f"{entry.where}scale: ", problems)
        good["scale"] = Scale(**scale) if len(problems) == before else None
    if len(problems) > before:
        return None
    usual = PollClass.ONCE if good["type"] in TEXT_TYPES else PollClass.FAST
    register = Register(**{"poll": good.pop("class", usual), **good})
    problems += [entry.where + text for text in _contradictions(register, kinds[register.measurement])]
    return register


def read_measurement(entry: Entry, problems: list[str]) -> Measurement | None:
    """The own measurement of an entry; None if something is wrong with it."""
    before = len(problems)
    good = _keys(entry, _OWN_LOOKS, _MEASUREMENT, problems)
    if len(problems) > before:
        return None
    measurement = Measurement(**{"unit": "", "kind": Kind.INSTANT, **good})
    problems += [entry.where + text for text in _other_meanings(measurement)]
    return measurement


def _keys(entry: Entry, looks: Check, shape: Shape, problems: list[str]) -> dict[str, Any]:
    try:
        return fields(looks(entry.raw), shape, entry.where, problems)
    except RefusedError as refused:
        problems.append(f"{entry.where}{refused}")
        return {}


def _other_meanings(own: Measurement) -> Iterator[str]:
    if own.kind is Kind.TEXT and own.unit:
        yield "unit is not for a text: remove it"
    namesake = _CATALOGUE_IN_LOWER_CASE.get(own.name.lower())
    if namesake is None:
        return
    known = CATALOGUE[namesake]
    if namesake != own.name:
        yield f"name {own.name} is like {namesake}, which mbmd knows: write it so, or choose another"
    elif (own.unit, own.kind) != (known.unit, known.kind):
        meaning = f"{known.kind}, {known.unit or 'no unit'}"
        yield f"name {own.name} has another meaning in mbmd ({meaning}): leave it undefined, or choose another"


def _contradictions(register: Register, kind: Kind | None) -> Iterator[str]:
    """What is wrong between keys that are good by themselves."""
    yield from _wrong_for_type(register)
    yield from _beyond_size(register)
    if register.is_bit is not (register.function in BIT_FUNCTIONS):
        yield f"function {register.function} does not read {register.type}: bits have functions 1 and 2, others 3 and 4"
    if kind is not None and register.is_text is not (kind is Kind.TEXT):
        what = "a text" if kind is Kind.TEXT else "a number"
        yield f"measurement {register.measurement} is {what}, {register.type} is not: correct one of them"


def _wrong_for_type(register: Register) -> Iterator[str]:
    if register.is_bit or register.is_text:
        plain = Register(register.measurement, register.function, register.address, register.type)
        for key in ("divisor", "offset", "nan", "bits", "scale"):
            if getattr(register, key) != getattr(plain, key):
                yield f"{key} is not for {register.type}: remove it"
    elif register.bits is not None and not register.type.startswith("uint"):
        yield f"bits are of uint16, uint32 or uint64, not of {register.type}: correct the type, or leave them out"
    if register.is_text and not register.length:
        yield "length is missing: add how many registers the text has"
    if register.length and not register.is_text:
        yield f"length is not for {register.type}: remove it"


def _beyond_size(register: Register) -> Iterator[str]:
    places = [("", register.address, register.end, register.type, register.nan)]
    if (scale := register.scale) is not None:
        places.append(("scale: ", scale.address, scale.end, scale.type, scale.nan))
        if len(register.span) > MAX_READ:
            yield f"scale at {scale.address} is too far for one read of {MAX_READ} registers: correct one address"
    for where, address, end, kind, nan in places:
        if end > ADDRESSES:
            yield f"{where}address {address} is too high for {kind}: correct one of them"
        if nan is not None and nan >= 1 << 16 * (end - address):
            yield f"{where}nan {nan:#x} is too wide for {kind}: correct one of them"
    if register.bits is not None and sum(register.bits) > 16 * register.count:
        yield f"bits end at {16 * register.count - 1} in {register.type}: correct one of them"
