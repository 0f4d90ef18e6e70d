// Bundles the tests (they are TypeScript, which Node 18 cannot read) and runs them by node's own runner.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const tests = readdirSync(here).filter((name) => name.endsWith('_test.ts'));
const output = mkdtempSync(join(tmpdir(), 'dcs-console-'));
let status = 1;
try {
  await build({
    entryPoints: tests.map((name) => join(here, name)), outdir: output, outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node18', logLevel: 'warning',
    jsx: 'automatic', jsxImportSource: 'preact',
    define: { HERE: JSON.stringify(here) },
  });
  const files = tests.map((name) => join(output, name.replace(/\.ts$/, '.mjs')));
  status = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(output, { recursive: true });
}
process.exit(status);
