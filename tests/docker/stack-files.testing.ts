import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "../harness/program.ts";

/** A program that may be missing: its path, or undefined with a notice why tests are skipped. */
export function programAt(path: string | undefined, name: string): string | undefined {
  if (path !== undefined && path !== "" && existsSync(path)) return path;
  console.info(`skipped: ${name} is not here`);
  return undefined;
}

/** Path of a file of the stack. */
export function stackPath(...parts: readonly string[]): string {
  return join(repositoryRoot, "docker", ...parts);
}

/** Text of a file of the stack. */
export function stackText(...parts: readonly string[]): string {
  return readFileSync(stackPath(...parts), "utf8");
}

/** A YAML file of the stack; merge keys (`<<`) are resolved. */
export function stackYaml(...parts: readonly string[]): unknown {
  return parse(stackText(...parts), { merge: true });
}
