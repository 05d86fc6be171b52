"""The tables that usually stand for weddings and vendors, for a first look at a database without any rules."""

from collections.abc import Sequence

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.affinity import things
from wedsync_dr.scope.rules import Rules
from wedsync_dr.source.catalog import Catalog

# the first that is there stands for the wedding; all that are there stand for vendors, what contains others first
_WEDDINGS = (("wedding",), ("event",), ("couple",), ("client",))
_VENDORS = (("organization",), ("organisation",), ("company",), ("supplier",), ("vendor",))
_REMEDY = (
    "Name them: wedsync-dr scopes --wedding-root public.weddings --vendor-root public.vendors; or write rules.toml with"
    ' [roots] wedding = ["public.weddings"] and vendor = ["public.vendors"].'
)


def usual_roots(catalog: Catalog) -> Rules:
    """Rules with nothing but the roots that the names of the tables suggest.

    Raises RulesInvalid where no table is called like a wedding, or several are.
    """
    weddings = [table for word in _WEDDINGS for table in _called(catalog, word)][:1]
    if not weddings:
        raise RulesInvalid("There are no rules, and no table is called like weddings.", remedy=_REMEDY)
    vendors = [table for word in _VENDORS for table in _called(catalog, word)]
    return Rules(roots={Kind.WEDDING: tuple(weddings), Kind.VENDOR: tuple(vendors)})


def _called(catalog: Catalog, word: tuple[str, ...]) -> Sequence[TableName]:
    """The table with a key that is called so; of several the one in the schema public."""
    found = [name for name, table in catalog.tables.items() if things(name.name) == word and table.primary_key]
    if len(found) < 2:
        return found
    public = [name for name in found if name.schema == "public"]
    if len(public) != 1:
        tables = ", ".join(map(str, found))
        raise RulesInvalid(f"There are no rules, and several tables could be roots: {tables}.", remedy=_REMEDY)
    return public
