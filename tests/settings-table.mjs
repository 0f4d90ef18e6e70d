// Writes the table of docs/configuration.md, which is core/base/include/base/config.def for people.
//
//     npm run settings --prefix tests

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settings } from './support/settings.mjs';

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const HEAD = '| setting | default | type | range | new value | what it is |\n|---|---|---|---|---|---|\n';

const typeOf = (row) => row.secret ? `${row.unit}, secret` : row.unit;
const defaultOf = (row) => row.value === '' ? '' : row.type === 'number' ? row.value : `\`${row.value}\``;
const rangeOf = (row) => row.type === 'number' ? `${row.least} to ${row.most}` : row.words?.join(', ') ?? '';

const rowOf = ([name, row]) =>
  `| \`${name}\` | ${[defaultOf(row), typeOf(row), rangeOf(row), row.reload, row.help].join(' | ')} |\n`;

export const table = () => HEAD + [...settings].map(rowOf).join('');

// The page with its table replaced.
export const pageOf = (page) => page.replace(/^\| setting \|.*\n(?:\|.*\n)+/m, () => table());

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, pageOf(readFileSync(PAGE, 'utf8')));
