// What a migration may do while programs of this release and of the one before are at work: it adds, in steps that lock
// what requests need for a moment only.  docs/upgrade.md gives the reasons; each rule is a row here.
//
//   faults(text, { known, fresh, released })   [{ rule, statement }]
//
// known: tables of earlier migrations.  released: versions that are out.  A migration that takes away what no supported
// release uses any more says so with a line `-- contract: unused since VERSION`, of a release that is out.

const MARK = /^-- step: (.*)$/;
const KINDS = ['transaction', 'batches', 'index', 'alone'];
const STABLE_DEFAULT = /^(?:'(?:[^']|'')*'(?:::\w+(?:\[\])?)?|-?\d+(?:\.\d+)?|true|false|null|now\(\)|current_timestamp)(?=\s|$)/i;

// Commands, without comments; what is between dollars or quotes is not looked into.
export function split(sql) {
  const statements = [];
  let text = '';
  for (let i = 0; i < sql.length;) {
    const rest = sql.slice(i);
    const quoted = /^(\$\w*\$)[^]*?\1|^'(?:[^']|'')*'|^"(?:[^"]|"")*"/.exec(rest)?.[0];
    const comment = /^--[^\n]*|^\/\*[^]*?\*\//.exec(rest)?.[0];
    if (quoted) text += quoted;
    else if (comment) text += ' ';
    else if (sql[i] === ';') {
      statements.push(text);
      text = '';
    } else text += sql[i];
    i += (quoted ?? comment ?? ' ').length;
  }
  return [...statements, text].map((one) => one.trim().replace(/\s+/g, ' ')).filter(Boolean);
}

// [{ kind, words, statements, text }]; one without a mark is `unmarked`.
export function stepsOf(text) {
  const steps = [{ kind: 'unmarked', words: '', text: '' }];
  for (const line of text.split('\n')) {
    const [kind, ...words] = MARK.exec(line)?.[1].split(' ') ?? [];
    if (kind) steps.push({ kind, words: words.join(' '), text: '' });
    else steps.at(-1).text += `${line}\n`;
  }
  for (const step of steps) step.statements = split(step.text);
  return steps.filter((step) => step.kind !== 'unmarked' || step.statements.length);
}

// The parts of a list, by commas that are not within parentheses or quotes.
function parts(list) {
  const found = [''];
  let depth = 0;
  for (const [token] of list.matchAll(/'(?:[^']|'')*'|[^]/g)) {
    depth += (token === '(') - (token === ')');
    if (token === ',' && depth === 0) found.push('');
    else found[found.length - 1] += token;
  }
  return found.map((part) => part.trim());
}

const NAME = String.raw`(?:IF EXISTS |IF NOT EXISTS |ONLY )*"?(\w+)"?`;
const ALTER = new RegExp(`^ALTER TABLE ${NAME} (.*)$`, 'i');

// What a DO block executes counts as well.
const executed = (statement) => /^DO\b/i.test(statement)
  ? [...statement.matchAll(/\bEXECUTE '((?:[^']|'')*)'/gi)].map(([, text]) => text.replaceAll("''", "'"))
  : [statement];

// Rules on one action of ALTER TABLE: [name, whether it breaks it, contraction].  A contraction is allowed where it is said
// to be one.
const ACTIONS = [
  ['rewrite', (action) => /^ALTER (COLUMN )?\w+ (SET DATA )?TYPE\b/i.test(action)],
  ['rewrite', (action) => /^SET (LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD)\b/i.test(action)],
  ['rewrite', (action) => /^ADD (COLUMN )?.*\bGENERATED\b/i.test(action) || /^ADD (COLUMN )?\w+ (small|big)?serial\b/i.test(action)],
  ['volatile default', (action) => {
    const value = /^ADD (?:COLUMN )?(?!CONSTRAINT\b).*?\bDEFAULT (.*)$/i.exec(action)?.[1];
    return value !== undefined && !STABLE_DEFAULT.test(value);
  }],
  ['not null without default', (action) => isColumn(action) && /\bNOT NULL\b/i.test(action) && !/\bDEFAULT\b/i.test(action)],
  ['constraint not valid first', (action) => isColumn(action) && /\b(CHECK|REFERENCES|UNIQUE|PRIMARY KEY)\b/i.test(action)],
  ['constraint not valid first', (action) => isConstraint(action) && !/\bNOT VALID$/i.test(action) && !/\bUSING INDEX\b/i.test(action)],
  ['constraint has a name', (action) => isConstraint(action) && !/^ADD CONSTRAINT\b/i.test(action)],
  ['contraction', (action) => /^DROP (?!CONSTRAINT\b)/i.test(action) || /^ALTER (COLUMN )?\w+ (SET NOT NULL|DROP DEFAULT|DROP EXPRESSION)\b/i.test(action)
    || /^RENAME\b/i.test(action) || /^SET SCHEMA\b/i.test(action), true],
];

const CONSTRAINT = /^ADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY|UNIQUE|PRIMARY KEY|EXCLUDE)\b/i;
const isConstraint = (action) => CONSTRAINT.test(action);
const isColumn = (action) => /^ADD\b/i.test(action) && !isConstraint(action);

function* alterations(statement, context) {
  const [, table, actions] = ALTER.exec(statement) ?? [];
  if (!table || context.fresh.has(table)) return;
  for (const action of parts(actions)) {
    for (const [rule, breaks, isContraction] of ACTIONS)
      if (breaks(action) && !(isContraction && context.contracts)) yield rule;
    if (/^VALIDATE\b/i.test(action) && context.step.kind !== 'alone') yield 'validation alone';
  }
}

// Rules on a whole statement.
const STATEMENTS = [
  ['rewrite', (s) => /^(CLUSTER|VACUUM FULL|VACUUM \(.*\bFULL\b)/i.test(s)],
  ['index concurrently', (s, { fresh }) => {
    const [, concurrently, table] = /^CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*?\bON (?:ONLY )?(\w+)/i.exec(s) ?? [];
    return table !== undefined && !fresh.has(table) && !concurrently;
  }],
  ['index concurrently', (s) => /^REINDEX\b/i.test(s) && !/\bCONCURRENTLY\b/i.test(s)],
  ['index in a step of its own', (s, { step }) => /^CREATE (UNIQUE )?INDEX CONCURRENTLY\b/i.test(s) &&
    !(step.kind === 'index' && step.statements.length === 1 && new RegExp(`^CREATE (UNIQUE )?INDEX CONCURRENTLY ${step.words} ON\\b`, 'i').test(s))],
  ['index in a step of its own', (s, { step }) => step.kind === 'index' && !/^CREATE (UNIQUE )?INDEX CONCURRENTLY\b/i.test(s)],
  ['outside a transaction', (s, { step }) => step.kind !== 'alone' && step.kind !== 'index' && /\bCONCURRENTLY\b|^VACUUM\b/i.test(s)],
  ['harmless to repeat', (s, { step }) => step.kind === 'alone' &&
    !/^(DROP INDEX CONCURRENTLY IF EXISTS|REINDEX \w+ CONCURRENTLY|ALTER TABLE \w+ VALIDATE CONSTRAINT|ANALYZE|VACUUM)\b/i.test(s)],
  ['data in batches', (s, { fresh, step }) => {
    const table = /^(?:UPDATE|DELETE FROM|TRUNCATE(?: TABLE)?|MERGE INTO) (?:ONLY )?(\w+)/i.exec(s)?.[1];
    return table !== undefined && !fresh.has(table) && step.kind !== 'batches';
  }],
  ['data in batches', (s, { fresh, step }) => {
    const [, into, from] = /^INSERT INTO (\w+)\b.*\bSELECT\b.*\bFROM (\w+)/i.exec(s) ?? [];
    return into !== undefined && step.kind !== 'batches' && !(fresh.has(into) && fresh.has(from));
  }],
  ['batches end', (s, { step }) => step.kind === 'batches' &&
    !(/\bLIMIT \d+\b/i.test(s) && /\bRETURNING\b/i.test(s) && !/\bSKIP LOCKED\b/i.test(s))],
  ['no lock for long', (s) => /^LOCK\b/i.test(s)],
  ['contraction', (s, { fresh, contracts }) => {
    const table = /^DROP (?:TABLE|VIEW|FUNCTION|TRIGGER|TYPE|SEQUENCE) (?:IF EXISTS )?(\w+)/i.exec(s)?.[1];
    return table !== undefined && !fresh.has(table) && !contracts;
  }],
  ['contraction', (s, { step, contracts }) => {
    const index = /^DROP INDEX (?:CONCURRENTLY )?(?:IF EXISTS )?(\w+)/i.exec(s)?.[1];
    return index !== undefined && !contracts && !step.statements.some((other) => new RegExp(`^ALTER INDEX \\w+ RENAME TO ${index}$`, 'i').test(other));
  }],
];

// Tables of before that a statement locks against requests.
function lockedBy(statement, { fresh, known }) {
  const names = [/^ALTER TABLE (?:IF EXISTS |ONLY )*(\w+)/i, /^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER\b.*?\bON (\w+)/i]
    .map((pattern) => pattern.exec(statement)?.[1]);
  const referred = /^(?:CREATE|ALTER) TABLE\b/i.test(statement) ? [...statement.matchAll(/\bREFERENCES (\w+)/gi)].map(([, name]) => name) : [];
  return [...names, ...referred].filter((name) => name && known.has(name) && !fresh.has(name));
}

const madeBy = (statements) => statements.map((s) => new RegExp(`^CREATE (?:UNLOGGED )?TABLE ${NAME}`, 'i').exec(s)?.[1]).filter(Boolean);

// Names that migrations make, for `known` of those that come after them.
export const tablesOf = (text) => madeBy(stepsOf(text).flatMap((step) => step.statements));

// Constraints that are left to be validated: added less validated.
export function leftToValidate(texts) {
  const statements = texts.flatMap((text) => stepsOf(text).flatMap((step) => step.statements));
  const added = statements.flatMap((s) => [...s.matchAll(/\bADD CONSTRAINT (\w+)(?:(?!\bADD CONSTRAINT\b).)*?\bNOT VALID\b/gi)].map(([, name]) => name));
  const validated = new Set(statements.flatMap((s) => [...s.matchAll(/\bVALIDATE CONSTRAINT (\w+)/gi)].map(([, name]) => name)));
  return added.filter((name) => !validated.has(name));
}

export function faults(text, { known = new Set(), released = [], marked = true } = {}) {
  const found = [];
  const steps = stepsOf(text);
  const fresh = new Set(tablesOf(text));
  const since = /^-- contract: unused since (\S+)$/m.exec(text)?.[1];
  const contracts = since !== undefined && released.includes(since);
  const fault = (rule, statement) => found.push({ rule, statement });
  if (since !== undefined && !contracts) fault('contraction', `${since} is not released`);
  for (const step of steps) {
    if (step.kind === 'unmarked' ? marked : !KINDS.includes(step.kind)) fault('marks', step.kind);
    if (['alone', 'batches'].includes(step.kind) && step.statements.length !== 1) fault('one command a step', step.text);
    const statements = step.statements.flatMap(executed);
    const context = { known, fresh, contracts, step: { ...step, statements } };
    for (const statement of statements) {
      for (const [rule, breaks] of STATEMENTS) if (breaks(statement, context)) fault(rule, statement);
      for (const rule of alterations(statement, context)) fault(rule, statement);
    }
    const locked = new Set(statements.flatMap((statement) => lockedBy(statement, context)));
    if (locked.size > 1) fault('one table a step', [...locked].join(', '));
  }
  return found;
}
