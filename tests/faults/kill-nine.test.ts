import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad, type Send } from "../harness/load.ts";
import { grpcSender, thriftSender } from "../harness/senders.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

/** After a random time, and at the points that are hardest to hit by chance. */
const RANDOM_CYCLES = 18;
const FAILPOINTS = [
  "journal-before-write:3",
  "journal-half-write:5",
  "journal-before-sync:2",
  "journal-after-sync:7",
  "journal-half-write:20",
  "journal-after-sync:1",
  "index-flush:1",
  "index-flush:2",
  "index-flush:3",
  "journal-before-sync:30",
  "journal-before-write:11",
  "journal-after-sync:15",
];
const CYCLES: readonly (string | undefined)[] = [
  ...Array.from({ length: RANDOM_CYCLES }, () => undefined),
  ...FAILPOINTS,
];
const SENDERS = 8;
const READ_EVERY_MS = 100;

const folder = temporaryFolder();
let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest(folder.path);
});
afterAll(async () => {
  await server.end();
  folder.remove();
});

/** Asks questions until the server is gone. */
async function readUntilGone(): Promise<number> {
  let answers = 0;
  try {
    const api = await signIn(server.dashboardUrl);
    for (;;) {
      await api.requests();
      answers++;
      await sleep(READ_EVERY_MS);
    }
  } catch {
    return answers;
  }
}

describe("D1: kill -9 under ingest", () => {
  it(`keeps every acknowledged span exactly once over ${CYCLES.length} kills`, { timeout: 300_000 }, async () => {
    // Every way in acknowledges after the fsync, so all are mixed.
    const kept = { thrift: 0, grpc: 0 };
    const counted = (name: keyof typeof kept, send: Send): Send => {
      return async (spans) => {
        const outcome = await send(spans);
        if (outcome === "kept") kept[name] += spans.length;
        return outcome;
      };
    };
    const load = createLoad(server.otlpUrl, "kill", [
      counted("thrift", thriftSender(server.thriftUrl)),
      counted("grpc", grpcSender(server.grpcPort)),
    ]);
    let answers = 0;
    for (const [cycle, failpoint] of CYCLES.entries()) {
      const before = load.acknowledged.size;
      // Some points are passed by the replay at the start, before the server is ready.
      const program =
        failpoint === undefined ? await server.start() : await server.tryStart({ LLM_MONITOR_FAILPOINT: failpoint });
      load.start(SENDERS);
      const reading = readUntilGone();
      if (failpoint === undefined) {
        await eventually("an answer", async () => (load.acknowledged.size > before ? true : undefined));
        await sleep(((cycle * 37) % 11) * 50);
        await program.stop("SIGKILL");
      }
      expect(await program.exited, `cycle ${cycle} ${failpoint ?? ""}`).toBe("SIGKILL");
      await load.stop();
      answers += await reading;
    }
    expect(answers, "questions were answered meanwhile").toBeGreaterThan(0);
    expect(Math.min(kept.thrift, kept.grpc), "every protocol took part").toBeGreaterThan(0);

    const program = await server.start();
    console.info(`kill -9: ${CYCLES.length} cycles, ${load.sent} spans sent, ${load.acknowledged.size} acknowledged`);
    expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "kill", load.sent)).toEqual(CLEAN);
    await program.stop();
  });
});
