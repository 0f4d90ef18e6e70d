// Writes each description of openapi/ as JSON beside it.  With --check it only compares: exit status 1 where they
// differ.
//
//     npm run openapi --prefix tests

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const at = (name) => fileURLToPath(new URL(`../openapi/${name}`, import.meta.url));

export const jsonOf = (yaml) => `${JSON.stringify(parse(yaml), null, 1)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of ['dcs-v2', 'ext-v1']) {
    const wanted = jsonOf(readFileSync(at(`${name}.yaml`), 'utf8'));
    if (!process.argv.includes('--check')) writeFileSync(at(`${name}.json`), wanted);
    else if (readFileSync(at(`${name}.json`), 'utf8') !== wanted) {
      console.error(`openapi/${name}.json is not openapi/${name}.yaml: npm run openapi --prefix tests`);
      process.exitCode = 1;
    }
  }
}
