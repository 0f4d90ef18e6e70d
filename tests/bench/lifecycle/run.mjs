// The benchmark itself; `run` says what it shows.

import { identity } from './identity.mjs';
import { secrets, tls } from './reloads.mjs';
import { stop } from './stop.mjs';

const PARTS = { stop, tls, secrets, identity };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const unknown = wanted.filter((name) => !PARTS[name]);
if (unknown.length) {
  console.error(`no such part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}

const failed = [];
for (const name of wanted) {
  console.log(`\n### ${name}\n`);
  if (!await PARTS[name]()) failed.push(name);
}
console.log(failed.length ? `\nfailed: ${failed.join(', ')}` : '\nnothing failed');
process.exitCode = failed.length ? 1 : 0;
