"""What can be wrong with roots."""

from typing import ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "RootsContradict",
    "RootsDigestDiffers",
    "RootsMalformed",
    "RootsNotChained",
    "RootsOfAnotherChain",
    "RootsSignatureInvalid",
    "RootsUnsigned",
]


class RootsMalformed(TallystickError):
    """A file that is not a roots document, or one that contradicts itself."""

    code: ClassVar[str] = "roots.malformed"
    advice: ClassVar[str] = "Ask a member of the consortium for roots.json as it was signed, byte for byte."

    field: str
    reason: str

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"roots.json: {field or 'the file'} {reason}", field=field, reason=reason)


class RootsOfAnotherChain(TallystickError):
    """Two roots documents are about different chains."""

    code: ClassVar[str] = "roots.other_chain"
    sentence: ClassVar[str] = "The roots are of different chains: {what} is {one} in one and {other} in the other"
    advice: ClassVar[str] = "Give roots of one consortium only, that of the package."

    what: str
    one: str
    other: str


class RootsContradict(TallystickError):
    """A later version says otherwise about what an earlier one had closed: one of them is not what happened."""

    code: ClassVar[str] = "roots.contradict"
    sentence: ClassVar[str] = "The roots contradict each other: {what} was {said}, the later ones say {says}"
    advice: ClassVar[str] = (
        "Rely on neither. Keep both files: where both are signed, they show that members signed two histories."
    )

    what: str
    said: str
    says: str


class RootsSignatureInvalid(TallystickError):
    """A signature of the document is not by a key that its member could sign with."""

    code: ClassVar[str] = "roots.signature_invalid"
    sentence: ClassVar[str] = "The signature of {member} on the roots {digest} does not hold: {reason}"
    advice: ClassVar[str] = "Ask a member for the roots again; an altered file cannot be repaired."

    member: str
    digest: str
    reason: str


class RootsUnsigned(TallystickError):
    """Fewer members than two thirds, rounded up, signed the document."""

    code: ClassVar[str] = "roots.signatures_few"
    sentence: ClassVar[str] = "The roots {digest} are signed by {found} of the {needed} members that are needed"
    advice: ClassVar[str] = "Ask further members to sign this very file (`tally roots sign`), and merge the signatures."

    digest: str
    found: int
    needed: int


class RootsNotChained(TallystickError):
    """The documents do not form one chain."""

    code: ClassVar[str] = "roots.not_chained"
    sentence: ClassVar[str] = "The roots do not form one chain: {reason}"
    advice: ClassVar[str] = "Give every version from the first that you trust to the newest, each once."

    reason: str


class RootsDigestDiffers(TallystickError):
    """None of the documents has the digest that is trusted."""

    code: ClassVar[str] = "roots.digest_differs"
    sentence: ClassVar[str] = "No roots with the digest {pinned} were given, but {found}"
    advice: ClassVar[str] = "Compare the digest with the member that you have it from, by another channel."

    pinned: str
    found: str
