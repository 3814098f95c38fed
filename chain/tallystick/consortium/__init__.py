"""Who is in a consortium and on which chain: member cards and `consortium.json` (`gateway.md`, last section)."""

from .card import CardKeys, CardMalformed, MemberCard, sign_card
from .continuation import NotLater, check_continues
from .document import (
    Consortium,
    ConsortiumMalformed,
    ContractEntry,
    HeaderItems,
    ValidatorEpoch,
)
from .genesis import (
    FoundingSetDiffers,
    GenesisRefused,
    SealedGenesis,
    check_founding_set,
    header_items_by_height,
    is_sealed,
    sealed_genesis,
    sealed_item_count,
)
from .roles import Role, role_mask, roles_of

__all__ = [
    "CardKeys",
    "CardMalformed",
    "Consortium",
    "ConsortiumMalformed",
    "ContractEntry",
    "FoundingSetDiffers",
    "GenesisRefused",
    "HeaderItems",
    "MemberCard",
    "NotLater",
    "Role",
    "SealedGenesis",
    "ValidatorEpoch",
    "check_continues",
    "check_founding_set",
    "header_items_by_height",
    "is_sealed",
    "role_mask",
    "roles_of",
    "sealed_genesis",
    "sealed_item_count",
    "sign_card",
]
