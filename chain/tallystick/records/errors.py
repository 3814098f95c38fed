"""Why a record was refused: one class per reason, with the field and, where one was given, the line."""

from typing import Any, ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "ByteOrderMark",
    "CharacterUnassigned",
    "ColumnNotText",
    "ControlCharacter",
    "DateNonexistent",
    "FieldMissing",
    "FieldTwice",
    "FieldUnknown",
    "MemberMalformed",
    "NotAnObject",
    "NotJson",
    "NotNormalized",
    "NotUtf8",
    "RecordError",
    "SecretMalformed",
    "TooDeep",
    "TooLarge",
    "TypeMissing",
    "TypeUnknown",
    "ValueEmpty",
    "ValueNotText",
    "ValueNotUnicode",
    "ValueOffFormat",
    "ValueTooLong",
    "VersionUnknown",
]


class RecordError(TallystickError):
    """A record that is not let in. Its values never hold what the record said, only where and why."""

    code: ClassVar[str] = "record.error"
    advice: ClassVar[str] = "Correct the record at its source and send it again; nothing of it was kept."

    line: int | None
    field: str | None

    def __init__(
        self, message: str = "", /, *, line: int | None = None, field: str | None = None, **values: Any
    ) -> None:
        """Name the place: `line` counts from 1, `field` is None where the record as a whole is at fault."""
        shown = field if field is None else _shown(field)
        text = message or self.sentence.format(field=shown, **values)
        super().__init__(text if line is None else f"line {line}: {text}", line=line, field=shown, **values)


def _shown(name: str) -> str:
    """A field's name may come from outside: keep it short and printable."""
    return name if name.isascii() and name.isprintable() and len(name) <= 64 else ascii(name[:64])[1:-1]


class NotUtf8(RecordError):
    """The bytes are not UTF-8."""

    code: ClassVar[str] = "record.not_utf8"
    sentence: ClassVar[str] = "The record is not UTF-8 (byte {offset})"
    advice: ClassVar[str] = "Export the file as UTF-8 without a byte order mark."

    offset: int


class ByteOrderMark(RecordError):
    """The text begins with U+FEFF."""

    code: ClassVar[str] = "record.byte_order_mark"
    sentence: ClassVar[str] = "The record begins with a byte order mark"
    advice: ClassVar[str] = "Export the file as UTF-8 without a byte order mark."


class NotJson(RecordError):
    """The text is not one JSON value."""

    code: ClassVar[str] = "record.not_json"
    sentence: ClassVar[str] = "The record is not JSON: {reason} (character {offset})"
    advice: ClassVar[str] = "Write one JSON object a line, nothing before or after it."

    reason: str
    offset: int


class NotAnObject(RecordError):
    """JSON, but no object."""

    code: ClassVar[str] = "record.not_an_object"
    sentence: ClassVar[str] = "The record is not a JSON object"
    advice: ClassVar[str] = "Write one JSON object a line, nothing before or after it."


class TooDeep(RecordError):
    """Nested so deeply that reading it was stopped."""

    code: ClassVar[str] = "record.too_deep"
    sentence: ClassVar[str] = "The record nests values too deeply"
    advice: ClassVar[str] = "A record is flat: every value is text."


class TooLarge(RecordError):
    """Longer than any record can be."""

    code: ClassVar[str] = "record.too_large"
    sentence: ClassVar[str] = "The record has {size} bytes, more than {most}"
    advice: ClassVar[str] = "Record the digest of a long text as a `document`, and keep the text beside it."

    size: int
    most: int


class FieldTwice(RecordError):
    """One name stands twice in the object, so two readers could see two records."""

    code: ClassVar[str] = "record.field_twice"
    sentence: ClassVar[str] = "The field {field} is given twice"


class TypeMissing(RecordError):
    """The object does not say what it records."""

    code: ClassVar[str] = "record.type_missing"
    sentence: ClassVar[str] = "The record does not say its type"
    advice: ClassVar[str] = 'Add a member "type", such as "repayment".'


class TypeUnknown(RecordError):
    """The registry has no such record type."""

    code: ClassVar[str] = "record.type_unknown"
    sentence: ClassVar[str] = "There is no record type of that name"
    advice: ClassVar[str] = "The types are listed in registry.json and in docs/formats.md."


class VersionUnknown(RecordError):
    """The registry has the type, but not in this version."""

    code: ClassVar[str] = "record.version_unknown"
    sentence: ClassVar[str] = "The record type {type} has no such version"
    advice: ClassVar[str] = (
        'Give "version" as text, such as "1", or leave it out for version 1; or update this software.'
    )

    type: str


class FieldUnknown(RecordError):
    """The type has no such field."""

    code: ClassVar[str] = "record.field_unknown"
    sentence: ClassVar[str] = "A record of type {type} has no field {field}"
    advice: ClassVar[str] = "Rename the field or leave it out; a record holds only what its type says."

    type: str


class FieldMissing(RecordError):
    """A required field is absent."""

    code: ClassVar[str] = "record.field_missing"
    sentence: ClassVar[str] = "The field {field} is missing"


class ValueNotText(RecordError):
    """A value is a number, a truth value, null, a list or an object."""

    code: ClassVar[str] = "record.value_not_text"
    sentence: ClassVar[str] = "The value of {field} is not text"
    advice: ClassVar[str] = "Write every value as a JSON string, amounts too; leave out what is absent."


class ValueNotUnicode(RecordError):
    """A value holds a lone surrogate or bytes that are not UTF-8."""

    code: ClassVar[str] = "record.value_not_unicode"
    sentence: ClassVar[str] = "The value of {field} is not Unicode text"
    advice: ClassVar[str] = "Export the file as UTF-8; a surrogate stands only in a pair."


class ValueEmpty(RecordError):
    """A value is the empty string."""

    code: ClassVar[str] = "record.value_empty"
    sentence: ClassVar[str] = "The value of {field} is empty"
    advice: ClassVar[str] = "Leave out an optional field that has no value; a required one needs one."


class ValueTooLong(RecordError):
    """A text is longer than 4096 bytes of UTF-8."""

    code: ClassVar[str] = "record.value_too_long"
    sentence: ClassVar[str] = "The value of {field} is longer than 4096 bytes"
    advice: ClassVar[str] = "Record the digest of a long text as a `document`, and keep the text beside it."


class ControlCharacter(RecordError):
    """A text holds a control character (category Cc: U+0000–U+001F, U+007F–U+009F)."""

    code: ClassVar[str] = "record.control_character"
    sentence: ClassVar[str] = "The value of {field} holds a control character"
    advice: ClassVar[str] = "Take out line ends, tabs and other control characters."


class CharacterUnassigned(RecordError):
    """A text holds a character whose normal form the format's Unicode version does not fix."""

    code: ClassVar[str] = "record.character_unassigned"
    sentence: ClassVar[str] = "The value of {field} holds a character that Unicode 14.0 does not have"
    advice: ClassVar[str] = "Write it in another way; ideographs of every version are taken."


class NotNormalized(RecordError):
    """A text is not in Normalization Form C."""

    code: ClassVar[str] = "record.not_nfc"
    sentence: ClassVar[str] = "The value of {field} is not in Unicode Normalization Form C"
    advice: ClassVar[str] = "Normalise the text to NFC before sending it."


class ValueOffFormat(RecordError):
    """A value is not written as its field's format asks."""

    code: ClassVar[str] = "record.value_off_format"
    sentence: ClassVar[str] = "The value of {field} is not {form}"

    form: str


class DateNonexistent(RecordError):
    """Written like a date or an instant, but the calendar or the clock has none such."""

    code: ClassVar[str] = "record.no_such_date"
    sentence: ClassVar[str] = "The value of {field} is a date or time that does not exist"
    advice: ClassVar[str] = "Dates are Gregorian, years 0001 to 9999; times run from 00:00:00 to 23:59:59 UTC."


class MemberMalformed(RecordError):
    """A member id is not 32 bytes."""

    code: ClassVar[str] = "record.member_malformed"
    sentence: ClassVar[str] = "The member id is {size} bytes long, not 32"
    advice: ClassVar[str] = "Give pseudonyms.member_id(legal id)."

    size: int


class SecretMalformed(RecordError):
    """A record secret is not 32 bytes, or there are not as many as there are records."""

    code: ClassVar[str] = "record.secret_malformed"
    sentence: ClassVar[str] = "Record secrets are needed as {needed}"
    advice: ClassVar[str] = "Give every record its own 32 fresh random bytes."

    needed: str


class ColumnNotText(RecordError):
    """A column of a table is not text."""

    code: ClassVar[str] = "record.column_not_text"
    sentence: ClassVar[str] = "The column {field} is of type {found}, not text"
    advice: ClassVar[str] = "Write every value as text in its field's format, dates and amounts too."

    found: str
