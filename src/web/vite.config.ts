/** How the fans' pages are built: one entry, a chunk for each page, every file named by its content. */
import path from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  logLevel: "warn",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: path.resolve(import.meta.dirname, "../../dist/web"),
    emptyOutDir: true,
    assetsDir: "assets",
    // An inlined image would be a data: address, which the pages' policy need not allow.
    assetsInlineLimit: 0,
    // The server names the chunks of a page in its HTML; browsers without modulepreload just load them later.
    modulePreload: { polyfill: false },
    manifest: "manifest.json",
    target: "es2022",
    rollupOptions: { input: path.resolve(import.meta.dirname, "main.tsx") },
  },
});
