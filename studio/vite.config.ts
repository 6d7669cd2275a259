import { defineConfig } from 'vite';

/** The page becomes static files in dist/page, which `unmask studio` and `unmask serve` hand out. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
