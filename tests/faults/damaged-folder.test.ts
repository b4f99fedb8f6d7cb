import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad, type Load } from "../harness/load.ts";
import { eventually, temporaryFolder, type Program } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";
import { hasStrace, withFault } from "../harness/tracing.ts";

/** Spans the base folder holds at least; several row groups of the index and several frames of the journal. */
const SPANS = 1_000;
const folder = temporaryFolder();
const base = join(folder.path, "base");
const dataDir = join(folder.path, "data");
let server: ServerUnderTest;
let load: Load;

/** A folder as `kill -9` leaves it, of which every span was acknowledged and indexed. */
beforeAll(async () => {
  const first = await serverUnderTest(base);
  const program = await first.start();
  load = createLoad(first.otlpUrl, "damage");
  load.start(2);
  await eventually("enough spans", async () => (load.acknowledged.size >= SPANS ? true : undefined));
  await load.stop();
  const api = await signIn(first.dashboardUrl);
  await eventually("all of them indexed", async () =>
    (await api.requests()).total === load.acknowledged.size ? true : undefined,
  );
  await program.stop("SIGKILL");
  server = await serverUnderTest(dataDir);
});
afterEach(async () => {
  await server.end();
  rmSync(dataDir, { recursive: true, force: true });
});
afterAll(() => folder.remove());

/** The only file of a folder whose name ends so. */
function fileIn(name: "journal" | "index", ending: string): string {
  const found = readdirSync(join(dataDir, name)).find((file) => file.endsWith(ending));
  if (found === undefined) throw new Error(`no file ends with ${ending}`);
  return join(dataDir, name, found);
}

/** Other bytes at a place, given as a part of the file. */
function overwrite(path: string, part: number, count = 64): void {
  const bytes = readFileSync(path);
  const at = Math.floor((bytes.length - count) * part);
  for (let i = at; i < at + count; i++) bytes[i] = (bytes[i] ?? 0) ^ ((i % 251) | 1);
  writeFileSync(path, bytes);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.dashboardUrl}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:_total)?(?:\\{[^}]*\\})? ([0-9.e+]+)`, "m").exec(text)?.[1]);
}

async function startOnDamaged(damage: () => void): Promise<Program> {
  cpSync(base, dataDir, { recursive: true });
  damage();
  return await server.start();
}

describe("D4: damaged index", () => {
  it.each([
    ["its header", (): void => overwrite(fileIn("index", ".duckdb"), 0)],
    ["a block in the middle", (): void => overwrite(fileIn("index", ".duckdb"), 0.5, 4_096)],
    ["its log", (): void => overwrite(fileIn("index", ".wal"), 0.5)],
    ["no index at all", (): void => rmSync(join(dataDir, "index"), { recursive: true })],
  ])("is set aside and rebuilt, with every span and open for new ones: %s", async (_name, damage) => {
    await startOnDamaged(damage);
    expect(await server.send({ resourceSpans: [] })).toBe(200);
    await eventually("the rebuild is done", async () =>
      (await metric("nexent_server_storage_degraded")) === 0 ? true : undefined,
    );
    const api = await signIn(server.dashboardUrl);
    // A damaged block is found when a query reads it.
    const found = await eventually("every span again", async () => {
      const difference = await audit(api, load.acknowledged, "damage", load.sent);
      return difference.lost.length === 0 ? difference : undefined;
    });
    expect(found).toEqual(CLEAN);
  });
});

describe("D3: damaged journal", () => {
  it.each([
    ["a flipped bit in the first segment", (): void => overwrite(fileIn("journal", "1.seg"), 0.3, 1)],
    [
      "a torn end",
      (): void => truncateSync(fileIn("journal", "1.seg"), readFileSync(fileIn("journal", "1.seg")).length - 40),
    ],
    [
      "zeros at the end",
      (): void => truncateSync(fileIn("journal", "1.seg"), readFileSync(fileIn("journal", "1.seg")).length + 8_192),
    ],
  ])("never keeps the server from starting; what the index had stays: %s", async (_name, damage) => {
    const program = await startOnDamaged(damage);
    expect(await metric("nexent_server_journal_damaged_frames")).toBe(1);
    expect(await metric("nexent_server_quarantined_files")).toBe(1);
    expect(readdirSync(join(dataDir, "quarantine"))).toHaveLength(1);
    expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "damage", load.sent)).toEqual(CLEAN);
    expect(await server.send({ resourceSpans: [] })).toBe(200);
    await program.stop();
  });
});

describe("D12: two servers on one folder", () => {
  it("the second ends within seconds and names the first, which goes on; the lock of a dead one is taken over", async () => {
    const first = await startOnDamaged(() => undefined);
    const other = await serverUnderTest(dataDir);
    const second = other.launch();
    expect(await second.exited).toBe(75);
    expect(second.output()).toContain(`held by process ${first.process.pid}`);
    expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "damage", load.sent)).toEqual(CLEAN);
    await first.stop("SIGKILL");
    await other.start();
    await other.end();
  });
});

describe("D6: fsync fails", () => {
  it.skipIf(!hasStrace())(
    "nothing is acknowledged any more, the server ends with 74, and what was acknowledged is there (skipped without strace)",
    async () => {
      cpSync(base, dataDir, { recursive: true });
      const program = await server.start({}, withFault("fdatasync", "error=EIO:when=6+"));
      const more = createLoad(server.otlpUrl, "damage-sync");
      more.start(2);
      expect(await program.exited).toBe(74);
      await more.stop();
      expect(more.refusals.length + more.sent - more.acknowledged.size, "some were not acknowledged").toBeGreaterThan(
        0,
      );
      expect(program.output()).toContain("writing the journal failed 3 times in a row");
      await server.start();
      const both = new Map([...load.acknowledged, ...more.acknowledged]);
      const { lost, doubled, changed } = await audit(await signIn(server.dashboardUrl), both, "damage", load.sent);
      expect({ lost, doubled, changed }).toEqual({ lost: [], doubled: [], changed: [] });
    },
  );
});
