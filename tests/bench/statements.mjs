// The programs' own statements, for what is measured beside them: the same text under the same name.
//
//   statement('scan_task_show')   { name, text, parameters } as core/model/*.c has it
//
// Macros are expanded by the C preprocessor, so that nobody else's idea of them can differ.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CORE = fileURLToPath(new URL('../../core', import.meta.url));
const LAYERS = ['base', 'pg', 'model'];

function sourceOf(name) {
  const definition = new RegExp(`\\bstruct pg_statement ${name} =`);
  const files = readdirSync(`${CORE}/model`).filter((file) => file.endsWith('.c')).map((file) => `${CORE}/model/${file}`);
  const file = files.find((path) => definition.test(readFileSync(path, 'utf8')));
  if (!file) throw new Error(`no statement ${name} in ${CORE}/model`);
  return file;
}

export function statement(name) {
  const includes = LAYERS.map((layer) => `-I${CORE}/${layer}/include`);
  const source = execFileSync('cc', ['-E', '-P', '-std=gnu17', ...includes, sourceOf(name)],
    { encoding: 'utf8', maxBuffer: 64 << 20 });
  const literal = '"(?:[^"\\\\]|\\\\.)*"';
  const match = new RegExp(`\\b${name} = \\{\\s*"${name}",((?:\\s*${literal})+)\\s*,\\s*(\\d+)\\b`).exec(source);
  if (!match) throw new Error(`the statement ${name} is not of the form {name, text, parameters}`);
  const text = match[1].match(new RegExp(literal, 'g')).map((part) => JSON.parse(part)).join('');
  return { name, text, parameters: Number(match[2]) };
}
