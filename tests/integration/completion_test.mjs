// What bash and zsh complete after `source <(dcsctl completion bash)`: held against the help, both ways.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Program, must, run } from '../support/program.mjs';
import { PROGRAMS } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const TYPE_IN_ZSH = new URL('../support/type_in_zsh.zsh', import.meta.url).pathname;

let directory;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-completion-'));
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'some file'), '');
  symlinkSync(PROGRAMS.dcsctl, join(directory, 'dcsctl'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

const help = (...words) => must('dcsctl --help', PROGRAMS.dcsctl, [...words, '--help']);
const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

// The replies to each list of words, the last of which is being typed.
async function complete(lists) {
  const asked = lists.map((words) => `ask ${['dcsctl', ...words].map(quote).join(' ')}`).join('\n');
  const output = await must('bash', 'bash', ['--norc', '-c', `
    set -eu
    source <(dcsctl completion bash)
    complete -p dcsctl >/dev/null
    ZSH_VERSION=
    ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dcsctl || :; printf '%s\\t' "\${COMPREPLY[@]+"\${COMPREPLY[@]}"}"; echo; }
    ${asked}`], { cwd: directory, env: { PATH: `${directory}:${process.env.PATH}` } });
  return output.trimEnd().split('\n').map((line) => line.split('\t').filter(Boolean));
}

test('every command with just the options that its help has', async () => {
  const commands = [...(await help()).matchAll(/^ {2}([a-z-]+)((?: [a-z-]+)?) (\S*) +\S/gm)]
    .map(([, noun, verb]) => [noun, verb.trim()].filter(Boolean)).filter((words) => !/_/.test(words.join()));
  assert.ok(commands.length > 25, JSON.stringify(commands));
  const replies = await complete(commands.map((words) => [...words, '--']));
  for (const [i, words] of commands.entries()) {
    const listed = [...(await help(...words)).matchAll(/^ {6}(--[a-z-]+)/gm)].map(([, name]) => name);
    assert.deepEqual(replies[i].sort(), ['--help', '--json', '--config', ...listed].sort(), words.join(' '));
  }
  const nouns = [...new Set(commands.map(([noun]) => noun))];
  const [all, ...verbs] = await complete([[''], ...nouns.map((noun) => [noun, ''])]);
  assert.deepEqual(all.sort(), ['--help', ...nouns].sort());
  for (const [i, noun] of nouns.entries()) {
    const expected = commands.filter((words) => words[0] === noun && words[1]).map((words) => words[1]);
    if (expected.length) assert.deepEqual(verbs[i].sort(), ['--help', ...expected].sort(), noun);
  }
});

test('values, files, and words in any order', async () => {
  const cases = [
    [['ta'], ['task']],
    [['task', 'wa'], ['watch']],
    [['nonsense', ''], []],
    [['task', 'list', '--status', ''], ['waiting', 'running', 'success', 'failed']],
    [['task', 'list', '--status', 'f'], ['failed']],
    [['task', 'list', '--status', '='], ['waiting', 'running', 'success', 'failed']],
    [['task', 'list', '--status', '=', 'wa'], ['waiting']],
    [['task', 'list', '--status=wa'], ['--status=waiting']],
    [['task', 'list', '--project', ''], []],
    [['task', '--json', 'li'], ['list']],
    [['--project', 'task', 'key', 'li'], ['list']],
    [['--project', '=', 'task', 'key', 'li'], ['list']],
    [['--project=task', 'key', 'li'], ['list']],
    [['scan', 'redis://h', '--ki'], ['--kind']],
    [['scan', '--kind', 'e'], ['expired']],
    [['scan', '--kind', 'a'], ['analysis']],
    [['scan', 'redis://h', '--kind', 'analysis', '--se'], ['--sentinel-master', '--separators']],
    [['rdb', ''], ['analyze', '--help']],
    [['rdb', 'analyze', 'some'], ['some file']],
    [['rdb', 'analyze', '--format', 'j'], ['json']],
    [['rdb', 'analyze', '--part', 'prefixes_'], ['prefixes_by_type']],
    [['key', 'add', '--role', 'op'], ['operator']],
    [['key', 'add', '--role', 'DCS U'], ['DCS\\ UserAccess']],
    [['key', 'add', '--role', 'DCS\\ F'], ['DCS\\ FullAccess']],
    [['instance', 'add', 'x', '--password-file', 'some'], ['some file']],
    [['--config', 'some'], ['some file']],
    [['secret', 'generate-key', 'some'], ['some file']],
    [['completion', ''], ['bash', 'zsh', '--help', '--json', '--config']],
  ];
  const replies = await complete(cases.map(([words]) => words));
  for (const [i, [words, expected]] of cases.entries()) assert.deepEqual(replies[i], expected, words.join(' '));
});

test('each value that is offered is one', async () => {
  for (const [option, base] of [['--status', ['task', 'list']], ['--decision', ['audit', 'list']],
    ['--kind', ['scan', 'redis://127.0.0.1:1', '--timeout', '1']], ['--profile', ['scan', 'redis://127.0.0.1:1']]]) {
    const [values] = await complete([[...base, option, '']]);
    assert.ok(values.length > 2);
    for (const [value, status] of [...values.map((v) => [v, 1]), ['nonsense', 2]]) {
      const result = await run('dcsctl', PROGRAMS.dcsctl, [...base, option, value]);
      assert.equal(result.status, status, `${option} ${value}: ${result.stderr}`);
    }
  }
});

test('a person who types', async () => {
  const program = new Program('script', 'script', ['-qec', 'stty cols 120; exec bash --norc -i', '/dev/null'], {
    cwd: directory, env: { TERM: 'xterm', SHELL: '/bin/bash', PS1: '> ', PATH: `${directory}:${process.env.PATH}` },
  });
  try {
    program.child.stdin.write('source <(dcsctl completion bash); echo "re""ady"\n');
    await until('bash has the script', () => /[\r\n]ready\r/.test(program.stdout));
    program.child.stdin.write('dcsctl tas\tli\t--stat\tfai\t');
    await until('the line is complete', () => /dcsctl task list --status failed /.test(program.stdout));
    program.child.stdin.write('\x15dcsctl scan --password-file so\t');
    await until('a name is quoted', () => /--password-file some\\ file /.test(program.stdout));
  } finally {
    await program.stop({ signal: 'SIGKILL', expected: null });
  }
});

test('a person who types in zsh', async () => {
  const cases = [
    ['dcsctl tas', 'dcsctl task '],
    ['dcsctl task wa', 'dcsctl task watch '],
    ['dcsctl nonsense x', 'dcsctl nonsense x'],
    ['dcsctl task list --stat', 'dcsctl task list --status '],
    ['dcsctl task list --status fai', 'dcsctl task list --status failed '],
    ['dcsctl task --json li', 'dcsctl task --json list '],
    ['dcsctl --project task key li', 'dcsctl --project task key list '],
    ['dcsctl scan --password-file so', 'dcsctl scan --password-file some\\ file '],
    ['dcsctl key add --role DCS\\ U', 'dcsctl key add --role DCS\\ UserAccess '],
    ['dcsctl completion z', 'dcsctl completion zsh '],
    // Several: as far as they agree.
    ['dcsctl task list --status ', 'dcsctl task list --status '],
    ['dcsctl secret r', 'dcsctl secret rotate '],
  ];
  const typed = await must('zsh', 'zsh', ['-f', TYPE_IN_ZSH, ...cases.map(([line]) => line)],
    { cwd: directory, env: { PATH: `${directory}:${process.env.PATH}` } });
  assert.deepEqual(typed.split('\n').slice(0, -1), cases.map(([, line]) => line));
});

test('zsh gets the same script, and others none', async () => {
  const [bash, zsh] = await Promise.all(['bash', 'zsh'].map((shell) =>
    must('dcsctl', PROGRAMS.dcsctl, ['completion', shell])));
  const body = (script) => script.slice(script.indexOf('_dcsctl_offer()'));
  assert.equal(body(zsh), body(bash));
  assert.match(zsh, /^autoload -U \+X bashcompinit && bashcompinit$/m);
  for (const args of [['fish'], [], ['bash', '--json']])
    assert.equal((await run('dcsctl', PROGRAMS.dcsctl, ['completion', ...args])).status, 2, args.join(' '));
});
