"""Records to test with: right ones of every type, and values on and over every bound."""

from hypothesis import strategies as st

from tallystick.records import Field, Record, RecordType, record_type, record_types, validate
from tallystick.records.formats import FORMATS

RIGHT = {
    "text": "Zahlung Nr. 7 – 还款",
    "minor-units": "-120000",
    "count": "31",
    "currency": "CNY",
    "date": "2024-02-29",
    "instant": "2024-02-29T23:59:59Z",
    "bytes32": "5f" * 32,
}
TYPES = list(record_types().values())

EDGES = {
    "text": [
        "a" * 4096,
        "a" * 4097,
        "é" * 2048,
        "é" * 2049,
        "还" * 1366,
        "",
        " ",
        "\x00",
        "a\nb",
        "\x7f",
        "\x85",
        "\u2028",
        "e\u0301",
        "\u00e9",
        "\u212b",
        "\u0958",
        "\u1100\u1161",
        "가\u11a8",
        "q\u0323\u0307",
        "q\u0307\u0323",
        "\ufeff",
        "\ufffe",
        "\U0001f600",
        "\U0001fae9",
        "\U0003134a",
        "\U0002f800",
        "\ud800",
        "\udfff",
        "\ud83d\ude00",
        "' OR 1=1 --",
        '"\\',
    ],
    "minor-units": [
        "0",
        "-0",
        "00",
        "9" * 18,
        "9" * 19,
        "-" + "9" * 18,
        "-" + "9" * 19,
        "+1",
        "1.0",
        "1\n",
        "٣",
        " 1",
        "-",
    ],
    "count": ["0", "9999999999", "10000000000", "-1", "01", "1\n"],
    "currency": ["EUR", "eur", "EURO", "EU", "ÉUR", "EUR\n"],
    "date": [
        "2023-02-29",
        "2000-02-29",
        "1900-02-29",
        "2100-02-29",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "2024-04-31",
        "2024-13-01",
        "2024-00-10",
        "2024-01-00",
        "2024-1-1",
        "24-01-01",
        "2024-01-01 ",
        "2024-01-01\n",
        "２０２４-01-01",
    ],
    "instant": [
        "2024-02-29T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-02-29T24:00:00Z",
        "2024-06-30T23:59:60Z",
        "2024-02-29T23:60:00Z",
        "2024-02-29T23:59:59z",
        "2024-02-29 23:59:59Z",
        "2024-02-29T23:59:59.0Z",
        "2024-02-29T23:59:59+00:00",
        "2024-02-29T23:59:59Z\n",
    ],
    "enum": ["email", "other", "Email", "email\n", "emai", "email|letter"],
    "bytes32": ["0" * 64, "F" * 64, "0" * 63, "0" * 65, "g" * 64, "0x" + "0" * 62, "0" * 64 + "\n"],
}


def format_name(field: Field) -> str:
    """The registry's name of a field's format."""
    return next((name for name, written in FORMATS.items() if written is field.format), "enum")


def right_value(field: Field) -> str:
    """One value that the field takes."""
    if format_name(field) == "enum":
        return field.format.form.removeprefix("one of ").split(", ")[0]
    return RIGHT[format_name(field)]


def right_values(kind: RecordType) -> dict[str, str]:
    """Values for every field of a type, optional ones too."""
    return {field.name: right_value(field) for field in kind.fields}


def record(name: str = "repayment", **changed: str | None) -> Record:
    """A right record of a type, with some values changed, or left out where None."""
    kind = record_type(name)
    values = {**right_values(kind), **changed}
    return validate(kind, {field: value for field, value in values.items() if value is not None})


def wire(name: str = "repayment", **changed: object) -> dict[str, object]:
    """The wire form of a right record, as a dictionary, with some members changed or left out (None)."""
    members: dict[str, object] = {"type": name, **right_values(record_type(name)), **changed}
    return {member: value for member, value in members.items() if value is not None}


ANY_TEXT = st.text(st.characters(), max_size=12)  # every code point, lone surrogates too


def values_for(field: Field) -> st.SearchStrategy[str | None]:
    """Values for one field: mostly right, at times on a bound, of another format, absent or any text at all."""
    right = st.just(right_value(field))
    edges = st.sampled_from(EDGES[format_name(field)])
    other = st.sampled_from(sorted(RIGHT.values()))
    return st.one_of(right, right, right, right, edges, edges, other, ANY_TEXT, st.none())


def rows_of(kind: RecordType) -> st.SearchStrategy[list[dict[str, str | None]]]:
    """Rows for a type; most have a fault or two, some none."""
    hostile = st.fixed_dictionaries({field.name: values_for(field) for field in kind.fields})
    right = st.fixed_dictionaries({field.name: st.just(right_value(field)) for field in kind.fields})
    one_fault = st.builds(
        lambda values, field_and_value: {**values, field_and_value[0]: field_and_value[1]},
        right,
        st.sampled_from(kind.fields).flatmap(lambda field: st.tuples(st.just(field.name), values_for(field))),
    )
    return st.lists(st.one_of(right, one_fault, one_fault, one_fault, hostile), max_size=40)
