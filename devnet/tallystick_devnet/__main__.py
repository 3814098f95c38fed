"""`python -m tallystick_devnet …` is `tally devnet …`."""

import sys

from tallystick_gateway.kit.cli import main

main(["devnet", *sys.argv[1:]])
