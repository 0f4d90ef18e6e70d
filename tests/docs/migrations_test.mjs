// Migrations are made for programs that are at work meanwhile (docs/upgrade.md): the rules, held against what is there and
// shown to find what breaks them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faults, leftToValidate, split, stepsOf, tablesOf } from '../support/migration_rules.mjs';

const ROOT = new URL('../..', import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), 'utf8');
const load = (directory) => readdirSync(new URL(directory, ROOT)).sort().map((file) => ({ name: file.replace(/\.sql$/, ''), text: read(`${directory}/${file}`) }));

// What is older made the schema of the first release.  One that may have been applied stays as it is, without marks.
const FIRST = '0009';
const UNMARKED = '0010_trace_parent';
// The effect of a text that takes another's place is the other's; it is looked at once more by whoever changes it.
const REPLACEMENTS = { '0009_cheaper_reads': '04064f8d' };

const migrations = load('db/migrations');
const next = load('tests/fixtures/migrations');
const released = [...read('CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)].map(([, version]) => version);

const faultsOf = (list, index, also = {}) => faults(list[index].text,
  { known: new Set(list.slice(0, index).flatMap(({ text }) => tablesOf(text))), released, marked: list[index].name !== UNMARKED, ...also });

test('migrations keep to the rules', () => {
  const all = [...migrations, ...next];
  const ruled = all.filter(({ name }) => name >= FIRST);
  assert.ok(ruled.length >= 4);
  for (const one of ruled) assert.deepEqual(faultsOf(all, all.indexOf(one)), [], one.name);
  assert.deepEqual(leftToValidate(ruled.map(({ text }) => text)), []);
});

test('names are in order, and a text that was replaced is the one that was looked at', () => {
  for (const [i, { name }] of migrations.entries()) assert.match(name, new RegExp(`^${String(i + 1).padStart(4, '0')}_\\w+$`));
  const replaced = migrations.filter(({ text }) => /^-- replaces: /m.test(text));
  const digest = ({ name, text }) => [name, createHash('sha256').update(text).digest('hex').slice(0, 8)];
  assert.deepEqual(Object.fromEntries(replaced.map(digest)), REPLACEMENTS);
  for (const { text } of replaced) assert.match(text, /^-- replaces: [0-9a-f]{64}$/m);
});

// In a transaction, unless it says otherwise.
const BAD = {
  'rewrite': [
    'ALTER TABLE t ALTER COLUMN a TYPE bigint', 'ALTER TABLE t ALTER a SET DATA TYPE text', 'ALTER TABLE t SET UNLOGGED',
    'ALTER TABLE t ADD COLUMN a bigint GENERATED ALWAYS AS (b * 2) STORED', 'ALTER TABLE t ADD COLUMN a bigserial', 'CLUSTER t USING i',
    'ALTER TABLE t ADD COLUMN a int, ALTER COLUMN b TYPE bigint', `DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER COLUMN a TYPE bigint'; END $$`,
  ],
  'volatile default': [
    'ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()', 'ALTER TABLE t ADD a float NOT NULL DEFAULT random()',
    'ALTER TABLE t ADD COLUMN a timestamptz DEFAULT clock_timestamp()', 'ALTER TABLE t ADD COLUMN a bigint DEFAULT nextval(1)',
  ],
  'not null without default': ['ALTER TABLE t ADD COLUMN a text NOT NULL'],
  'constraint not valid first': [
    'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)', 'ALTER TABLE t ADD COLUMN a int CHECK (a > 0)', 'ALTER TABLE t ADD COLUMN a int UNIQUE',
    'ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (a)', 'ALTER TABLE t ADD COLUMN a uuid REFERENCES u (id)',
    'ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)', 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, ADD CONSTRAINT d CHECK (b > 0)',
  ],
  'constraint has a name': ['ALTER TABLE t ADD CHECK (a > 0) NOT VALID'],
  'validation alone': ['ALTER TABLE t VALIDATE CONSTRAINT c'],
  'index concurrently': ['CREATE INDEX i ON t (a)', 'CREATE UNIQUE INDEX i ON t (a)', 'CREATE INDEX ON t (a)', 'REINDEX TABLE t'],
  'index in a step of its own': [
    ['alone', 'CREATE INDEX CONCURRENTLY i ON t (a)'], ['index j', 'CREATE INDEX CONCURRENTLY i ON t (a)'],
    ['index i', 'CREATE INDEX CONCURRENTLY i ON t (a); ANALYZE t'],
  ],
  'outside a transaction': ['DROP INDEX CONCURRENTLY IF EXISTS i', 'VACUUM t'],
  'harmless to repeat': [['alone', 'DROP INDEX CONCURRENTLY i'], ['alone', 'ALTER TABLE t ADD COLUMN a int']],
  'data in batches': ['UPDATE t SET a = 1', 'DELETE FROM t', 'TRUNCATE t', 'INSERT INTO n (a) SELECT a FROM t'],
  'batches end': [
    ['batches', 'UPDATE t SET a = 1 WHERE a IS NULL'], ['batches', 'DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 100)'],
    ['batches', 'DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING 1'],
  ],
  'no lock for long': ['LOCK TABLE t'],
  'contraction': [
    'ALTER TABLE t DROP COLUMN a', 'ALTER TABLE t DROP a', 'ALTER TABLE t RENAME COLUMN a TO b', 'ALTER TABLE t RENAME TO v', 'DROP TABLE t',
    'ALTER TABLE t ALTER COLUMN a SET NOT NULL', 'ALTER TABLE t ALTER a DROP DEFAULT', 'DROP FUNCTION f(integer)', 'DROP INDEX i',
    ['alone', 'DROP INDEX CONCURRENTLY IF EXISTS i'], '-- contract: unused since 9.9.9\nALTER TABLE t DROP COLUMN a',
  ],
  'one table a step': [
    'ALTER TABLE t ADD COLUMN a int; ALTER TABLE u ADD COLUMN a int',
    'CREATE TABLE v (a uuid REFERENCES t (id)); CREATE TRIGGER g BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION f()',
  ],
  'one command a step': [['batches', 'SELECT 1; DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 100) RETURNING 1']],
  'marks': [['whole', 'SELECT 1'], [undefined, 'SELECT 1']],
};

const known = new Set(['t', 'u']);
const textOf = (example) => {
  const [kind, sql] = Array.isArray(example) ? example : ['transaction', example];
  const contract = /^-- contract: .*\n/.exec(sql)?.[0] ?? '';
  return `-- What for.\n${contract}${kind ? `-- step: ${kind}\n` : ''}${sql.slice(contract.length)};\n`;
};

for (const [rule, examples] of Object.entries(BAD)) {
  test(`the rule '${rule}' finds what breaks it`, () => {
    for (const example of examples) {
      const found = faults(textOf(example), { known, released: ['0.1.0'] });
      assert.ok(found.some((fault) => fault.rule === rule), `${example}: ${JSON.stringify(found)}`);
    }
  });
}

test('what the rules allow is not found', () => {
  for (const example of [
    `ALTER TABLE t ADD COLUMN a text, ADD COLUMN b int NOT NULL DEFAULT 0, ADD COLUMN c text DEFAULT 'x, y', ADD COLUMN d timestamptz DEFAULT now()`,
    `ALTER TABLE t ADD COLUMN a text[] NOT NULL DEFAULT '{}', ADD CONSTRAINT c CHECK (char_length(a) IN (1, 2)) NOT VALID`,
    'ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i', 'ALTER TABLE t DROP CONSTRAINT c', 'ALTER TABLE t SET (fillfactor = 70)',
    'ALTER TABLE t ALTER COLUMN a SET DEFAULT 1', 'ALTER TABLE t ALTER COLUMN a DROP NOT NULL',
    'CREATE TABLE v (id uuid PRIMARY KEY, a int CHECK (a > 0)); CREATE INDEX v_a ON v (a); ALTER TABLE v ADD COLUMN b serial',
    'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE t SET a = 1; DROP TABLE t; $$', 'DROP INDEX i; ALTER INDEX j RENAME TO i',
    ['index i', 'CREATE UNIQUE INDEX CONCURRENTLY i ON t (a) WHERE a > 0'], ['alone', 'ALTER TABLE t VALIDATE CONSTRAINT c'],
    ['batches', 'UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 100) RETURNING 1'],
    '-- contract: unused since 0.1.0\nALTER TABLE t DROP COLUMN a',
  ]) assert.deepEqual(faults(textOf(example), { known, released: ['0.1.0'] }), [], String(example));
});

test('a constraint that is never held against all is found', () => {
  const added = '-- step: transaction\nALTER TABLE t ADD COLUMN a int, ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n';
  assert.deepEqual(leftToValidate([added]), ['c']);
  assert.deepEqual(leftToValidate([added, '-- step: alone\nALTER TABLE t VALIDATE CONSTRAINT c;\n']), []);
});

test('commands are told apart', () => {
  assert.deepEqual(split(`SELECT ';' -- ;\n; DO $$ a; $$; SELECT "a;b" /* ; */`), [`SELECT ';'`, 'DO $$ a; $$', 'SELECT "a;b"']);
  assert.deepEqual(stepsOf('-- x\n-- step: index i\nA;\n-- step: alone\nB;').map(({ kind, words, statements }) => [kind, words, statements]),
    [['index', 'i', ['A']], ['alone', '', ['B']]]);
});
