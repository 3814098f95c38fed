"""Sections drawn as a PDF by reportlab: the same bytes for the same sections. One font is embedded, as far as used."""

import io
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from tallystick.verify.wording import plain

from .sections import Column, Section, Table
from .texts import Text, both

__all__ = ["draw"]

_FONT = "NotoSansCJKsc-Regular"
_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_QR = 32 * mm
_LABEL = 52 * mm
_LINE = colors.HexColor("#b8bec6")
_SHADE = colors.HexColor("#eef1f4")
_INK = colors.HexColor("#1d2733")
_FAINT = colors.HexColor("#5a6673")


def draw(title: Text, sections: Sequence[Section], digest: bytes) -> bytes:
    """The PDF; `digest` goes into the code on the first page and under every page."""
    _load_font()
    made = io.BytesIO()
    document = BaseDocTemplate(
        made,
        pagesize=A4,
        title=title.en,
        author="",
        creator="tallystick",
        invariant=1,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
    )
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("page", [frame], onPage=lambda page, _: _foot(page, digest))])
    document.build([_head(title, digest), *(part for section in sections for part in _section(section))])
    return made.getvalue()


def _style(size: float, *, colour: colors.Color = _INK, wrap: str | None = None, before: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}-{wrap}-{before}",
        fontName=_FONT,
        fontSize=size,
        leading=size * 1.45,
        textColor=colour,
        wordWrap=wrap,
        spaceBefore=before,
    )


_TITLE = _style(17)
_SECTION = _style(11.5, before=5 * mm)
_PLAIN = _style(8.5)
_CHINESE = _style(8.5, wrap="CJK")
_NOTE = _style(8, colour=_FAINT)
_NOTE_CHINESE = _style(8, colour=_FAINT, wrap="CJK")
_HEADING = _style(7.5, colour=_FAINT, wrap="CJK")
_CELL = _style(7.5, wrap="CJK")
_HASH = _style(6, wrap="CJK")


def _head(title: Text, digest: bytes) -> Flowable:
    words = [Paragraph(_shown(title.en), _TITLE), Paragraph(_shown(title.zh), _TITLE)]
    code = QrCodeWidget(digest.hex(), barWidth=_QR, barHeight=_QR, barBorder=0)
    drawing = Drawing(_QR, _QR)
    drawing.add(code)
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    return Grid([[words, drawing]], [_WIDTH - _QR, _QR], style=[*style, ("RIGHTPADDING", (0, 0), (-1, -1), 0)])


def _section(section: Section) -> list[Flowable]:
    parts: list[Flowable] = [Paragraph(_shown(both(section.title)), _SECTION), Spacer(1, 1.5 * mm)]
    if section.facts:
        rows = [
            [Paragraph(_shown(both(label)), _HEADING), Paragraph(_shown(value), _CHINESE)]
            for label, value in section.facts
        ]
        parts.append(_grid(rows, [_LABEL, _WIDTH - _LABEL], heading=False))
    if section.table is not None:
        parts += _drawn_table(section.table)
    for note in section.notes:
        parts += [Spacer(1, 1 * mm), Paragraph(_shown(note.en), _NOTE), Paragraph(_shown(note.zh), _NOTE_CHINESE)]
    return parts


def _drawn_table(table: Table) -> list[Flowable]:
    whole = sum(column.width for column in table.columns)
    widths = [_WIDTH * column.width / whole for column in table.columns]
    rows = [[Paragraph(_shown(both(column.title)), _HEADING) for column in table.columns]]
    rows += [[_cell(text, column) for text, column in zip(row, table.columns, strict=True)] for row in table.rows]
    drawn: list[Flowable] = [_grid(rows, widths, heading=True)]
    if table.left_out:
        more = f"… and {table.left_out} more in the index 索引中另有 {table.left_out} 项"
        drawn.append(Paragraph(_shown(more), _NOTE))
    return drawn


def _cell(text: str, column: Column) -> Paragraph:
    return Paragraph(_shown(text), _HASH if column.mono else _CELL)


def _grid(rows: list[list[Paragraph]], widths: list[float], *, heading: bool) -> Grid:
    style = TableStyle()
    style.add("LINEBELOW", (0, 0), (-1, -1), 0.3, _LINE)
    style.add("VALIGN", (0, 0), (-1, -1), "TOP")
    for side, points in (("TOP", 1.5), ("BOTTOM", 2), ("LEFT", 2), ("RIGHT", 3)):
        style.add(f"{side}PADDING", (0, 0), (-1, -1), points)
    if heading:
        style.add("BACKGROUND", (0, 0), (-1, 0), _SHADE)
    return Grid(rows, widths, repeatRows=1 if heading else 0, style=style)


def _foot(page: Canvas, digest: bytes) -> None:
    page.saveState()
    page.setFont(_FONT, 6.5)
    page.setFillColor(_FAINT)
    page.drawString(_MARGIN, 9 * mm, f"SHA-256(evidence.json) {digest.hex()}")
    page.drawRightString(A4[0] - _MARGIN, 9 * mm, str(page.getPageNumber()))
    page.restoreState()


def _shown(text: str) -> str:
    """As markup; what the font cannot show is named by its code point, so that nothing is lost unseen."""
    known = _load_font().face.charToGlyph
    visible = "".join(each if ord(each) in known else f"[U+{ord(each):04X}]" for each in plain(text))
    return escape(visible)


@cache
def _load_font() -> TTFont:
    with as_file(files(__package__).joinpath(f"{_FONT}.ttf")) as path:
        font = TTFont(_FONT, str(path))
    pdfmetrics.registerFont(font)
    return font
