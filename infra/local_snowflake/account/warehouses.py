"""Warehouses: names with a size and a state, which statements need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from infra.local_snowflake.errors import InvalidValueError, ObjectExistsError, ObjectMissingError, StatementRefusedError
from infra.local_snowflake.objects.records import Records
from infra.local_snowflake.objects.registry import Registry

DEFAULT_WAREHOUSE = "COMPUTE_WH"


class NoWarehouseError(StatementRefusedError):
    """The statement needs a warehouse, and the session has none that runs."""

    code = 606
    sqlstate = "57P03"


class WarehouseStateError(StatementRefusedError):
    """The warehouse is in this state already."""

    code = 90064
    sqlstate = "22000"


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse."""

    created_on: datetime
    owner: str
    size: str = "X-Small"
    running: bool = False
    auto_resume: bool = True
    auto_suspend: int = 600
    comment: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further properties as written."""


class Warehouses:
    """The warehouses of one account; COMPUTE_WH is there from the start.

    A suspended one starts when a statement needs it, unless AUTO_RESUME = FALSE. None of them is suspended by time.
    """

    def __init__(self, registry: Registry, now: Callable[[], datetime], named: str | None) -> None:
        self._now = now
        self._found = Records(registry, "WAREHOUSE", Warehouse)
        for name in (DEFAULT_WAREHOUSE, named):
            if name and self._found.get((name,)) is None:
                self._found.put((name,), Warehouse(now(), "SYSADMIN"))

    def items(self) -> list[tuple[str, Warehouse]]:
        """List the warehouses by name."""
        return [(key[0], found) for key, found in self._found.items()]

    def exists(self, name: str | None) -> bool:
        """Return whether there is a warehouse of this name."""
        return name is not None and self._found.get((name,)) is not None

    def get(self, name: str) -> Warehouse:
        """Return a warehouse.

        Raises:
            ObjectMissingError: there is none.
        """
        found = self._found.get((name,))
        if found is None:
            raise ObjectMissingError(f"SQL compilation error:\nWarehouse '{name}' does not exist or not authorized.")
        return found

    def create(self, name: str, owner: str, properties: Mapping[str, str], *, replaced: bool) -> None:
        """Create a warehouse.

        Raises:
            ObjectExistsError: there is one.
        """
        if self.exists(name) and not replaced:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        suspended = properties.get("INITIALLY_SUSPENDED", "FALSE").upper() == "TRUE"
        self._found.put((name,), _changed(Warehouse(self._now(), owner, running=not suspended), properties))

    def change(self, name: str, properties: Mapping[str, str]) -> None:
        """Set properties."""
        self._found.put((name,), _changed(self.get(name), properties))

    def resume(self, name: str, *, running: bool, if_suspended: bool = False) -> None:
        """Start or suspend a warehouse.

        Raises:
            WarehouseStateError: it is in this state already.
        """
        found = self.get(name)
        if found.running is running:
            if if_suspended:
                return
            raise WarehouseStateError(f"Invalid state. Warehouse '{name}' cannot be {_STATES[running]}.")
        self._found.put((name,), replace(found, running=running))

    def rename(self, name: str, new: str) -> None:
        """Give a warehouse another name."""
        self.get(name)
        if self.exists(new):
            raise ObjectExistsError(f"SQL compilation error:\nObject '{new}' already exists.")
        self._found.move({(name,): (new,)})

    def drop(self, name: str) -> None:
        """Drop a warehouse."""
        self.get(name)
        self._found.remove((name,))

    def require_running(self, name: str | None) -> None:
        """Start the warehouse of a session that a statement needs.

        Raises:
            NoWarehouseError: there is none, or it is suspended and does not resume by itself.
        """
        found = self._found.get((name,)) if name else None
        if name is None or found is None or not (found.running or found.auto_resume):
            raise NoWarehouseError(
                "No active warehouse selected in the current session.  Select an active warehouse with the "
                "'use warehouse' command."
            )
        if not found.running:
            self._found.put((name,), replace(found, running=True))


_STATES = {True: "resumed", False: "suspended"}
_SIZES = {
    "XSMALL": "X-Small",
    "SMALL": "Small",
    "MEDIUM": "Medium",
    "LARGE": "Large",
    "XLARGE": "X-Large",
    "XXLARGE": "2X-Large",
    "X2LARGE": "2X-Large",
    "XXXLARGE": "3X-Large",
    "X3LARGE": "3X-Large",
    "X4LARGE": "4X-Large",
    "X5LARGE": "5X-Large",
    "X6LARGE": "6X-Large",
}


def _changed(found: Warehouse, properties: Mapping[str, str]) -> Warehouse:
    size = properties.get("WAREHOUSE_SIZE", "").upper().replace("-", "").replace("_", "")
    size = {"2XLARGE": "X2LARGE", "3XLARGE": "X3LARGE", "4XLARGE": "X4LARGE"}.get(size, size)
    if size and size not in _SIZES:
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{size}] for parameter 'WAREHOUSE_SIZE'")
    suspend = properties.get("AUTO_SUSPEND", str(found.auto_suspend))
    if suspend.upper() != "NULL" and not suspend.isdecimal():
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{suspend}] for parameter 'AUTO_SUSPEND'")
    return replace(
        found,
        size=_SIZES.get(size, found.size),
        auto_resume=properties.get("AUTO_RESUME", str(found.auto_resume)).upper() == "TRUE",
        auto_suspend=0 if suspend.upper() == "NULL" else int(suspend),
        comment=properties.get("COMMENT", found.comment),
        options={**found.options, **{name: value for name, value in properties.items() if name not in _OWN}},
    )


_OWN = frozenset({"WAREHOUSE_SIZE", "AUTO_SUSPEND", "AUTO_RESUME", "COMMENT", "INITIALLY_SUSPENDED"})
