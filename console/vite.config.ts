// The console is built to static files: names carry a hash of the content, nothing is inlined, so that
// a strict Content-Security-Policy (default-src 'self') holds without exceptions.

import { defineConfig } from 'vite';

export default defineConfig({
  base: '/console/',
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
