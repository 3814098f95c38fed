"""The command `tally-verify`, apart from all that it may fail to import.

Python leaves with 1 where it crashes, which would read as VERIFIED WITH LIMITS: whatever happens, this leaves with 3.
"""

import sys

__all__ = ["main"]

_UNDECIDED = 3


def main() -> int:
    """Run the command with the process's arguments; returns its exit code."""
    try:
        from tallystick.verify.command import run  # noqa: PLC0415 - see above

        return run(sys.argv[1:])
    except Exception as why:  # noqa: BLE001 - see above
        sys.stderr.write(
            f"NOT VERIFIABLE  (exit code {_UNDECIDED})\n"
            f"tally-verify itself failed ({type(why).__name__}: {why}). That says nothing about the package.\n"
            "Check the installation, and report this with the version of the program.\n"
        )
        return _UNDECIDED


if __name__ == "__main__":
    sys.exit(main())
