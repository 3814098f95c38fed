"""Every module with tables, in one place: importing this registers them all (for migrations)."""

from tallystick_gateway.acts import models as acts
from tallystick_gateway.kit import models as kit

__all__ = ["MODEL_MODULES"]

MODEL_MODULES = (kit, acts)
