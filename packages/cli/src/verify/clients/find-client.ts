import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CLIENTS, type ClientName } from "./clients.ts";
import { nodeSatisfies } from "./node-range.ts";

/** Where client libraries are looked for. */
export interface ClientSource {
  /** Folder whose `node_modules` (or those above it) have them. */
  readonly folder: string;
  /** Another Node program, for libraries that do not run on the one that runs this. */
  readonly node?: string;
}

/** A client library that can be verified here. */
export interface FoundClient {
  readonly name: ClientName;
  readonly folder: string;
  /** Its packages and the Node it runs on, with their versions, e.g. `openai 6.49.0`. */
  readonly versions: readonly string[];
  /** Program it runs on. */
  readonly node: string;
}

/** A client library that cannot be verified here. */
export interface LeftOutClient {
  readonly name: ClientName;
  readonly reason: string;
}

/** What looking for a client gives. */
export type ClientSearch =
  | { readonly found: FoundClient; readonly leftOut?: never }
  | { readonly found?: never; readonly leftOut: LeftOutClient };

const manifestSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  engines: z.looseObject({ node: z.string().optional() }).optional().catch(undefined),
});

type Manifest = z.output<typeof manifestSchema>;

/** Looks for the packages of a client and for a Node that they run on. Never throws. */
export function findClient(name: ClientName, source: ClientSource): ClientSearch {
  const { packages } = CLIENTS[name];
  const manifests: Manifest[] = [];
  for (const wanted of packages) {
    const manifest = readManifest(source.folder, wanted);
    if (manifest === undefined) return { leftOut: { name, reason: `${wanted} is not installed` } };
    manifests.push(manifest);
  }
  const versions = manifests.map((manifest) => `${manifest.name} ${manifest.version}`);
  const ranges = manifests.flatMap((manifest) => manifest.engines?.node ?? []);
  const node = [process.execPath, source.node]
    .filter((program) => program !== undefined)
    .find((program) => ranges.every((range) => nodeSatisfies(versionOf(program), range)));
  if (node !== undefined) {
    return { found: { name, folder: source.folder, versions: [...versions, `Node ${versionOf(node)}`], node } };
  }
  return { leftOut: { name, reason: `${versions.join(", ")} needs Node ${ranges.join(", ")}: name one with --node` } };
}

/** The manifest of a package as resolution from `folder` finds it. */
function readManifest(folder: string, packageName: string): Manifest | undefined {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const text = readFileSync(join(at, "node_modules", packageName, "package.json"), "utf8");
      return manifestSchema.parse(JSON.parse(text));
    } catch {
      // Not here: the folder above is next.
    }
    if (dirname(at) === at) return undefined;
  }
}

function versionOf(program: string): string {
  if (program === process.execPath) return process.versions.node;
  const { stdout, status } = spawnSync(program, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return status === 0 ? stdout.trim().replace(/^v/, "") : "0.0.0";
}
