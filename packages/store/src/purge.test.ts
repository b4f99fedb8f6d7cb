import { randomBytes } from "node:crypto";
import { cpSync, rmSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpanRecord } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { PurgeSelector, TraceStore } from "./contract.ts";
import type { EmbeddedStoreOptions } from "./embedded-options.ts";
import { FIRST_FRAGMENT, FRAME_TYPE } from "./journal/frame-format.ts";
import { scanSegment } from "./journal/scan-segment.ts";
import { filesWith } from "./testing/find-bytes.ts";
import { DAY, sampleCall, SAMPLE_START, SECOND, traceIdOf, withoutEnd } from "./testing/sample-spans.ts";
import { storesEachTest } from "./stores-each-test.testing.ts";

const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
const { temporary, open } = storesEachTest({
  // The engine packs text; a search over packed bytes would find nothing and prove nothing.
  engine: { compression: "uncompressed" },
});

function canary(): string {
  return randomBytes(48).toString("hex");
}

/** Spans that carry a canary wherever text can stand, and the selector that names them. */
interface Secret {
  readonly selector: PurgeSelector;
  readonly canary: string;
  readonly spans: readonly SpanRecord[];
}

function secretSpan(n: number, text: string, extra: Parameters<typeof sampleCall>[1] = {}): SpanRecord {
  const span = sampleCall(n, { ...extra, outputTokens: 1, attributes: { prompt: text, [text]: 1 } });
  return { ...span, name: text, statusMessage: text, scope: text, traceState: text };
}

function secrets(): readonly Secret[] {
  const [service, model, trace, time] = [canary(), canary(), canary(), canary()];
  const early = { startUnixNanos: SAMPLE_START - 3n * DAY };
  const events = [{ name: trace, timeUnixNanos: SAMPLE_START, attributes: new Map([["e", trace]]) }];
  return [
    {
      canary: service,
      selector: { service },
      spans: [secretSpan(1, service, { service }), secretSpan(2, service, { service, ...early })],
    },
    { canary: model, selector: { model }, spans: [secretSpan(3, model, { model })] },
    {
      canary: trace,
      selector: { traceId: traceIdOf(5) },
      spans: [
        secretSpan(5, trace),
        {
          ...secretSpan(6, trace),
          traceId: traceIdOf(5),
          events,
          resource: { service: "shop", attributes: new Map([["host", trace]]) },
        },
      ],
    },
    {
      canary: time,
      selector: { range: { fromUnixNanos: SAMPLE_START - DAY, toUnixNanos: SAMPLE_START - DAY + SECOND } },
      spans: [
        secretSpan(7, time, { startUnixNanos: SAMPLE_START - DAY }),
        withoutEnd(secretSpan(8, time, { startUnixNanos: SAMPLE_START - DAY })),
      ],
    },
  ];
}

const OTHERS = Array.from({ length: 40 }, (_, at) =>
  sampleCall(100 + at, { outputTokens: 1, startUnixNanos: SAMPLE_START - BigInt(at % 4) * DAY + 5n * SECOND }),
);

async function total(store: TraceStore): Promise<number> {
  await store.flush();
  return (await store.calls({ range: EVERYTHING }, { limit: 1 })).total;
}

async function purge(store: TraceStore, selector: PurgeSelector) {
  return await store.purge((await store.previewPurge(selector)).planId);
}

/** Everything in the store, indexed, each canary found in the journal and in the index. */
async function filled(dataDir: string, known: readonly Secret[], options: Partial<EmbeddedStoreOptions> = {}) {
  const store = await open(dataDir, options);
  for (const { spans } of known) await store.write({ spans: [...spans, ...OTHERS.slice(0, 10)] });
  await store.write({ spans: OTHERS });
  await store.flush();
  await store.close();
  for (const { canary: text } of known) {
    const found = await filesWith(dataDir, text);
    expect(found.some((path) => path.startsWith("journal/"))).toBe(true);
    expect(found.some((path) => path.startsWith("index/"))).toBe(true);
  }
}

describe("purge on disk", () => {
  it("PUR-5 D14 no byte of what was purged stays in any file, by service, model, trace and time; the rest stays", async () => {
    const dataDir = await temporary();
    const known = secrets();
    await filled(dataDir, known);
    await writeFile(join(dataDir, "quarantine", "unreadable"), known[0]?.canary ?? "");
    const store = await open(dataDir);
    for (const { selector, canary: text, spans } of known) {
      const preview = await store.previewPurge(selector);
      expect(preview.spans).toBe(spans.length);
      expect(await store.purge(preview.planId)).toMatchObject({ previewedSpans: spans.length, spans: spans.length });
      expect(await filesWith(dataDir, text)).toStrictEqual([]);
      for (const { traceId } of spans) expect(await store.trace(traceId)).toStrictEqual([]);
      expect((await purge(store, selector)).spans).toBe(0);
    }
    expect(await total(store)).toBe(OTHERS.length);
    await store.close();
    // Neither the index nor the journal alone brings anything back.
    await rm(join(dataDir, "index"), { recursive: true });
    const rebuilt = await open(dataDir);
    expect([await total(rebuilt), (await rebuilt.stats()).damagedFrames]).toStrictEqual([OTHERS.length, 0]);
    for (const { canary: text } of known) expect(await filesWith(dataDir, text)).toStrictEqual([]);
    expect(await rebuilt.write({ spans: OTHERS })).toMatchObject({ status: "accepted" });
    expect(await total(rebuilt)).toBe(OTHERS.length);
  });

  it("PUR-6 D14 a kill at any point of a purge is finished at the next start", async () => {
    const dataDir = await temporary();
    const root = await temporary();
    const known = secrets();
    await filled(dataDir, known);
    const images: string[] = [];
    const store = await open(dataDir, {
      failpoint(name) {
        if (!name.startsWith("purge-")) return;
        const copy = join(root, `${name}-${images.filter((image) => image.includes(name)).length}`);
        cpSync(dataDir, copy, { recursive: true });
        rmSync(join(copy, "LOCK"));
        images.push(copy);
      },
    });
    const [service] = known;
    if (service === undefined) throw new Error("no secret");
    await purge(store, service.selector);
    await store.close();
    const names = images.map((image) => image.slice(root.length + 1));
    expect(names).toStrictEqual([
      "purge-planned-0",
      "purge-journal-rewritten-0",
      "purge-partition-written-0",
      "purge-renamed-0",
      "purge-partition-written-1",
      "purge-renamed-1",
      "purge-before-done-0",
    ]);
    expect((await filesWith(join(root, "purge-planned-0"), service.canary)).length).toBeGreaterThan(2);
    for (const image of images) {
      const restarted = await open(image);
      expect(await filesWith(image, service.canary)).toStrictEqual([]);
      expect(await readdir(image)).not.toContain("purge.json");
      expect(await total(restarted)).toBe(OTHERS.length + 4);
      await restarted.close();
    }
  });

  it("PUR-7 keeps what matches but was acknowledged after the purge began, in the index and in the journal", async () => {
    const dataDir = await temporary();
    const copy = await temporary();
    const writes: Promise<unknown>[] = [];
    const late: SpanRecord[] = [];
    const store = await open(dataDir, {
      indexFlushMs: 1,
      // At every step, so that some reach the index before its file is copied, and some while it is.
      failpoint(name) {
        if (!name.startsWith("purge-") || name === "purge-before-done") return;
        const span = sampleCall(900 + late.length, { service: "gone", outputTokens: 1 });
        late.push(span);
        writes.push(store.write({ spans: [span] }).then(() => store.flush()));
      },
    });
    const many = Array.from({ length: 3_000 }, (_, at) => sampleCall(2_000 + at, { service: "many" }));
    await store.write({ spans: many });
    await store.write({ spans: [sampleCall(1, { service: "gone" }), ...OTHERS] });
    const { spans } = await purge(store, { service: "gone" });
    await Promise.all(writes);
    expect(spans).toBe(1);
    expect(late).toHaveLength(4);
    for (const { traceId } of late) expect(await store.trace(traceId)).toHaveLength(1);
    expect(await total(store)).toBe(OTHERS.length + many.length + late.length);
    expect((await store.stats()).spans).toBe(OTHERS.length + many.length + late.length);
    cpSync(join(dataDir, "journal"), join(copy, "journal"), { recursive: true });
    const rebuilt = await open(copy);
    expect(await total(rebuilt)).toBe(OTHERS.length + many.length + late.length);
  });

  it("PUR-8 batches of several fragments, over segments, lose their selected spans and keep the others", async () => {
    const dataDir = await temporary();
    const text = canary();
    const store = await open(dataDir, { indexFlushMs: 5 });
    const big = (n: number, service: string) =>
      sampleCall(n, { service, attributes: { text: text.repeat(160) + service } });
    for (let batch = 0; batch < 4; batch++) {
      const spans = Array.from({ length: 400 }, (_, at) =>
        big(batch * 400 + at, at % 2 === 0 ? "even-numbers" : "odd-numbers"),
      );
      expect((await store.write({ spans })).status).toBe("accepted");
    }
    await store.flush();
    const first = scanSegment(await readFile(join(dataDir, "journal", "000000000001.seg")));
    const lastFragment = first.frames.findLast(({ type }) => type === FRAME_TYPE.spanColumns);
    expect(lastFragment?.flags, "a batch begins in the first segment and ends in the next").toBe(FIRST_FRAGMENT);
    expect((await purge(store, { service: "even-numbers" })).spans).toBe(800);
    expect(await filesWith(dataDir, "even-numbers")).toStrictEqual([]);
    expect(await total(store)).toBe(800);
    await store.close();
    await rm(join(dataDir, "index"), { recursive: true });
    const rebuilt = await open(dataDir);
    await rebuilt.flush();
    const { damagedFrames, quarantinedFiles } = await rebuilt.stats();
    expect([await total(rebuilt), damagedFrames, quarantinedFiles]).toStrictEqual([800, 0, 0]);
  });

  it("PUR-9 a purge that fails half-way is finished before anything else is put in order", async () => {
    const dataDir = await temporary();
    const known = secrets();
    await filled(dataDir, known);
    const [secret] = known;
    if (secret === undefined) throw new Error("no secret");
    let isFailing = true;
    const store = await open(dataDir, {
      failpoint(name) {
        if (name === "purge-journal-rewritten" && isFailing) throw new Error("failed half-way");
      },
    });
    const { planId } = await store.previewPurge(secret.selector);
    await expect(store.purge(planId)).rejects.toThrow("failed half-way");
    expect((await filesWith(dataDir, secret.canary)).some((path) => path.startsWith("index/"))).toBe(true);
    isFailing = false;
    await store.retain({});
    expect(await filesWith(dataDir, secret.canary)).toStrictEqual([]);
    expect((await store.stats()).purgedSpans).toBe(secret.spans.length);
  });

  it("PUR-9 a stop does not wait for a purge, and the next start finishes it", async () => {
    const dataDir = await temporary();
    const known = secrets();
    await filled(dataDir, known);
    const [secret] = known;
    if (secret === undefined) throw new Error("no secret");
    let closed: Promise<void> | undefined;
    const store = await open(dataDir, {
      failpoint(name) {
        if (name === "purge-planned") closed = store.close();
      },
    });
    const { planId } = await store.previewPurge(secret.selector);
    await store.purge(planId).catch(() => undefined);
    await closed;
    const restarted = await open(dataDir);
    expect(await filesWith(dataDir, secret.canary)).toStrictEqual([]);
    expect(await total(restarted)).toBe(OTHERS.length + 4);
  });
});
