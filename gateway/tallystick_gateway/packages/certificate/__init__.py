"""`certificate.pdf`: a readable rendering of a package's index, in English and Chinese (`docs/package.md`).

`NotoSansCJKsc-Regular.ttf` is a part of Noto Sans CJK under the SIL Open Font License (`OFL.txt`), made by
`tools/certificate_font.py`.
"""

import hashlib
from importlib.util import find_spec

from tallystick.package.evidence import MAX_EVIDENCE_BYTES
from tallystick.roots import Roots
from tallystick.strictjson import loads_object
from tallystick_gateway.packages.errors import PdfLibraryMissing

from .sections import sections_of
from .texts import Text

__all__ = ["certificate_of"]

_TITLE = Text("Evidence package", "证据包说明")


def certificate_of(evidence_json: bytes, roots: Roots, wanted: bool | None = True) -> bytes | None:
    """The PDF of the package with this index; names of members are from `roots`.

    None if it is not wanted, or (`wanted` None) there is nothing to draw it with. Raises `PdfLibraryMissing` where it
    is wanted and cannot be drawn.
    """
    if wanted is False:
        return None
    if find_spec("reportlab") is None:
        if wanted:
            raise PdfLibraryMissing("The readable PDF needs a library that is not installed.")
        return None
    from .drawing import draw  # noqa: PLC0415 - an extra, and slow to import

    digest = hashlib.sha256(evidence_json).digest()
    index = loads_object(evidence_json, max_bytes=MAX_EVIDENCE_BYTES)
    return draw(_TITLE, sections_of(index, digest, roots), digest)
