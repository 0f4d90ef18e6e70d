// Writes openapi/dcs-v2.json, which is openapi/dcs-v2.yaml as JSON.  With --check it only compares: exit status 1
// where they differ.
//
//     npm run openapi --prefix tests

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const at = (name) => fileURLToPath(new URL(`../openapi/${name}`, import.meta.url));

export const jsonOf = (yaml) => `${JSON.stringify(parse(yaml), null, 1)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = jsonOf(readFileSync(at('dcs-v2.yaml'), 'utf8'));
  if (!process.argv.includes('--check')) writeFileSync(at('dcs-v2.json'), wanted);
  else if (readFileSync(at('dcs-v2.json'), 'utf8') !== wanted) {
    console.error('openapi/dcs-v2.json is not openapi/dcs-v2.yaml: npm run openapi --prefix tests');
    process.exitCode = 1;
  }
}
