"""Why a loan, or something about one, was refused."""

from typing import ClassVar

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "CurrencyDiffers",
    "DateMalformed",
    "DateUnknown",
    "FieldMalformed",
    "FieldMissing",
    "FieldUnknown",
    "LoanError",
    "LoanExists",
    "LoanIdNeeded",
    "LoanRepeated",
    "LoanRequested",
    "LoanUnknown",
    "LoansSealed",
    "NotNamed",
    "NotOriginator",
    "NotServicer",
    "PrincipalNotPositive",
    "RowMalformed",
    "RowsRefused",
    "ShareTooLarge",
    "SharesDiffer",
    "StateForbids",
    "TransferToSelf",
]


class LoanError(GatewayError):
    """Something about a loan was refused"""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "loan.error"


class RowsRefused(LoanError):
    """Rows of the request were refused, so nothing of it was recorded"""

    code = "loans.rows_refused"
    sentence = "{refused} of {rows} rows were refused; nothing was recorded. Line {line}, {field}: {detail}"
    advice = "Correct the rows under `errors`, or send the request with ?partial=true to record the good ones."


class RowMalformed(LoanError):
    """The row is not a JSON object"""

    code = "loan.row_malformed"
    sentence = "The row is not a JSON object"
    advice = "See /v1/openapi.json for the fields of a row."


class FieldMissing(LoanError):
    """A required field is missing"""

    code = "loan.field_missing"
    sentence = "{field} is missing"
    advice = "Give the field; /v1/openapi.json describes the row."


class FieldUnknown(LoanError):
    """The row has a field that it should not have"""

    code = "loan.field_unknown"
    sentence = "There is no field {field}"
    advice = "Take the field out; /v1/openapi.json describes the row."


class FieldMalformed(LoanError):
    """A field does not have its form"""

    code = "loan.field_malformed"
    sentence = "{field}: {reason}"
    advice = "Correct the field; /v1/openapi.json describes the row."


class DateMalformed(LoanError):
    """A date is not written as a date"""

    code = "loan.date_malformed"
    sentence = "{text!r} is not a date as 2026-11-23"
    advice = "Write dates as YYYY-MM-DD."


class DateUnknown(LoanError):
    """The calendar has no such day"""

    code = "loan.date_does_not_exist"
    sentence = "There is no day {text}"
    advice = "Correct the date; the first that can be recorded is 1900-01-01."


class PrincipalNotPositive(LoanError):
    """A loan needs a principal above zero"""

    code = "loan.principal_not_positive"
    sentence = "The principal {principal} is not above zero"
    advice = "State the amount paid out in minor units; a wrong disbursement is reversed, never booked negative."


class CurrencyDiffers(LoanError):
    """The loan is not in the agreement's currency"""

    code = "loan.currency_differs"
    sentence = "The loan is in {found}, the agreement in {expected}"
    advice = "Correct the currency, or disburse under an agreement in that currency."


class SharesDiffer(LoanError):
    """The stated shares are not those of the agreement's rule"""

    code = "loan.shares_differ"
    sentence = "By the agreement the shares are {expected}, not {found}"
    advice = "Leave `shares` out, or compute them: floor by basis points, then one unit each to the largest remainders."


class LoansSealed(LoanError):
    """The agreement is SEALED: its loans' terms do not stand on the chain"""

    status = 409
    code = "loan.agreement_sealed"
    sentence = "The agreement is SEALED; this gateway pays out loans of OPEN agreements"
    advice = "Sealed loans need the exchange between gateways, which this release does not have."


class NotOriginator(LoanError):
    """Only the originator pays loans out under an agreement"""

    status = 403
    code = "loan.not_originator"
    sentence = "The originator of the agreement is member {originator}"
    advice = "Disburse at the originator's gateway."


class LoanRepeated(LoanError):
    """The same loan stands twice in one request"""

    code = "loan.repeated"
    sentence = "Loan {loan_id} stands in line {first_line} already"
    advice = "Send each loan once; a second loan needs an id of its own."


class LoanRequested(LoanError):
    """The same loan was handed in with an earlier request"""

    status = 409
    code = "loan.requested_before"
    sentence = "Loan {loan_id} was handed in before, in submission {submission_id}, and is {state}"
    advice = "Nothing to do: follow the earlier submission. A second loan needs an id of its own."


class LoanExists(LoanError):
    """The chain has this loan from another gateway"""

    status = 409
    code = "loan.exists"
    sentence = "Loan {loan_id} is on the chain already, recorded by another gateway, and is {state}"
    advice = "Compare it with GET /v1/loans/{agreement}/{loan}; a second loan needs an id of its own."


class LoanUnknown(LoanError):
    """There is no such loan"""

    status = 404
    code = "loan.unknown"
    sentence = "The agreement has no loan {loan_id}"
    advice = "Check the id (or give the loan key); a new loan is known to others once its block was read."


class LoanIdNeeded(LoanError):
    """An act about a loan needs its id, and only its key is known here"""

    code = "loan.id_needed"
    sentence = "Loan {loan} was not named by its id"
    advice = "Give the loan id: the act's reference is made from it, so that the same fact is recorded once."


class NotServicer(LoanError):
    """Only its servicer changes a loan"""

    status = 403
    code = "loan.not_servicer"
    sentence = "The servicer of the loan is member {servicer}"
    advice = "Ask the servicer, or have the servicing transferred."


class NotNamed(LoanError):
    """The agreement does not name this member"""

    status = 403
    code = "loan.not_named"
    sentence = "This member has no place in the agreement"
    advice = "Parties, depository, arbitrator and the attesting roles may ask for a snapshot."


class StateForbids(LoanError):
    """The loan's state does not allow that"""

    status = 409
    code = "loan.state_forbids"
    sentence = "The loan is {state}; {act} needs {needed}"
    advice = "See the loan's acts with GET /v1/loans/{agreement}/{loan}; wait while it is REQUESTED."


class ShareTooLarge(LoanError):
    """More was offered than the share that is held"""

    code = "loan.share_too_large"
    sentence = "The share is {share}; {amount} cannot be transferred"
    advice = "Transfer at least one minor unit and at most the share."


class TransferToSelf(LoanError):
    """A transfer needs another party"""

    code = "loan.transfer_to_self"
    sentence = "`to` has to be another party of the agreement"
    advice = "Name another party of the agreement as `to`."
