"""What can go wrong where roots are made and signed."""

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "AuthoritiesRefused",
    "CodeUnknown",
    "HeightForgotten",
    "HeightNotChecked",
    "PreviousRefused",
    "RootsDiffer",
    "SignedOther",
]


class HeightNotChecked(GatewayError):
    """This gateway has not checked blocks up to that height yet"""

    status = 409
    code = "roots.height_not_checked"
    advice = "Wait until it has caught up (`tally status`), or export as of an earlier height."


class HeightForgotten(GatewayError):
    """This gateway does not remember the block, and no seals prove it"""

    status = 409
    code = "roots.height_forgotten"
    advice = "Export as of a later height: on an engine without seals the last 20 000 blocks are remembered."


class CodeUnknown(GatewayError):
    """A contract's code on the chain is not what this release and the stated arguments make"""

    status = 409
    code = "roots.code_unknown"
    advice = (
        "Sign no roots that name it. Install the release that the contract was built with; if it is that, ask who "
        "deployed the contract."
    )


class RootsDiffer(GatewayError):
    """The roots to sign are not what this gateway finds on the chain and in its own files"""

    status = 409
    code = "roots.differ"
    advice = (
        "Do not sign. Names of members come from their cards, authorities from authorities.json (`tally roots "
        "authorities`): agree on those. If anything else differs, one of the two gateways followed another chain."
    )


class PreviousRefused(GatewayError):
    """The version before is missing, or not the one that the roots name"""

    status = 422
    code = "roots.previous_refused"
    advice = "Give the version that came before with --previous; the first version has none."


class SignedOther(GatewayError):
    """This member signed other roots that follow the same version"""

    status = 409
    code = "roots.signed_other"
    advice = (
        "Two signed versions after one contradict each other. If the first was given up by all, sign again with "
        "--abandon and its digest."
    )


class AuthoritiesRefused(GatewayError):
    """The file of time-stamp authorities, or an entry for it, will not do"""

    status = 422
    code = "roots.authorities_refused"
    advice = "See `tally roots authorities --help`; members exchange one authorities.json, so that all have the same."
