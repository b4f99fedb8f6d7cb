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

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [tokenVariables(), react()],
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
  },
});
