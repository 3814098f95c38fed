"""What can go wrong between gateways."""

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "CiphertextDamaged",
    "CiphertextMissing",
    "DocumentContentRefused",
    "DocumentDiffers",
    "DocumentErased",
    "DocumentTooLarge",
    "DocumentUnknown",
    "EndpointRefused",
    "MessageDiffers",
    "MessageMalformed",
    "MessageNotForUs",
    "OutboxFull",
    "PartnerAway",
    "PartnerLater",
    "PartnerNonsense",
    "PartnerUnknown",
    "ReaderUnready",
    "SenderNotProved",
]


class SenderNotProved(GatewayError):
    """The message is not signed by a key that the chain lists for its sender"""

    status = 401
    code = "exchange.sender_not_proved"
    advice = (
        "Sign with the member's EXCHANGE key (RFC 9421), within five minutes of this gateway's clock. If the key is "
        "new, send again once the chain has it."
    )


class MessageNotForUs(GatewayError):
    """The message is for another member"""

    status = 403
    code = "exchange.not_for_us"
    advice = "Check the recipient's endpoint: it leads to another member's gateway."


class MessageMalformed(GatewayError):
    """The message is not of the format, or of no kind that this gateway takes"""

    status = 422
    code = "exchange.message_malformed"
    advice = "Both gateways should run releases that know this kind of message."


class MessageDiffers(GatewayError):
    """Another message with the same id was taken from this sender"""

    status = 409
    code = "exchange.message_differs"
    advice = "An id stands for one message: send another content under a new one."


class OutboxFull(GatewayError):
    """Too many messages wait for this partner"""

    status = 503
    code = "exchange.outbox_full"
    advice = "Find out why the partner's gateway does not answer (`tally exchange partners`)."


class PartnerUnknown(GatewayError):
    """No member with that id or name, or none whose endpoint is known"""

    status = 404
    code = "exchange.partner_unknown"
    advice = "See `tally members`; of a member admitted later, set the endpoint: `tally exchange endpoint`."


class EndpointRefused(GatewayError):
    """That is no address of a gateway"""

    status = 422
    code = "exchange.endpoint_refused"
    advice = "Give an http or https URL without query or fragment."


class PartnerAway(GatewayError):
    """The partner's gateway does not answer"""

    status = 503
    code = "exchange.partner_away"
    advice = "Nothing: it is tried again by itself, ever more seldom. Ask the partner if it lasts."


class PartnerLater(GatewayError):
    """The partner's gateway cannot take the message yet"""

    status = 503
    code = "exchange.partner_later"
    advice = "Nothing: it is tried again by itself. The partner's own words say what it waits for."


class PartnerNonsense(GatewayError):
    """What answers at the partner's endpoint is not its gateway, or is broken"""

    status = 502
    code = "exchange.partner_nonsense"
    advice = "Compare the endpoint with the partner; nothing is believed that its EXCHANGE key did not sign."


class DocumentUnknown(GatewayError):
    """This gateway has no such document"""

    status = 404
    code = "document.unknown"
    advice = "See `tally documents list`; what another member sealed for us comes by itself."


class DocumentErased(GatewayError):
    """The document was erased here; that it existed is still shown"""

    status = 410
    code = "document.erased"
    advice = "The erasure certificate lists the readers that may still hold a copy."


class DocumentDiffers(GatewayError):
    """Another document with the same id is here already"""

    status = 409
    code = "document.differs"
    advice = "Keep both: a sender gave different readers different documents under one id."


class DocumentContentRefused(GatewayError):
    """The document's content is not in the form that it is sent in"""

    status = 422
    code = "document.content_refused"
    advice = "Send the bytes in base64 (RFC 4648 §4), or use `tally documents seal FILE`."


class DocumentTooLarge(GatewayError):
    """The document is larger than what is sealed in one piece"""

    status = 413
    code = "document.too_large"
    advice = "Split it, or hand it over by other means and record its digest."


class ReaderUnready(GatewayError):
    """A reader has no key that a document can be sealed for"""

    status = 409
    code = "document.reader_unready"
    advice = "Wait until the chain lists a valid SEAL key of that member (`tally keys list --member`)."


class CiphertextMissing(GatewayError):
    """A sealed document's file is not in the store"""

    status = 503
    code = "document.file_missing"
    advice = "Restore the folder `sealed` of the home from the backup that belongs to the database."


class CiphertextDamaged(GatewayError):
    """A sealed document's file is not what its name says"""

    status = 503
    code = "document.file_damaged"
    advice = "Restore the file from a backup, or ask the sender to send the document again."
