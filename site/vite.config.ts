import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const inRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The site becomes static files in dist/site that any host can serve, under any path: see scripts/site.mjs. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: {
    outDir: '../dist/site',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    target: 'es2022',
  },
  worker: { format: 'es' },
  resolve: { alias: { '#engine': inRoot('src/runtime/engine-web.ts') } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
