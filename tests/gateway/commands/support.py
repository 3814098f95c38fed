"""`tally` as a user runs it: arguments in, exit code and words out."""

from tallystick_gateway.kit import cli

__all__ = ["run"]


def run(*arguments: object) -> int:
    """The exit code of `tally ARGUMENTS…`; a traceback would leave as the exception that it is."""
    try:
        cli.main([str(argument) for argument in arguments])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0
