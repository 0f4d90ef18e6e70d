// What documents name is there: every link and anchor; and every setting, metric, event, command and option of dcsctl, file,
// benchmark and test that they speak of.  Each search is shown to find what is wrong.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { settings } from '../support/settings.mjs';

const ROOT = new URL('../..', import.meta.url).pathname;
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

// Kept by git or about to be; a copy of the sources without git has no other files either.
function markdown() {
  const skipped = new Set(['node_modules', '.git', 'build', 'var']);
  const walk = (path) => readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const inside = join(path, entry.name);
    return entry.isDirectory() ? walk(inside) : inside.endsWith('.md') ? [inside] : [];
  });
  return walk('.');
}

const FENCES = /^```.*?^```$/gms;
const documents = markdown().map((path) => ({ path, text: read(path), prose: read(path).replace(FENCES, '') }));
// What was is told by names of then.
const current = documents.filter(({ path }) => path !== 'CHANGELOG.md');
const spans = (prose) => [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
const grep = (pattern, ...where) => spawnSync('grep', ['-rhoE', pattern, ...where], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 })
  .stdout.split('\n').filter(Boolean);

// As the repository's hosts make them of headings: lower case, no punctuation, a number where one is there already.
function anchors(prose) {
  const seen = new Map();
  return new Set([...prose.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, title]) => {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-');
    const count = seen.get(plain) ?? 0;
    seen.set(plain, count + 1);
    return count ? `${plain}-${count}` : plain;
  }));
}

function brokenLinks({ path, prose }) {
  const broken = [];
  for (const [whole, target] of prose.replace(/`[^`\n]*`/g, '``').matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?|mailto):/.test(target)) continue;
    const [file, anchor] = target.split('#');
    const there = file ? normalize(join(dirname(path), file)) : path;
    if (there.startsWith('..') || !existsSync(join(ROOT, there))) broken.push(`${path}: ${whole}`);
    else if (anchor && !(there.endsWith('.md') && anchors(read(there).replace(FENCES, '')).has(anchor))) broken.push(`${path}: ${whole}`);
  }
  return broken;
}

test('commands to be copied can be read by a shell', () => {
  const wrong = (script) => spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr;
  const blocks = documents.flatMap(({ path, text }) => [...text.matchAll(/^```(?:sh|bash)\n(.*?)^```$/gms)].map(([, script]) => ({ path, script })));
  assert.ok(blocks.length > 25, String(blocks.length));
  for (const { path, script } of blocks) assert.equal(wrong(script), '', path);
  assert.notEqual(wrong('echo "open'), '');
});

test('every link leads somewhere', () => {
  assert.ok(documents.length > 15);
  assert.deepEqual(documents.flatMap(brokenLinks), []);
  const prose = '# A `b`: c\n[x](#a-b-c) [y](#a-b) [z](docs/none.md) [v](docs/scan.md#none) [w](docs/scan.md#what)';
  assert.deepEqual(brokenLinks({ path: 'README.md', prose: `${prose}` }).length, 4);
});

test('every document is linked from the README, or from one that is', () => {
  const reached = new Set(['README.md']);
  for (const path of reached) {
    const { prose } = documents.find((document) => document.path === path) ?? { prose: '' };
    for (const [, target] of prose.matchAll(/\]\(([^)#\s]+)/g)) {
      let there = normalize(join(dirname(path), target)).replace(/\/$/, '');
      if (existsSync(join(ROOT, there)) && statSync(join(ROOT, there)).isDirectory()) there = join(there, 'README.md');
      if (there.endsWith('.md')) reached.add(there);
    }
  }
  assert.deepEqual(documents.map(({ path }) => path).filter((path) => !path.startsWith('tests/') && !reached.has(path)), []);
});

test('the list of settings is that of the programs, with their defaults', () => {
  const listed = [...read('docs/configuration.md').matchAll(/^\| `(\w+)` \| `?([^|`]*?)`? ?\| /gm)].map(([, name, value]) => [name, value.trim()]);
  assert.deepEqual(listed.sort(), [...settings].map(([name, { value }]) => [name, String(value)]).sort());
});

const unknownSettings = (text) => [...text.matchAll(/\bDCS_([A-Z][A-Z0-9_]+)\b/g)].map(([, name]) => name.toLowerCase())
  .concat([...text.matchAll(/`([a-z]+(?:_[a-z]+)+) ?[:=] (?!\$)/g)].map(([, name]) => name).filter((name) => !OTHERS.has(name)))
  .filter((name) => !settings.has(name) && !['config', 'name'].includes(name));
// Settings of PostgreSQL, and of Patroni.
const OTHERS = new Set(['synchronous_mode', 'synchronous_mode_strict', 'synchronous_commit', 'max_connections', 'checkpoint_timeout', 'max_wal_size', 'wal_compression', 'loop_wait', 'retry_timeout', 'shared_buffers']);

test('every setting that is named is one', () => {
  for (const { path, text } of current)
    assert.deepEqual(unknownSettings(text).filter((name) => !/^(build|sanitize|test_deadline_ms)$/.test(name)), [], path);
  assert.deepEqual(unknownSettings('DCS_LOPS=2, `scan_profil: fast`, `loops = 2`'), ['lops', 'scan_profil']);
});

test('every metric that is named is one', () => {
  const known = new Set(grep('"(dcs|process)_[a-z_]+"', 'core', 'server', 'workers').map((word) => word.slice(1, -1)));
  assert.ok(known.size > 40);
  // Roles of the database, and programs of the build, are called alike.
  const others = new Set(grep('\\bdcs_[a-z_]+', 'deploy/kubernetes', 'db', 'tests/support', 'CMakeLists.txt', 'tests/CMakeLists.txt', 'script/demo'));
  const unknown = (prose) => spans(prose).flatMap((code) => [...code.matchAll(/\b(?:dcs|process)_[a-z_]+\b/g)].map(([name]) => name))
    .filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, '')) && !known.has(name) && !others.has(name) && name !== 'dcs_restored');
  for (const { path, prose } of current) assert.deepEqual(unknown(prose), [], path);
  assert.deepEqual(unknown('`dcs_redy` and `dcs_ready`'), ['dcs_redy']);
});

test('every event that operations and the runbook list is logged', () => {
  const logged = new Set(grep('"[a-z]+(_[a-z]+)*"', '--include=*.c', 'core', 'server', 'workers').map((word) => word.slice(1, -1)));
  const table = /^\| event \|.*?\n\n/ms.exec(read('docs/operations.md'))[0];
  const events = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) => spans(cell));
  assert.ok(events.length > 40);
  assert.deepEqual(events.filter((name) => !logged.has(name)), []);
  assert.ok(!logged.has('scan_succeded'));
});

const commands = [...read('cli/command.c').matchAll(/^ {4}\{"([\w-]+)", (?:"([\w-]+)"|NULL),/gm)].map(([, noun, verb]) => [noun, verb].filter(Boolean).join(' '));
const options = new Set([...read('cli/arguments.c').matchAll(/\] =\s*\{"(--[\w-]+)"/g)].map(([, name]) => name));

// A command goes to the end of its line, of its span of code, or to what the shell has next.
function wrongCommands(text) {
  const wrong = [];
  for (const [, rest] of text.replaceAll('\\\n', ' ').matchAll(/\bdcsctl ((?:--config \S+ )?[a-z][^\n`|;#]*)/g)) {
    const words = rest.replace(/^--config \S+ /, '').replace(/[.,:)"']+$/, '').split(/\s+/);
    const command = commands.find((known) => known === words.slice(0, 2).join(' ')) ?? commands.find((known) => known === words[0] && !known.includes(' '));
    if (!command) wrong.push(words.slice(0, 2).join(' '));
    for (const [option] of rest.matchAll(/--[a-z][\w-]*/g))
      if (!options.has(option) && !['--config', '--json', '--help'].includes(option) && !settings.has(option.slice(2).replaceAll('-', '_'))) wrong.push(option);
  }
  return wrong;
}

test('every command of dcsctl that is named is one, with its options', () => {
  assert.ok(commands.length > 20 && options.size > 40);
  let count = 0;
  for (const { path, text, prose } of current) {
    const code = [...(text.match(FENCES) ?? []), ...spans(prose)].join('\n');
    count += [...code.matchAll(/\bdcsctl /g)].length;
    assert.deepEqual(wrongCommands(code), [], path);
  }
  assert.ok(count > 60, String(count));
  assert.deepEqual(wrongCommands('dcsctl task shw ID\ndcsctl key add --projekt shop'), ['task shw', '--projekt']);
});

test('every file, benchmark and test that is named is there', () => {
  const registered = read('tests/CMakeLists.txt');
  const suites = [...registered.matchAll(/add_node_tests\((\w+) \d+([^)]*)\)/g)].flatMap(([, suite, names]) => names.trim().split(/\s+/).map((name) => `${suite}.${name}`));
  const problems = (code) => {
    const wrong = [];
    for (const [path] of code.matchAll(/(?<![\w./-])(?:cli|core|db|deploy|docs|openapi|script|server|tests|workers)\/[\w./-]*\w/g))
      if (!existsSync(join(ROOT, path)) && !existsSync(join(ROOT, 'tests', path)) && !/^(server|core|workers|tests)\/\w+$/.test(path)) wrong.push(path);
    for (const [, name] of code.matchAll(/script\/bench ([a-z]\w*)/g)) if (!existsSync(join(ROOT, 'tests/bench', name, 'run'))) wrong.push(`bench ${name}`);
    for (const [name] of code.matchAll(/(?<![\w./-])(?:integration|contract|e2e|deploy|docs|chaos|cost)\.[a-z_]+(?![\w.(])/g))
      if (!suites.includes(name) && !/\.(md|yaml|json|c|h)$/.test(name)) wrong.push(name);
    return wrong;
  };
  assert.ok(suites.length > 60);
  for (const { path, prose } of current) {
    // Paths in a README of a directory may begin there.
    const wrong = spans(prose).flatMap(problems).filter((name) => !existsSync(join(ROOT, dirname(path), name)));
    assert.deepEqual(wrong, [], path);
  }
  assert.deepEqual(problems('tests/none.mjs script/bench none integration.none core/base/text.c script/bench scan integration.api'),
    ['tests/none.mjs', 'bench none', 'integration.none']);
});
