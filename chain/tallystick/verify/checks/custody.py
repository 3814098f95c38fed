"""Is the chain of custody unbroken? (`docs/package.md`, Custody)"""

from tallystick.package.custody import Custody, parse_custody
from tallystick.package.errors import PackageRefused
from tallystick.package.evidence import Evidence
from tallystick.package.paths import CUSTODY
from tallystick.verify.facts import Material
from tallystick.verify.findings import Findings

__all__ = ["check_custody"]


def check_custody(material: Material, evidence: Evidence, found: Findings) -> Custody:
    """The steps, if they are unbroken."""
    if CUSTODY not in material.files:
        found.add("custody.absent", f"there is no {CUSTODY}")
        return ()
    try:
        steps = parse_custody(material.content(CUSTODY), evidence.member, evidence.built_at)
    except PackageRefused as why:
        found.refuse(why, CUSTODY)
        return ()
    found.passed("custody.unbroken", f"{len(steps)} steps")
    return steps
