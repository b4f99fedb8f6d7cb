/** Secrets that must not be found again, in any of the forms a careless program would write them. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names of secrets, each with a value that exists nowhere else. */
export type Canaries<Name extends string> = Readonly<Record<Name, string>>;

/** Values of 40 characters each, letters and digits only; long enough to be a key or a token. */
export function createCanaries<Name extends string>(names: readonly Name[]): Canaries<Name> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry per name
  return Object.fromEntries(names.map((name) => [name, `CNRY${randomBytes(18).toString("hex")}`])) as Canaries<Name>;
}

/** Base64 of the middle of `value` at each of the three alignments it can have inside a longer text. */
function base64Forms(value: string): string[] {
  return [0, 1, 2].map((lead) => {
    const encoded = Buffer.from("x".repeat(lead) + value).toString("base64");
    return encoded.slice(4, encoded.length - 4);
  });
}

function formsOf(value: string): string[] {
  const reversed = value.split("").toReversed().join("");
  return [value, reversed, Buffer.from(value).toString("hex"), ...base64Forms(value)];
}

/** Where which secret was found: `place: name`. Half a canary counts, or a cut text would hide it. */
export function findCanaries(canaries: Canaries<string>, places: ReadonlyMap<string, Uint8Array>): string[] {
  const found: string[] = [];
  for (const [place, bytes] of places) {
    const text = Buffer.from(bytes).toString("latin1");
    for (const [name, value] of Object.entries(canaries)) {
      if (formsOf(value.slice(0, 20)).some((form) => text.includes(form))) found.push(`${place}: ${name}`);
    }
  }
  return found;
}

/** Every file below a folder, by its path. */
export function filesBelow(folder: string): Map<string, Uint8Array> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name))]),
  );
}
