"""Property tests of the library judge results, never times: on a busy machine any example may take long."""

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.contracts.support")

settings.register_profile("tallystick", deadline=None, print_blob=True)
settings.load_profile("tallystick")
