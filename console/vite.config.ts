// The console is built to static files: names carry a hash of the content, nothing is inlined, so that
// a strict Content-Security-Policy (default-src 'self') holds without exceptions.

import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** licenses.txt: of each library that a part of is in what is built, its terms, as these ask for. */
function licenses(): Plugin {
  return {
    name: 'licenses',
    generateBundle(_options, bundle) {
      const names = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of Object.keys(chunk.modules)) {
          const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
          if (name !== undefined) names.add(name);
        }
      }
      const texts = [...names].sort().map((name) =>
        `${name}\n\n${readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), 'utf8').trim()}\n`);
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) });
    },
  };
}

export default defineConfig({
  base: '/console/',
  plugins: [licenses()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    sourcemap: false,
  },
  server: {
    proxy: Object.fromEntries(['/ext', '/v2', '/v3', '/console/config.json'].map((path) =>
      [path, { target: process.env['API'] ?? 'http://127.0.0.1:8080' }])),
  },
});
