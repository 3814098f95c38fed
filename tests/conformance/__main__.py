"""`python -m tests.conformance [FOLDER] [--json FILE]`."""

import sys

from tests.conformance.run import main

sys.exit(main())
