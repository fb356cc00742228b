import os

from hypothesis import settings

pytest_plugins = ["servers.fixtures"]

# How long an example takes says nothing about whether the property holds.
settings.register_profile("darkroom", settings(), deadline=None)
settings.load_profile("darkroom")

# Tests choose every setting themselves: what the developer's shell holds must not reach the services that they start.
for name in [name for name in os.environ if name.startswith(("DARKROOM_", "AWS_"))]:
    del os.environ[name]
