"""What every adapter of a port MUST do: one suite for each port, run against all of its adapters."""

import pkgutil

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
