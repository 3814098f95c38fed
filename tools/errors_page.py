"""Write `docs/errors.md`: every error code of the library, the gateway and the devnet, from the classes themselves.

`--check` writes nothing and exits 1 if the page is not what the code says (a test runs it).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from tallystick_gateway.kit.errors import GatewayError, all_error_classes

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors.md"
PACKAGES = ("tallystick", "tallystick_gateway", "tallystick_devnet")
LEFT_OUT = ("__main__", ".migrations.")
HEAD = """# Error codes

Written by `tools/errors_page.py` from the classes themselves. The same code stands in the API's problem details
(`code`), in what `tally` prints, and in the library's exceptions. HTTP is the status of the API where it says so.

| code | HTTP | what happened | what to do |
|---|---|---|---|
"""


def import_everything() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not any(part in module.name for part in LEFT_OUT):
                importlib.import_module(module.name)


def page() -> str:
    import_everything()
    rows: dict[str, tuple[str, str, str]] = {}
    for error in all_error_classes():
        own = "code" in vars(error)
        if own and error is not GatewayError:
            title = (error.__doc__ or "").strip().splitlines()[0].rstrip(".:")
            status = getattr(error, "status", None)
            rows[error.code] = (str(status or "–"), title, error.advice)
    lines = [f"| `{code}` | {status} | {title} | {advice} |" for code, (status, title, advice) in sorted(rows.items())]
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    text = page()
    if "--check" in sys.argv:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != text:
            sys.stdout.write("docs/errors.md is not what the code says: run `make docs`\n")
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
