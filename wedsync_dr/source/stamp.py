"""Whether a catalogue still holds: a number that changes with whatever the catalogue was loaded from.

Every change of a catalog row writes a new version of it with the changing transaction's number, its xmin; what is added
or dropped changes the set. Statistics that VACUUM and ANALYZE write in place do not count, nor do names of roles.
Temporary tables of other sessions are left out.
"""

from wedsync_dr.source.reader import Reader

_STAMP = """
WITH spaces AS (
  SELECT oid, xmin FROM pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'),
relations AS (
  SELECT c.oid, c.xmin FROM pg_class c JOIN spaces ON spaces.oid = c.relnamespace WHERE c.relpersistence <> 't'),
versions (part, number, version) AS (
  SELECT oid, 0, xmin FROM spaces
  UNION ALL SELECT oid, -1, xmin FROM relations
  UNION ALL SELECT r.oid, a.attnum, a.xmin FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid
  UNION ALL SELECT d.oid, -2, d.xmin FROM pg_attrdef d JOIN relations r ON r.oid = d.adrelid
  UNION ALL SELECT c.oid, -3, c.xmin FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
  UNION ALL SELECT i.indexrelid, -4, i.xmin FROM pg_index i JOIN relations r ON r.oid = i.indrelid
  UNION ALL SELECT t.oid, -5, t.xmin FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
  UNION ALL SELECT t.oid, -6, t.xmin FROM pg_type t JOIN spaces ON spaces.oid = t.typnamespace WHERE t.typtype <> 'c'
  UNION ALL SELECT r.oid, -7 - d.refobjsubid, d.xmin FROM pg_depend d JOIN relations r ON r.oid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i', 'e')
  UNION ALL SELECT oid, -8, xmin FROM pg_extension
  UNION ALL SELECT oid, -9, xmin FROM pg_enum)
SELECT count(*), sum(hashint8extended(version::text::bigint, (part::bigint << 24) + number))::text FROM versions
"""

Stamp = tuple[int, str]


def stamp_of(reader: Reader) -> Stamp:
    """Equal for two transactions only if the catalogue is the same in both."""
    ((count, total),) = reader.rows(_STAMP)
    return count, total
