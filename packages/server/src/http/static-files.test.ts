import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadStaticFiles, type StaticFiles } from "./static-files.ts";

let folder = "";
let files: StaticFiles;
const script = "export const answer = 42;\n".repeat(100);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nexent-web-"));
  await mkdir(join(folder, "dist", "assets"), { recursive: true });
  const dist = join(folder, "dist");
  await writeFile(join(folder, "secret.txt"), "canary");
  await writeFile(
    join(dist, "index.html"),
    '<meta name="csp-nonce" content="__CSP_NONCE__"><script src="/theme.js"></script>',
  );
  await writeFile(join(dist, "theme.js"), "1");
  await writeFile(join(dist, "assets", "main-abc.js"), script);
  await writeFile(join(dist, "assets", "main-abc.js.map"), "{}");
  await symlink(join(folder, "secret.txt"), join(dist, "link.txt"));
  files = await loadStaticFiles(dist);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("static files", () => {
  it("are served from memory by exact path, compressed when that is smaller", () => {
    const main = files.find("/assets/main-abc.js");
    expect(main).toMatchObject({ contentType: "text/javascript; charset=utf-8", isHashed: true });
    expect(gunzipSync(main?.gzipped ?? new Uint8Array()).toString()).toBe(script);
    expect(files.find("/theme.js")).toMatchObject({ isHashed: false });
    expect(files.find("/theme.js")).not.toHaveProperty("gzipped");
  });

  it.each([
    "/index.html",
    "/link.txt",
    "/assets/main-abc.js.map",
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "//secret.txt",
    "/THEME.JS",
    "/theme.js\0",
    "",
  ])("W9: do not include %s", (path) => {
    expect(files.find(path)).toBeUndefined();
  });

  it("make the page with the nonce of each response", () => {
    expect(files.page("n1")).toContain('<meta name="csp-nonce" content="n1">');
    expect(files.page("n2")).toContain('content="n2"');
  });

  it("refuse a folder that is not a built dashboard, with the remedy", async () => {
    await expect(loadStaticFiles(folder)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: /index\.html/ });
    await expect(loadStaticFiles(join(folder, "missing"))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      hint: /npm run build/,
    });
  });
});
