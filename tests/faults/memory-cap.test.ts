import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { CSRF_HEADER } from "@nexent/monitor-api";
import { allTime, signIn, type ApiClient } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad, refusalOf, type Refusal } from "../harness/load.ts";
import { memoryCap } from "../harness/memory-cap.ts";
import { generatedSpan } from "../harness/otlp.ts";
import { temporaryFolder } from "../harness/program.ts";
import { grpcSender, thriftSender } from "../harness/senders.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const LOAD_SECONDS = 10;
/** Enough for any input; not enough for more than the start. */
const [ROOMY_MIB, TIGHT_MIB] = [768, 150];
/** Bodies of 4 MB, together more than may be in flight. */
const FLOOD_SENDERS = 32;
const ASKERS = 4;
const GRPC_UNAVAILABLE = 14;

const folder = temporaryFolder();
const roomy = memoryCap(`nexent-roomy-${process.pid}`, ROOMY_MIB);
const tight = memoryCap(`nexent-tight-${process.pid}`, TIGHT_MIB);
let server: ServerUnderTest | undefined;

afterAll(async () => {
  await server?.end();
  for (const cap of [roomy, tight]) cap?.remove();
  folder.remove();
});

/** Spans that no other sender uses, each with a fat attribute; small on the wire, so that to send costs little. */
const FAT_BODIES = Array.from({ length: 60 }, (_, body) => {
  const attributes = [{ key: "fat", value: { stringValue: "x".repeat(100_000) } }];
  const start = BigInt(Date.now()) * 1_000_000n;
  const times = { startTimeUnixNano: String(start), endTimeUnixNano: String(start + 1n) };
  const spans = Array.from({ length: 40 }, (_, at) => {
    const { traceId, spanId } = generatedSpan(`fat-${body}`, at);
    return { traceId, spanId, name: "fat", ...times, attributes };
  });
  return gzipSync(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }), { level: 1 });
});

/** Work that many hands do until they are told to stop. */
function inParallel(hands: number, work: (hand: number, isOver: () => boolean) => Promise<void>) {
  let isOver = false;
  const all = Promise.all(Array.from({ length: hands }, (_, hand) => work(hand, () => isOver)));
  return async () => {
    isOver = true;
    await all;
  };
}

/** Sends fat spans as fast as answers come. */
function startFlood(url: string) {
  const refusals: Refusal[] = [];
  const stop = inParallel(FLOOD_SENDERS, async (hand, isOver) => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    for (let turn = hand; !isOver(); turn += FLOOD_SENDERS) {
      try {
        const body = FAT_BODIES[turn % FAT_BODIES.length] ?? null;
        const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
        await answer.arrayBuffer();
        if (answer.status !== 200) refusals.push(refusalOf(answer));
      } catch {
        await sleep(100); // nobody is there any more
      }
    }
  });
  return {
    async stop() {
      await stop();
      return refusals;
    },
  };
}

/** Asks the heaviest questions, one after the other. */
function startAsking(api: ApiClient, url: string) {
  let answered = 0;
  const stop = inParallel(ASKERS, async (_hand, isOver) => {
    const headers = { cookie: api.cookie, [CSRF_HEADER]: api.csrf };
    for (; !isOver(); await sleep(10)) {
      const answer = await fetch(`${url}/api/summary?${allTime()}`, { headers });
      await answer.arrayBuffer();
      if (answer.status === 200) answered++;
    }
  });
  return {
    async stop() {
      await stop();
      return answered;
    },
  };
}

describe("D9: memory cap", () => {
  it.skipIf(roomy === undefined || tight === undefined)(
    "stays inside its budget under more than it can take, refusing with 429 or 503; killed at a cap that is too low it loses nothing (skipped where no memory cgroup can be made)",
    { retry: 0 },
    async () => {
      server = await serverUnderTest(folder.path);
      const program = await server.start({}, roomy?.under);
      await expect.poll(() => program.output()).toContain(`"event":"memory_budget","mib":${ROOMY_MIB}`);
      const api = await signIn(server.dashboardUrl);
      const load = createLoad(server.otlpUrl, "cap", [thriftSender(server.thriftUrl), grpcSender(server.grpcPort)]);
      load.start(8);
      const flood = startFlood(server.otlpUrl);
      const asking = startAsking(api, server.dashboardUrl);
      await sleep(LOAD_SECONDS * 1_000);
      const fat = await flood.stop();
      const answered = await asking.stop();
      await load.stop();
      console.info(`memory cap: ${load.acknowledged.size} acknowledged, ${fat.length} refused, ${answered} answers`);
      expect(roomy?.kills(), "killed by the kernel").toBe(0);
      expect(program.process.exitCode).toBe(null);
      expect(answered).toBeGreaterThan(0);
      expect(fat.length, "it was more than it can take").toBeGreaterThan(0);
      for (const { status, retryAfterSeconds } of [...fat, ...load.refusals]) {
        expect([429, 503, GRPC_UNAVAILABLE]).toContain(status);
        if (status !== GRPC_UNAVAILABLE) expect(retryAfterSeconds).toBeGreaterThan(0);
      }
      expect(await program.stop()).toBe(0);

      const doomed = await server.start({}, tight?.under);
      load.start(8);
      const drowning = startFlood(server.otlpUrl);
      expect(await doomed.exited).toBe("SIGKILL");
      await drowning.stop();
      await load.stop();
      expect(tight?.kills(), "it was the kernel").toBeGreaterThan(0);

      const again = await server.start();
      expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "cap", load.sent)).toEqual(CLEAN);
      await again.stop();
    },
  );
});
