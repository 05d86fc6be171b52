"""The questions that the catalogue asks of pg_catalog; each is asked once for all tables.

Columns of keys are given by their numbers: naming them by a subquery each took most of the time. Sizes are those of the
last VACUUM or ANALYZE where there was one, as asking the file system opens every table.
"""

TABLES = """
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, c.relrowsecurity,
       c.relforcerowsecurity, pg_get_userbyid(c.relowner)::text, e.extname::text,
       CASE c.relkind WHEN 'p' THEN parts.rows WHEN 'r' THEN c.reltuples END::float8,
       CASE c.relkind WHEN 'p' THEN parts.bytes WHEN 'r' THEN
         CASE WHEN c.relpages > 0 THEN (c.relpages::bigint + coalesce(t.relpages, 0))
                                       * current_setting('block_size')::bigint ELSE pg_table_size(c.oid) END
       END::bigint
FROM pg_class c
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
LEFT JOIN pg_extension e ON e.oid = d.refobjid
LEFT JOIN LATERAL (
  SELECT sum(leaf.reltuples) AS rows, sum(pg_table_size(leaf.oid)) AS bytes
  FROM pg_partition_tree(c.oid) p JOIN pg_class leaf ON leaf.oid = p.relid
  WHERE c.relkind = 'p' AND p.isleaf AND leaf.relkind = 'r') parts ON c.relkind = 'p'
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY 2, 3
"""

COLUMNS = """
WITH RECURSIVE domains(domain, base) AS (
  SELECT oid, typbasetype FROM pg_type WHERE typtype = 'd'
  UNION ALL
  SELECT d.domain, t.typbasetype FROM domains d JOIN pg_type t ON t.oid = d.base WHERE t.typtype = 'd')
SELECT a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
       a.attidentity::text, pg_get_expr(d.adbin, d.adrelid), a.attnum::int,
       format_type(coalesce(base.base, a.atttypid), -1), coalesce(o.collisdeterministic, true)
FROM pg_attribute a
LEFT JOIN pg_collation o ON o.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN (SELECT domain, base FROM domains JOIN pg_type t ON t.oid = base WHERE t.typtype <> 'd') base
  ON base.domain = a.atttypid
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

FOREIGN_KEYS = """
SELECT c.conrelid, c.conname::text, c.conkey::int[], tn.nspname::text, t.relname::text, c.confrelid, c.confkey::int[],
       c.convalidated, c.condeferrable, c.confdeltype::text, {enforced}, c.conpfeqop::oid[],
       CASE WHEN c.confrelid <> ALL(%s::oid[]) THEN
         ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, i)
               JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.i) END
FROM pg_constraint c
JOIN pg_class t ON t.oid = coalesce(pg_partition_root(c.confrelid), c.confrelid)
JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conrelid = ANY(%s::oid[])
ORDER BY c.conrelid, c.conname
"""

OPERATORS = """
SELECT o.oid, CASE WHEN n.nspname = 'pg_catalog' THEN o.oprname::text
                   ELSE format('OPERATOR(%%I.%%s)', n.nspname, o.oprname) END
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = ANY(%s::oid[])
"""

UNIQUE_KEYS = """
SELECT i.indrelid, x.relname::text, i.indkey::int2[]::int[], i.indnkeyatts::int,
       i.indisprimary, NOT i.indimmediate, i.indpred IS NOT NULL OR i.indexprs IS NOT NULL, {not_distinct}
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indisunique AND i.indisvalid AND i.indrelid = ANY(%s::oid[])
ORDER BY i.indrelid, x.relname
"""

TRIGGERS = """
SELECT tgrelid, tgname::text, tgenabled::text FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid = ANY(%s::oid[]) ORDER BY tgrelid, tgname
"""

SEQUENCES = """
WITH users(sequence, owner, attnum) AS (
  SELECT d.objid, d.refobjid, d.refobjsubid FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    AND d.refobjsubid > 0
  UNION
  SELECT s.oid, f.adrelid, f.adnum FROM pg_attrdef f
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S')
SELECT u.owner, n.nspname::text, s.relname::text, a.attname::text
FROM users u JOIN pg_class s ON s.oid = u.sequence JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_attribute a ON a.attrelid = u.owner AND a.attnum = u.attnum
WHERE u.owner = ANY(%s::oid[])
ORDER BY 2, 3, 1, 4
"""


def for_version(question: str, version: int) -> str:
    """A question as a server of this version can answer it."""
    return question.format(
        enforced="c.conenforced" if version >= 180000 else "true",
        not_distinct="i.indnullsnotdistinct" if version >= 150000 else "false",
    )
