"""No query sees another member's rows: added by itself where it can be, refused where it is missing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, exists, func, text, update
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import col, select

import tallystick_gateway
from tallystick_gateway.kit import events
from tallystick_gateway.kit.clock import SystemClock
from tallystick_gateway.kit.db import Base, CommitOutsideBoundary, Database
from tallystick_gateway.kit.models import Event, UsedAssertion
from tallystick_gateway.kit.scoping import UnscopedQuery, bulk_insert, guard, owned_by, owned_models, table_of
from tallystick_gateway.tables import MODEL_MODULES

OURS, THEIRS = b"\x01" * 32, b"\x02" * 32
TABLE = table_of(Event)
NOW = SystemClock().now()


@pytest.fixture
def two_owners(tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    ours, theirs = (guard(Database(tmp_path / "shared.db", owner)) for owner in (OURS, THEIRS))
    Base.metadata.create_all(ours.engine)
    for database, subject in ((ours, "ours"), (theirs, "theirs")):
        with database.write() as session:
            events.emit(session, NOW, "test.happened", subject, {})
            session.add(UsedAssertion(client_id=subject, jti="12345678", expires_at=NOW))
    yield ours, theirs
    ours.dispose()
    theirs.dispose()


def test_every_table_has_an_owner() -> None:
    assert MODEL_MODULES
    assert set(owned_models()) == set(Base.metadata.tables)


@pytest.mark.parametrize(
    "query",
    [
        select(Event.subject),
        select(aliased(Event).subject),
        select(Event.subject).join(UsedAssertion, col(UsedAssertion.client_id) == Event.subject),
        select(Event.subject).where(col(Event.subject).in_(select(UsedAssertion.client_id))),
        select(Event.subject).where(exists().where(col(UsedAssertion.client_id) == Event.subject)),
        select(Event.subject).select_from(select(Event).subquery()).join(Event, col(Event.id) > 0),
    ],
    ids=["columns", "alias", "join", "subquery", "exists", "derived"],
)
def test_an_orm_query_sees_only_our_rows(two_owners: tuple[Database, Database], query: object) -> None:
    with two_owners[0].read() as session:
        assert set(session.execute(query).scalars()) == {"ours"}  # type: ignore[call-overload]


def test_counts_and_lookups_by_key_see_only_our_rows(two_owners: tuple[Database, Database]) -> None:
    ours, theirs = two_owners
    with theirs.read() as session:
        their_id = session.exec(select(Event.id)).one()
    with ours.read() as session:
        assert session.exec(select(func.count()).select_from(Event)).one() == 1
        assert session.get(Event, their_id) is None


def test_an_orm_update_or_delete_leaves_others_alone(two_owners: tuple[Database, Database]) -> None:
    ours, theirs = two_owners
    with ours.write() as session:
        session.execute(update(Event).values(kind="test.changed"))
        session.execute(delete(UsedAssertion))
    with theirs.read() as session:
        assert session.exec(select(Event.kind)).one() == "test.happened"
        assert session.exec(select(UsedAssertion.client_id)).one() == "theirs"


@pytest.mark.parametrize(
    "statement",
    [
        core_select(TABLE),
        core_select(TABLE.alias("e")),
        core_select(TABLE.c.id),
        core_select(func.count()).select_from(TABLE),
        update(TABLE).values(kind="x"),
        delete(TABLE),
        core_select(TABLE.c.id).where(TABLE.c.id.in_(core_select(table_of(UsedAssertion).c.id))),
        text("SELECT * FROM event"),
        text("SELECT e.id FROM event AS e JOIN used_assertion AS u ON u.id = e.id WHERE e.owner = x'00'"),
        text("WITH e AS (SELECT id FROM event) SELECT * FROM e"),
        text("DELETE FROM event"),
        text("INSERT INTO event SELECT * FROM event"),
    ],
    ids=str,
)
def test_a_statement_that_names_no_owner_is_refused(two_owners: tuple[Database, Database], statement: object) -> None:
    with pytest.raises(UnscopedQuery), two_owners[0].write() as session:
        session.execute(statement)  # type: ignore[call-overload]


def test_a_core_statement_that_names_the_owner_passes(two_owners: tuple[Database, Database]) -> None:
    with two_owners[0].read() as session:
        query = core_select(TABLE.c.subject).where(owned_by(session, TABLE))
        assert session.execute(query).scalars().all() == ["ours"]


def test_sql_past_the_session_is_refused_too(two_owners: tuple[Database, Database]) -> None:
    with pytest.raises(UnscopedQuery), two_owners[0].engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM event")


def test_a_row_of_another_owner_is_not_stored(two_owners: tuple[Database, Database]) -> None:
    with pytest.raises(UnscopedQuery), two_owners[0].write() as session:
        session.add(Event(owner=THEIRS, at=NOW, kind="x", subject="x", body={}))


def test_bulk_rows_get_the_owner(two_owners: tuple[Database, Database]) -> None:
    ours, theirs = two_owners
    with ours.write() as session:
        bulk_insert(session, Event, [{"at": NOW, "kind": "b", "subject": str(n), "body": {}} for n in range(3)])
    with theirs.read() as session:
        assert session.exec(select(func.count()).select_from(Event)).one() == 1


def test_a_service_cannot_commit(two_owners: tuple[Database, Database]) -> None:
    with pytest.raises(CommitOutsideBoundary), two_owners[0].write() as session:
        session.commit()
    with pytest.raises(CommitOutsideBoundary), two_owners[0].write(), two_owners[0].write():
        pass


def test_what_fails_leaves_nothing(two_owners: tuple[Database, Database]) -> None:
    ours, _ = two_owners

    def fail() -> None:
        with ours.write() as session:
            events.emit(session, NOW, "test.lost", "x", {})
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with ours.read() as session:
        assert session.exec(select(Event.kind)).all() == ["test.happened"]


def test_domains_open_no_connections_of_their_own() -> None:
    """The static half of the guard: only the kit and the migrations make engines or speak past a session."""
    root = Path(tallystick_gateway.__file__).parent
    forbidden = re.compile(r"create_engine|database\.engine|sqlite3\.connect|\.begin\(|\.commit\(")
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] not in ("kit", "migrations")
        for line in path.read_text().splitlines()
        if forbidden.search(line)
    ]
    assert found == []
