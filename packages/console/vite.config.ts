import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * Two pages from one build, each at the root of an origin of its own: the overview at the gateway's, `desk.html` at each
 * site's. Nothing is inlined: the content security policy allows no inline script.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: false,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The first versions with light-dark(), so that it is left as it is.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    // The finer coastline (546 kB) loads when a picture comes close.
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        index: `${import.meta.dirname}/index.html`,
        desk: `${import.meta.dirname}/desk.html`,
      },
    },
  },
});
