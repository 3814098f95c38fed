#!/usr/bin/env python3
"""Make the font that certificates are set in, from Noto Sans CJK (SIL Open Font License 1.1).

    python tools/certificate_font.py NotoSansCJK-VF.otf.ttc

needs fonttools. It takes the regular weight of the face for simplified Chinese, with Latin letters, every character of
GB 2312 and those of the first level of Big5, as TrueType outlines, which reportlab can embed.
"""

import sys
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

FONT = Path("gateway/tallystick_gateway/packages/certificate/NotoSansCJKsc-Regular.ttf")
SIMPLIFIED_CHINESE = 2
ERROR_UNITS = 3
LATIN = {chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2027))} | set("€←→−∥")


def characters(encoding: str, first: int, last: int) -> set[str]:
    """What the two-byte codes of an encoding stand for, with lead bytes `first` to `last`."""
    found: set[str] = set()
    for lead in range(first, last + 1):
        for trail in range(0x40, 0xFF):
            found |= set(bytes([lead, trail]).decode(encoding, "ignore"))
    return found


def main(source: str) -> None:
    """Write the font."""
    noto = TTFont(source, fontNumber=SIMPLIFIED_CHINESE, lazy=True)
    names, outlines = noto.getBestCmap(), noto.getGlyphSet(location={"wght": 400})
    wanted = LATIN | characters("gb2312", 0xA1, 0xF7) | characters("big5", 0xA4, 0xC6)
    cmap = {ord(each): names[ord(each)] for each in sorted(wanted) if ord(each) in names}
    order = [".notdef", *sorted(set(cmap.values()))]
    font = FontBuilder(noto["head"].unitsPerEm, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(cmap)
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, ERROR_UNITS, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font.setupGlyf(glyphs)
    left = {name: glyph.xMin if glyph.numberOfContours else 0 for name, glyph in font.font["glyf"].glyphs.items()}
    font.setupHorizontalMetrics({name: (round(outlines[name].width), left[name]) for name in order})
    font.setupHorizontalHeader(ascent=noto["hhea"].ascent, descent=noto["hhea"].descent)
    said = {"copyright": noto["name"].getDebugName(0), "licenseDescription": noto["name"].getDebugName(13)}
    own = {"familyName": "Noto Sans CJK SC", "styleName": "Regular", "psName": "NotoSansCJKsc-Regular"}
    font.setupNameTable({**own, **said})
    font.setupOS2()
    font.setupPost(keepGlyphNames=False)
    font.font.recalcTimestamp = False
    font.font["head"].created = font.font["head"].modified = 0
    font.save(FONT)


if __name__ == "__main__":
    main(sys.argv[1])
