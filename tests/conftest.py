"""Property tests of the library judge results, never times: on a busy machine any example may take long."""

from hypothesis import settings

settings.register_profile("tallystick", deadline=None, print_blob=True)
settings.load_profile("tallystick")
