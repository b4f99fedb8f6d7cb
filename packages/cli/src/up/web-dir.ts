import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of the built dashboard: of the web package in a source tree, else the one that travels with this package. */
export function findWebDir(): string | undefined {
  const candidates = [fromWebPackage(), fileURLToPath(new URL("../../web", import.meta.url))];
  return candidates.find((folder) => folder !== undefined && existsSync(`${folder}/index.html`));
}

function fromWebPackage(): string | undefined {
  try {
    return fileURLToPath(new URL("dist", import.meta.resolve("@nexent/monitor-web/package.json")));
  } catch {
    // The web package is private: an installed CLI does not have it.
    return undefined;
  }
}
