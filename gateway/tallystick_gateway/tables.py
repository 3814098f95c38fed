"""Every module with tables, in one place: importing this registers them all (for migrations)."""

from tallystick_gateway.acts import models as acts
from tallystick_gateway.agreements import models as agreements
from tallystick_gateway.exchange import models as exchange
from tallystick_gateway.kit import models as kit
from tallystick_gateway.loans import models as loans
from tallystick_gateway.members import models as members
from tallystick_gateway.packages import models as packages
from tallystick_gateway.records import models as records
from tallystick_gateway.roots import models as roots
from tallystick_gateway.watch import models as watch

__all__ = ["MODEL_MODULES"]

MODEL_MODULES = (kit, watch, members, agreements, loans, records, acts, roots, packages, exchange)
