-- A schema nobody designed: every shape of table, key, path and name that PostgreSQL allows, with rows in all of them.

CREATE SCHEMA "Über Schema"; CREATE SCHEMA odd; CREATE SCHEMA "select";
CREATE TABLE people (id int PRIMARY KEY, wedding int);
CREATE TABLE clients (id int PRIMARY KEY, name text);
CREATE TABLE weddings (id int PRIMARY KEY, code text UNIQUE NOT NULL, client int REFERENCES clients, planner int REFERENCES people,
    "position" int, note text);
ALTER TABLE people ADD FOREIGN KEY (wedding) REFERENCES weddings;
CREATE TABLE "Couple ""Rows""" (a text, "B b" int, wedding int REFERENCES weddings, PRIMARY KEY (a, "B b"));
CREATE TABLE organizations (id uuid PRIMARY KEY, slug text UNIQUE);
CREATE TABLE suppliers (id int, region text, organization uuid REFERENCES organizations, PRIMARY KEY (id, region),
    UNIQUE (region, id));
-- a long way, through other schemas, by keys that are not primary, composite and nullable
CREATE TABLE "Über Schema"."Ereignis ✿" ("Key" serial PRIMARY KEY, wedding text REFERENCES weddings (code), "Nr." int UNIQUE);
CREATE TABLE "select"."table" ("from" int PRIMARY KEY, "where" int REFERENCES "Über Schema"."Ereignis ✿" ("Nr."));
CREATE TABLE odd."group" (id int PRIMARY KEY, "order" int REFERENCES "select"."table", n text);
CREATE TABLE odd.answers (id int PRIMARY KEY, g int NOT NULL REFERENCES odd."group", answer text);
CREATE TABLE odd.couple_notes (id int PRIMARY KEY, a text, b int, note text,
    FOREIGN KEY (a, b) REFERENCES "Couple ""Rows""" (a, "B b"));
CREATE TABLE odd.offers (id int, region text, supplier int, wedding int REFERENCES weddings, price numeric,
    PRIMARY KEY (region, id), FOREIGN KEY (region, supplier) REFERENCES suppliers (region, id));
-- several paths, that may disagree
CREATE TABLE seats (id int PRIMARY KEY, wedding int REFERENCES weddings, event int REFERENCES "Über Schema"."Ereignis ✿",
    other int REFERENCES weddings);
-- the same name in two schemas
CREATE TABLE forms (id int PRIMARY KEY, wedding int REFERENCES weddings);
CREATE TABLE odd.forms (id int PRIMARY KEY, supplier int, region text, FOREIGN KEY (supplier, region) REFERENCES suppliers);
-- partitions, two levels deep; and a partition that another table points to
CREATE TABLE log (at date NOT NULL, wedding int, line text) PARTITION BY RANGE (at);
CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (wedding);
CREATE TABLE odd.log_2026_1 PARTITION OF log_2026 FOR VALUES IN (1, 2);
CREATE TABLE log_2026_rest PARTITION OF log_2026 DEFAULT;
CREATE TABLE parts (id int, k int, wedding int REFERENCES weddings, PRIMARY KEY (id, k)) PARTITION BY HASH (k);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 (extra int, wedding int, k int NOT NULL, id int NOT NULL);
ALTER TABLE parts_1 DROP COLUMN extra;
ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE of_parts (id int PRIMARY KEY, part int, k int, FOREIGN KEY (part, k) REFERENCES parts);
-- inheritance: the parent's rows and its children's
CREATE TABLE happenings (id int PRIMARY KEY, wedding int REFERENCES weddings);
CREATE TABLE parties (PRIMARY KEY (id), music text, FOREIGN KEY (wedding) REFERENCES weddings) INHERITS (happenings);
CREATE TABLE after_parties (until time) INHERITS (parties);
-- no key, the same row again and again, and one that only differs in NULL
CREATE TABLE odd.clicks (wedding int REFERENCES weddings, page text, "json" jsonb, x point, arr int[]);
CREATE TABLE odd.keyless_shared (page text);
-- nothing to read: no rows, no columns
CREATE TABLE odd.empty (id int PRIMARY KEY, wedding int REFERENCES weddings);
CREATE TABLE odd.nothing ();
CREATE UNLOGGED TABLE odd.cache (id int PRIMARY KEY, wedding int REFERENCES weddings, v text);
-- trees and circles
CREATE TABLE odd.folders (id int PRIMARY KEY, parent int REFERENCES odd.folders, wedding int REFERENCES weddings);
CREATE TABLE odd.eggs (id int PRIMARY KEY, hen int, wedding int REFERENCES weddings);
CREATE TABLE odd.hens (id int PRIMARY KEY, egg int REFERENCES odd.eggs);
ALTER TABLE odd.eggs ADD FOREIGN KEY (hen) REFERENCES odd.hens;
-- soft: a list of codes
CREATE TABLE odd.tagged (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, wedding_codes text[], twice int GENERATED ALWAYS AS (id * 2) STORED);
-- names that a statement of ours could use itself
CREATE TABLE odd.owner (owner int PRIMARY KEY, t int REFERENCES weddings, ctid_ int, "lowest scope" int, rows int, c0 int, tableoid_ int);
CREATE VIEW odd.a_view AS SELECT * FROM weddings;
CREATE MATERIALIZED VIEW odd.kept AS SELECT * FROM weddings;
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE odd.far (id int) SERVER elsewhere;
CREATE TABLE odd.of_extension (id int, wedding int REFERENCES weddings);
INSERT INTO odd.of_extension VALUES (1, NULL);
ALTER EXTENSION postgres_fdw ADD TABLE odd.of_extension;
-- 120 columns
DO $$ BEGIN
    EXECUTE 'CREATE TABLE odd.wide (id int PRIMARY KEY, wedding int REFERENCES weddings, '
        || (SELECT string_agg(format('%I text', 'Column ' || i || ' §'), ', ') FROM generate_series(0, 117) i) || ')';
END $$;

-- ---- rows

INSERT INTO people VALUES (1, NULL), (2, NULL);
INSERT INTO clients VALUES (1, 'one'), (2, 'two'), (3, 'nobody''s'), (4, E'a\tb');
INSERT INTO weddings VALUES (1, 'w/1', 1, 1, 7, E'tab\tnewline\n\\.'), (2, 'W ✿ 2', 2, 1, NULL, ''), (3, '\N', NULL, NULL, 0, '\N');
UPDATE people SET wedding = 1 WHERE id = 1;
INSERT INTO "Couple ""Rows""" VALUES (E'x\x1fy', 1, 1), ('alone', 2, NULL), (E'p\x1f', 3, NULL), (E'p\\u', 3, NULL), ('~%/..', -1, NULL);
INSERT INTO organizations VALUES ('00000000-0000-0000-0000-00000000000a', 'a'), ('00000000-0000-0000-0000-00000000000b', 'b');
INSERT INTO suppliers VALUES (1, 'north', '00000000-0000-0000-0000-00000000000a'), (1, 'south', NULL), (2, 'so~uth', NULL);
INSERT INTO "Über Schema"."Ereignis ✿" (wedding, "Nr.") VALUES ('w/1', 10), ('W ✿ 2', 20), ('\N', NULL), (NULL, 40);
INSERT INTO "select"."table" VALUES (1, 10), (2, 20), (3, NULL), (4, 40);
INSERT INTO odd."group" SELECT i, CASE WHEN i < 5 THEN i END, 'g' FROM generate_series(1, 6) i;
INSERT INTO odd.answers SELECT i, 1 + i % 6, 'a' || i FROM generate_series(1, 24) i;
INSERT INTO odd.couple_notes VALUES (1, E'x\x1fy', 1, 'w1'), (2, 'alone', 2, 'c'), (3, 'alone', NULL, 'half'), (4, E'p\x1f', 3, ''), (5, E'p\\u', 3, '');
INSERT INTO odd.offers VALUES (1, 'north', 1, 1, 'NaN'), (2, 'north', 1, NULL, 1.10), (3, 'south', 1, NULL, 1.1), (4, 'void', NULL, NULL, 0), (5, 'so~uth', 2, 3, NULL);
INSERT INTO seats VALUES (1, 1, 1, NULL), (2, 1, 2, NULL), (3, NULL, 3, 3), (4, NULL, NULL, NULL), (5, 1, 1, 2), (6, NULL, 4, 2);
INSERT INTO forms VALUES (1, 1), (2, 2), (3, NULL);
INSERT INTO odd.forms VALUES (1, 1, 'north'), (2, 1, 'south'), (3, NULL, 'north');
INSERT INTO log SELECT DATE '2025-06-01' + 60 * i, 1 + i % 4, 'line' FROM generate_series(1, 8) i, generate_series(1, 2);
INSERT INTO parts SELECT i, i, 1 + i % 3 FROM generate_series(1, 12) i;
INSERT INTO of_parts SELECT i, i, i FROM generate_series(1, 12) i;
INSERT INTO happenings VALUES (1, 1), (2, 2), (3, NULL);
INSERT INTO parties VALUES (1, 1, 'loud'), (4, 2, 'soft');
INSERT INTO after_parties VALUES (1, 1, 'x', '04:00'), (9, NULL, NULL, NULL);
INSERT INTO odd.clicks SELECT 1 + i % 2, 'home', '{"a": "\\n"}', '(1,2)', '{1,NULL}' FROM generate_series(1, 6) i;
INSERT INTO odd.clicks VALUES (1, NULL, NULL, NULL, NULL), (1, '', NULL, NULL, '{}'), (NULL, NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL, NULL);
INSERT INTO odd.keyless_shared SELECT 'same' FROM generate_series(1, 3);
INSERT INTO odd.nothing DEFAULT VALUES;
INSERT INTO odd.nothing DEFAULT VALUES;
INSERT INTO odd.cache VALUES (1, 1, 'v'), (2, NULL, 'v');
INSERT INTO odd.folders VALUES (1, NULL, 1), (2, 1, NULL), (3, 2, NULL), (4, NULL, NULL), (5, 2, 2);
INSERT INTO odd.eggs VALUES (1, NULL, 1), (2, NULL, NULL);
INSERT INTO odd.hens VALUES (1, 1), (2, 2);
UPDATE odd.eggs SET hen = 3 - id;
INSERT INTO odd.tagged (wedding_codes) VALUES ('{w/1}'), ('{w/1,"W ✿ 2"}'), (NULL), ('{}'), ('{gone,"\\N",NULL}');
INSERT INTO odd.owner VALUES (1, 1, 2, 3, 4, 5, 6), (2, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO odd.wide (id, wedding, "Column 0 §", "Column 117 §") VALUES (1, 1, 'first', 'last'), (2, NULL, NULL, E'\b\f\v');
