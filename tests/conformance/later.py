"""Sources whose formats the product does not cover yet: recognised and counted, never passed over in silence."""

from tests.conformance.cases import Recognised, VectorFile, all_texts, companions, is_list_of

SHAPES = (
    ("MT940 statements", "cases", ("file", "form")),
    ("ISO 20022 messages", "cases", ("file", "facts")),
    ("bank lines against ledger lines", "pairs", ("bank", "ledger", "relation")),
)


def recognise(file: VectorFile) -> list[Recognised] | None:
    document = file.document
    if not isinstance(document, dict):
        return None
    for source, list_name, keys in SHAPES:
        entries = document.get(list_name)
        if entries and is_list_of(entries, *keys):
            beside = companions(file, all_texts(entries))
            if list_name == "pairs":
                beside |= frozenset(file.path.parent.glob("*.csv"))
            return [Recognised(source, not_yet=len(entries), companions=beside)]
    return None
