import { dirname, join } from "node:path";

const MAX_LEVELS = 16;

function nameIn(folder: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(
      process.getBuiltinModule("node:fs").readFileSync(join(folder, "package.json"), "utf8"),
    );
    const name: unknown =
      typeof manifest === "object" && manifest !== null && "name" in manifest ? manifest.name : undefined;
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // No manifest here, or none that may be read: the folder above is asked.
    return undefined;
  }
}

let known: { readonly name: string | undefined } | undefined;

/** The package name of the program that was started; looked up once. Undefined for a bare script. */
export function applicationName(): string | undefined {
  if (known !== undefined) return known.name;
  const script = process.argv[1];
  let name: string | undefined;
  let folder = script === undefined ? process.cwd() : dirname(script);
  for (let level = 0; level < MAX_LEVELS && name === undefined; level += 1) {
    name = folder.split(/[\\/]/).includes("node_modules") ? undefined : nameIn(folder);
    const above = dirname(folder);
    if (above === folder) break;
    folder = above;
  }
  known = { name };
  return name;
}
