#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { COMMANDS } from "./commands/index.ts";
import { createOutput } from "./output.ts";
import { runCli } from "./run-cli.ts";

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  // The one place of the package that reads the environment.
  env: { ...process.env },
  output: createOutput(),
  commands: COMMANDS,
  version: manifest.version,
});
