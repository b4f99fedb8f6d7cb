import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temp folder with a child program in it; the caller removes the folder. */
export interface ChildScript {
  readonly dir: string;
  readonly entry: string;
  readonly logPath: string;
}

/**
 * Writes a program that answers `/health` on PORT, exits with 1 at `/crash`, and leaves when its parent goes, as the
 * programs of the product do. `prelude` runs first.
 */
export function writeChildScript(prelude = ""): ChildScript {
  const dir = mkdtempSync(join(tmpdir(), "nexent-cli-test-"));
  const entry = join(dir, "child.mjs");
  const body = `
    import { createServer } from "node:http";
    import { appendFileSync } from "node:fs";
    ${prelude}
    const log = (word) => appendFileSync(${JSON.stringify(join(dir, "events.txt"))}, process.env.NAME + " " + word + "\\n");
    const server = createServer((request, response) => {
      response.end("{}");
      if (request.url === "/crash") setImmediate(() => process.exit(1));
    });
    server.listen(Number(process.env.PORT), "127.0.0.1", () => { console.log("listening"); log("up"); });
    process.on("SIGTERM", () => { log("stopped"); process.exit(0); });
    process.on("disconnect", () => process.exit(0));
  `;
  writeFileSync(entry, body);
  return { dir, entry, logPath: join(dir, "child.log") };
}
