import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { finding, type Finding } from "./finding.ts";

/** The versions that the product is tested with: what the meta package would install. */
const TESTED = createRequire(import.meta.url)("@nexent/performance/package.json") as {
  readonly dependencies: Readonly<Record<string, string>>;
};
const SUPPORTED_NODE: readonly (readonly [major: number, minor: number])[] = [
  [20, 20],
  [22, 12],
];

/** Node, and the OpenTelemetry packages as an application in `folder` would find them. */
export function checkPackages(folder: string, isEnabled: boolean, nodeVersion: string): readonly Finding[] {
  const findings: Finding[] = [
    isSupportedNode(nodeVersion)
      ? finding("ok", "node_ok", { version: nodeVersion })
      : finding("problem", "node_too_old", { version: nodeVersion }),
  ];
  const missing: string[] = [];
  for (const [name, wanted] of Object.entries(TESTED.dependencies)) {
    const version = installedVersion(folder, name);
    if (version === undefined) missing.push(name);
    else if (isOlder(version, wanted)) findings.push(finding("warning", "package_untested", { name, version, wanted }));
    else findings.push(finding("ok", "package_ok", { name, version }));
  }
  if (missing.length > 0) {
    const params = { names: missing.join(", "), folder };
    findings.push(
      isEnabled ? finding("problem", "packages_missing", params) : finding("note", "packages_not_needed", params),
    );
  }
  return findings;
}

/** Even releases from 24 on, and the two older lines from the release in which they have what is needed. */
function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || SUPPORTED_NODE.some(([line, least]) => major === line && minor >= least);
}

/** Version of a package as resolution from `folder` finds it; package.json files are read, nothing is run. */
function installedVersion(folder: string, name: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, "node_modules", name, "package.json");
    if (existsSync(path)) return versionIn(path);
    if (at === dirname(at)) return undefined;
  }
}

function versionIn(path: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    const version =
      typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined;
    return typeof version === "string" ? version : undefined;
  } catch {
    // A package whose manifest cannot be read cannot be loaded either.
    return undefined;
  }
}

function isOlder(version: string, range: string): boolean {
  const [have, want] = [version, range.replace(/^[^\d]*/, "")].map((text) => text.split(/[.-]/).map(Number));
  for (let at = 0; at < 3; at += 1) {
    const [left, right] = [have?.[at] ?? 0, want?.[at] ?? 0];
    if (left !== right) return left < right;
  }
  return false;
}
