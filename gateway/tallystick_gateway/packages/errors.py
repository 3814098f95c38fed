"""Why a package is not made."""

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "ActNotFound",
    "FieldUnknown",
    "NothingChosen",
    "NothingShown",
    "PackageJudged",
    "PackageLost",
    "PackageNotDone",
    "PackageTooLarge",
    "PackageUnknown",
    "PdfLibraryMissing",
    "SignatureNotFound",
    "SnapshotFailed",
]


class PackageUnknown(GatewayError):
    """There is no such package"""

    status = 404
    code = "package.unknown"
    advice = "List the packages with GET /v1/packages."


class PackageNotDone(GatewayError):
    """The package is not finished, or came to nothing"""

    status = 409
    code = "package.not_done"
    advice = "Look at its state with GET /v1/packages/{id}; `wait=done` waits for the end."


class PackageLost(GatewayError):
    """The finished package is not the file that this gateway wrote"""

    status = 500
    code = "package.lost"
    advice = "Ask for it anew; find out who has changed or removed files in the gateway's home."


class NothingChosen(GatewayError):
    """What was asked for has nothing that a package could hold"""

    status = 422
    code = "package.nothing_chosen"
    advice = "Check agreement, loan, range and ids; acts and records can be packed once their block was read here."


class ActNotFound(GatewayError):
    """No act of that id stands in a block that this gateway has read"""

    status = 404
    code = "package.act_unknown"
    advice = "Check the id; an act can be packed once its block was read (`tally status`)."


class SignatureNotFound(GatewayError):
    """An act's signature stands in no transaction that can be read"""

    status = 409
    code = "package.signature_not_found"
    advice = "The act was handed over by a program that hides it from the chain; ask the member that signed it."


class FieldUnknown(GatewayError):
    """A field that is to be shown or withheld is a field of no record chosen"""

    status = 422
    code = "package.field_unknown"
    advice = "See docs/formats.md for the fields of each record type."


class NothingShown(GatewayError):
    """A record would be in the package without showing any field"""

    status = 422
    code = "package.nothing_shown"
    advice = "Show at least one field of every record type that is chosen, or choose fewer records."


class PackageTooLarge(GatewayError):
    """One package cannot hold all that was asked for"""

    status = 422
    code = "package.too_large"
    advice = "Ask for several packages, each of a part of the records."


class SnapshotFailed(GatewayError):
    """The chain was not brought to state the loan's present head"""

    status = 409
    code = "package.snapshot_failed"
    advice = "See the submission; or ask for the package with the last snapshot there is."


class PackageJudged(GatewayError):
    """The package does not convince our own verifier, so it is not handed out"""

    status = 409
    code = "package.not_verified"
    advice = "Do what the findings advise; a block of an earlier set of validators needs a time stamp first."


class PdfLibraryMissing(GatewayError):
    """The library that draws the readable PDF is not installed"""

    status = 409
    code = "package.pdf_missing"
    advice = "Install tallystick-gateway[pdf], or ask for the package without a certificate."
