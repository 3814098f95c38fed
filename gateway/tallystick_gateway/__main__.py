"""`python -m tallystick_gateway`: the command `tally`."""

from tallystick_gateway.kit.cli import main

main()
