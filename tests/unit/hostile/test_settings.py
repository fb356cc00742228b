"""Any text in a setting is either read, or refused with a description of what is allowed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.entrypoints.settings import GROUPS, BadSettings, Settings
from darkroom.entrypoints.settings.setting import Declared, InvalidSetting, declared_in

DECLARED = {one.setting.name: one for group in GROUPS for one in declared_in(group)}
ADDRESSES = ("http", "https://", "://", "//", "/", ":", "[", "]", "::1", "@", "%", "~", "~unknown-account", "..")
OTHERS = ("=", ",", "0x1", "1e999", "-1", "USD", "sqlite:", "postgresql://", "-----BEGIN PUBLIC KEY-----", "\\n", "x")
PIECES = st.sampled_from((*ADDRESSES, *OTHERS))
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map("".join), st.integers().map(str))


# Settings that are read by the same function are one kind, with any bounds.
KINDS = {one.setting.read.__qualname__.partition(".")[0]: one for one in DECLARED.values()}


@pytest.mark.parametrize("declared", KINDS.values(), ids=KINDS)
@given(text=TEXTS)
@example(text="~unknown-account/x")
@example(text="\0")
@example(text="/")
@example(text="http://[")
@example(text="9" * 5000)
def test_a_setting_is_read_or_refused(declared: Declared, text: str) -> None:
    try:
        declared.setting.read(text)
    except InvalidSetting as rule:
        assert str(rule).startswith(("must", "is too"))


@given(st.dictionaries(st.sampled_from(sorted(DECLARED)), TEXTS, max_size=4))
def test_several_settings_are_read_or_refused_by_name(environment: dict[str, str]) -> None:
    try:
        Settings.read(environment)
    except BadSettings as bad:
        assert all(problem.startswith(tuple(DECLARED)) for problem in bad.problems)
