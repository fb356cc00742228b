from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.ledgers.workplaces import PostgresWorkplace, SQLiteWorkplace


@pytest.fixture
async def sqlite_workplace(tmp_path: Path) -> AsyncIterator[SQLiteWorkplace]:
    workplace = SQLiteWorkplace(tmp_path)
    yield workplace
    await workplace.close()


@pytest.fixture
async def postgres_workplace(database_url: str, tmp_path: Path) -> AsyncIterator[PostgresWorkplace]:
    workplace = PostgresWorkplace(database_url, tmp_path)
    yield workplace
    await workplace.close()
