"""Who is in a consortium and on which chain: member cards and `consortium.json` (`gateway.md`, last section)."""

from .card import CardKeys, CardMalformed, MemberCard, sign_card
from .document import (
    Consortium,
    ConsortiumMalformed,
    ContractEntry,
    HeaderItems,
    ValidatorEpoch,
)
from .roles import Role, role_mask, roles_of

__all__ = [
    "CardKeys",
    "CardMalformed",
    "Consortium",
    "ConsortiumMalformed",
    "ContractEntry",
    "HeaderItems",
    "MemberCard",
    "Role",
    "ValidatorEpoch",
    "role_mask",
    "roles_of",
    "sign_card",
]
