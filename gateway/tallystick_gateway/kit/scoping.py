"""Whose rows a query may see: enforced for every statement on every connection, not left to memory.

* an ORM SELECT, UPDATE or DELETE gets `owner = session.owner` added for every owned table in it;
* a new row takes the session's owner; a row of another owner is refused;
* last line: no SQL text leaves for the database unless it compares `owner` for each owned table that it reads or
  changes. Core and textual statements therefore state it themselves (`owned_by`), or are refused.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, event, insert
from sqlalchemy.orm import ORMExecuteState, UOWTransaction, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ClauseElement

from tallystick_gateway.kit.db import Base, Database, Owned, Session, is_flushing

__all__ = ["UnscopedQuery", "bulk_insert", "bulk_insert_raw", "guard", "owned_by", "owned_models", "table_of"]

_CHECKED = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH|INSERT\b.*\bSELECT)\b", re.IGNORECASE | re.DOTALL)


class UnscopedQuery(RuntimeError):
    """A statement reads or changes an owned table without naming the owner (a defect, not an operator's error)."""


def owned_by(session: Session, table: Table) -> ColumnElement[bool]:
    """The predicate that a Core statement on `table` must carry."""
    return table.c.owner == session.owner


def bulk_insert(session: Session, model: type[Owned], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert many rows in one executemany, the owner filled in. Values go through the columns' types."""
    if rows:
        owner = session.owner
        session.connection().execute(insert(table_of(model)), [{**row, "owner": owner} for row in rows])


def bulk_insert_raw(
    session: Session, model: type[Owned], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert many rows as the driver takes them (bytes, int, str, None), the owner added: the fastest way in.

    Types are not converted: only for columns whose Python values are what the database stores.
    """
    if rows:
        owner = session.owner
        names = ("owner", *columns)
        sql = f"INSERT INTO {table_of(model).name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608  # names of our own tables and columns
        session.connection().exec_driver_sql(sql, [(owner, *row) for row in rows])


def table_of(model: type[Base]) -> Table:
    """The table that `model` maps."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it on `table=True` classes only
    return table


def owned_models() -> dict[str, type[Owned]]:
    """Every owned model imported so far, by its table's name."""
    found: dict[str, type[Owned]] = {}
    waiting = list(Owned.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting.extend(model.__subclasses__())
        if hasattr(model, "__table__"):
            found[table_of(model).name] = model
    return found


def guard(database: Database) -> Database:
    """Refuse (`UnscopedQuery`) every statement of `database` that names no owner where it must; returns it."""
    event.listen(database.engine, "before_cursor_execute", _refuse_unscoped)
    return database


@event.listens_for(Session, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    if not state.is_orm_statement or not (state.is_select or state.is_update or state.is_delete):
        return
    statement = state.statement
    owner = state.session.info["owner"]
    named = {part.name for part in visitors.iterate(cast("ClauseElement", statement)) if isinstance(part, Table)}
    criteria = [_criterion(model, owner) for name in named if (model := _model(name))]
    state.statement = state.statement.options(*criteria)


@lru_cache(maxsize=1024)
def _criterion(model: type[Owned], owner: bytes) -> Any:
    return with_loader_criteria(model, model.owner == owner, include_aliases=True)  # type: ignore[arg-type]  # a column on the class


def _model(table_name: str) -> type[Owned] | None:
    return owned_models_cached(len(Base.metadata.tables)).get(table_name)


@cache
def owned_models_cached(_tables: int) -> dict[str, type[Owned]]:
    """`owned_models`, computed again only when tables were added."""
    return owned_models()


@event.listens_for(Session, "before_flush")
def _own(session: Session, _context: UOWTransaction, _instances: object) -> None:
    owner = session.info["owner"]
    for row in session.new:
        if isinstance(row, Owned):
            row.owner = row.owner or owner
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Owned) and row.owner != owner:
            raise UnscopedQuery(f"a {type(row).__name__} of another owner in this session")


def _refuse_unscoped(
    _connection: object, _cursor: object, sql: str, _parameters: object, _context: object, _many: bool
) -> None:
    if is_flushing():  # by primary key of rows that `_own` has checked
        return
    if missing := unscoped_tables(sql, frozenset(owned_models_cached(len(Base.metadata.tables)))):
        raise UnscopedQuery(f"no owner named for {', '.join(missing)} in: {sql}")


@lru_cache(maxsize=4096)
def unscoped_tables(sql: str, owned: frozenset[str]) -> tuple[str, ...]:
    """Owned tables that `sql` reads or changes without a comparison of their `owner`."""
    if not _CHECKED.match(sql):
        return ()
    used = [alias or name for name, alias in _occurrences(sql, owned)]
    bare = len(re.findall(r"(?<![.\w])owner\s*(?:=|IN\b)", sql))
    if len(used) == 1 and bare:
        return ()
    return tuple(
        sorted({name for name in used if len(re.findall(rf'\b"?{name}"?\.owner\s*=', sql)) < used.count(name)})
    )


def _occurrences(sql: str, owned: frozenset[str]) -> list[tuple[str, str]]:
    """(table, alias) wherever an owned table stands in FROM, JOIN, UPDATE or a comma list of them."""
    names = "|".join(map(re.escape, sorted(owned)))
    pattern = rf'(?:(?<=\bFROM )|(?<=\bJOIN )|(?<=\bUPDATE )|(?<=, ))"?({names})"?(?![.\w])(?: AS "?(\w+)"?)?'
    flat = re.sub(r"\s+", " ", sql)
    return re.findall(pattern, flat, re.IGNORECASE)
