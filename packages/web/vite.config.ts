import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { tokenCss } from "./src/theme/token-css.ts";

const TOKENS_ID = "virtual:tokens.css";

/** Turns the colour table into a style sheet, so the variables stand at first paint and colours live in one file. */
function tokenVariables(): Plugin {
  return {
    name: "token-variables",
    resolveId: (id) => (id === TOKENS_ID ? `\0${TOKENS_ID}` : undefined),
    load: (id) => (id === `\0${TOKENS_ID}` ? tokenCss() : undefined),
  };
}

/** Style sheets load in chunk order; each one names the layers first, so that their order never depends on it. */
function layerOrder(): Plugin {
  return {
    name: "layer-order",
    enforce: "pre",
    transform: (code, id) =>
      id.endsWith(".css") ? { code: `@layer library, reset, base, components, pages;\n${code}`, map: null } : undefined,
  };
}

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [layerOrder(), tokenVariables(), react()],
  resolve: { conditions: ["@nexent/source", "module", "browser", "development|production"] },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: ["chrome107", "firefox115", "safari16"],
    sourcemap: false,
    // The content security policy allows no data: styles or scripts; everything is a hashed file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      treeshake: {
        // Our own libraries only define; a module of which nothing is used is left out.
        moduleSideEffects: [{ test: /packages[\\/](core|api)[\\/]src/, sideEffects: false }],
      },
    },
  },
});
