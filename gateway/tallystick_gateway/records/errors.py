"""Why a record, an upload or an opening was refused by this gateway."""

from typing import ClassVar

from tallystick.records import RecordError
from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "AgreementNotActive",
    "AgreementUnknown",
    "AmountNegative",
    "ArrivalDateRefused",
    "BookingDateGiven",
    "CalendarUnknown",
    "ColumnsRefused",
    "CurrencyWrong",
    "FileUnreadable",
    "FormatUnknown",
    "LoanNamedTwice",
    "LoanUnknown",
    "LogContradicted",
    "NotParty",
    "QueueFull",
    "RecordNotAnchored",
    "RecordUnknown",
    "SecretNotHeld",
    "SourceIdTaken",
    "TooManyRecords",
    "UploadBroken",
    "UploadTooLarge",
    "UploadUnknown",
]


class AgreementUnknown(RecordError):
    """No agreement of that id is known to this gateway"""

    code: ClassVar[str] = "record.agreement_unknown"
    sentence: ClassVar[str] = "There is no agreement {agreement}"
    advice: ClassVar[str] = "Check the id with GET /v1/agreements; a new agreement is known once its block was read."


class AgreementNotActive(RecordError):
    """The agreement is not active"""

    code: ClassVar[str] = "record.agreement_not_active"
    sentence: ClassVar[str] = "The agreement is {state}, not ACTIVE"
    advice: ClassVar[str] = "Every party has to co-sign it first; then send the records again."


class NotParty(RecordError):
    """This member is no party of the agreement"""

    code: ClassVar[str] = "record.not_party"
    sentence: ClassVar[str] = "This member is no party of the agreement"
    advice: ClassVar[str] = "Only parties keep a log under an agreement."


class SecretNotHeld(RecordError):
    """The agreement's secret is needed to turn a loan id into its key, and is not here"""

    code: ClassVar[str] = "record.agreement_secret_not_held"
    sentence: ClassVar[str] = "This gateway does not hold the agreement's secret"
    advice: ClassVar[str] = "Import the sealed secret that the originator handed over, or give the loan key as `loan`."


class LoanUnknown(RecordError):
    """The agreement has no such loan"""

    code: ClassVar[str] = "record.loan_unknown"
    sentence: ClassVar[str] = "The agreement has no such loan"
    advice: ClassVar[str] = "Disburse the loan first, or correct its id."


class LoanNamedTwice(RecordError):
    """Both `loan` and `loan_id` are given"""

    code: ClassVar[str] = "record.loan_named_twice"
    sentence: ClassVar[str] = "Both loan and loan_id are given"
    advice: ClassVar[str] = "Give the loan's id or its key, not both."


class CurrencyWrong(RecordError):
    """The record's currency is not the agreement's"""

    code: ClassVar[str] = "record.currency_wrong"
    sentence: ClassVar[str] = "The currency is {found}, the agreement's is {expected}"
    advice: ClassVar[str] = "Amounts are recorded in the agreement's currency; convert at the source."


class AmountNegative(RecordError):
    """An amount is below zero"""

    code: ClassVar[str] = "record.amount_negative"
    sentence: ClassVar[str] = "The amount {field} is negative"
    advice: ClassVar[str] = "Take a record back by a `reversal` that names it, not by a negative amount."


class BookingDateGiven(RecordError):
    """The row brings its own booking date"""

    code: ClassVar[str] = "record.booking_date_given"
    sentence: ClassVar[str] = "The booking date is given, but the gateway sets it"
    advice: ClassVar[str] = "Leave booking_date out: it follows from the arrival and the agreement's cut-off."


class SourceIdTaken(RecordError):
    """Another record already has this source_system and source_id"""

    code: ClassVar[str] = "record.source_id_taken"
    sentence: ClassVar[str] = "Another record already has this source_system and source_id"
    advice: ClassVar[str] = "A changed fact is a new record with an id of its own (and a `reversal` of the old one)."


class CalendarUnknown(RecordError):
    """The agreement's calendar or time zone is not known here"""

    code: ClassVar[str] = "record.calendar_unknown"
    sentence: ClassVar[str] = "The agreement's calendar {calendar} or zone {zone} is not known here"
    advice: ClassVar[str] = "Known calendars: WEEKDAYS, with IANA time zones."


class ArrivalDateRefused(GatewayError):
    """A service takes no arrival date from outside"""

    status = 422
    code = "records.arrival_date_refused"
    advice = "Leave it out. Only development on the embedded engine may set it ([development] arrival_dates = true)."


class TooManyRecords(GatewayError):
    """Too many records for one request"""

    status = 413
    code = "records.too_many"
    advice = "Stream them: `tally records submit FILE`, or POST the file to /v1/records:upload."


class QueueFull(GatewayError):
    """The queue of uploads or unanchored records is full"""

    status = 429
    code = "records.queue_full"
    advice = "Wait until some are done (GET /v1/uploads, GET /v1/logs), then send the same request again."


class FormatUnknown(GatewayError):
    """The upload's format is not one of those that are taken"""

    status = 415
    code = "upload.format_unknown"
    advice = "Name it by Content-Type or ?format=: ndjson, csv, parquet, arrow; Content-Encoding: gzip, zstd or none."


class UploadTooLarge(GatewayError):
    """The upload is over the limit"""

    status = 413
    code = "upload.too_large"
    advice = "Split the file, or raise [limits] upload_bytes."


class UploadBroken(GatewayError):
    """The upload did not arrive whole"""

    status = 400
    code = "upload.broken"
    advice = "Send it again under the same Idempotency-Key; nothing of it was kept."


class UploadUnknown(GatewayError):
    """There is no such upload"""

    status = 404
    code = "upload.unknown"
    advice = "See GET /v1/uploads."


class FileUnreadable(GatewayError):
    """The uploaded file is not what its format says"""

    status = 422
    code = "upload.unreadable"
    advice = "Check format and encoding; records read before the fault are kept, and sending them again is harmless."


class ColumnsRefused(GatewayError):
    """The uploaded table's columns are not those of records"""

    status = 422
    code = "upload.columns_refused"
    advice = "Every column is text and named after a field of the record type (or type, version, loan_id)."


class RecordUnknown(GatewayError):
    """There is no such record"""

    status = 404
    code = "record.unknown"
    advice = "Check the digest; records of other members are opened by their author, not looked up here."


class RecordNotAnchored(GatewayError):
    """The record is not anchored yet, so nothing can be shown about it"""

    status = 409
    code = "record.not_anchored"
    advice = "Wait until its state is included or final."


class LogContradicted(GatewayError):
    """The chain holds an anchor of our log that this gateway did not make"""

    status = 503
    code = "records.log_contradicted"
    advice = "Someone else signs with this member's key, or the database was set back: stop, revoke the key, restore."
