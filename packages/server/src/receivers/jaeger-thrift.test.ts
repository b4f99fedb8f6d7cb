import { gzipSync } from "node:zlib";
import { MonitorError } from "@nexent/monitor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answeringStore } from "../testing/fake-store.ts";
import { rawRequest } from "../testing/raw-http.ts";
import { startTestReceiver, type TestReceiver, type TestReceiverOptions } from "../testing/receiver.ts";
import {
  i64Field,
  listField,
  processField,
  spanStruct,
  structOf,
  textField,
  thriftBatch,
} from "../testing/thrift-bytes.ts";
import { createJaegerThriftReceiver } from "./jaeger-thrift.ts";

const MIB = 1024 * 1024;
const TYPE = "application/x-thrift";

function start(options: TestReceiverOptions = {}): Promise<TestReceiver> {
  return startTestReceiver({ create: createJaegerThriftReceiver, ...options });
}

let receiver: TestReceiver;
beforeAll(async () => {
  receiver = await start();
});
afterAll(() => receiver.stop());

function post(
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  to = receiver,
  path = "/api/traces",
): Promise<Response> {
  return fetch(to.url + path, {
    method: "POST",
    headers: { "content-type": TYPE, ...headers },
    body: new Uint8Array(body),
  });
}

const TRACE = `${"0".repeat(15)}1${"0".repeat(15)}2`;

describe("Jaeger thrift over HTTP", () => {
  it.each(["/api/traces", "/api/traces?format=jaeger.thrift"])(
    "stores a batch sent to %s and answers 202",
    async (path) => {
      const answer = await post(thriftBatch(spanStruct()), {}, receiver, path);
      expect([answer.status, await answer.text()]).toEqual([202, ""]);
      const [stored] = await receiver.store.trace(TRACE);
      expect(stored?.span).toMatchObject({ name: "op", spanId: "0000000000000003", resource: { service: "shop" } });
    },
  );

  it("takes the other name of the type, gzip, and an empty batch", async () => {
    const other = await post(thriftBatch(spanStruct()), {
      "content-type": "application/vnd.apache.thrift.binary; v=1",
    });
    expect(other.status).toBe(202);
    const zipped = await post(gzipSync(thriftBatch(spanStruct())), { "content-encoding": "gzip" });
    expect(zipped.status).toBe(202);
    expect((await post(thriftBatch())).status).toBe(202);
  });

  it.each<[string, Uint8Array, Record<string, string>, number, RegExp]>([
    [
      "another type",
      thriftBatch(),
      { "content-type": "application/json" },
      400,
      /send application\/x-thrift; OTLP .* 4318/,
    ],
    ["a body that is no thrift", Buffer.from("hello there"), {}, 400, /thrift/],
    ["two encodings", thriftBatch(), { "content-encoding": "gzip, gzip" }, 415, /gzip once/],
    ["gzip that is none", thriftBatch(), { "content-encoding": "gzip" }, 400, /is not/],
    ["more than 16 MiB", new Uint8Array(16 * MIB + 1), {}, 413, /16 MiB/],
    [
      "more than 16 MiB inside gzip",
      gzipSync(new Uint8Array(16 * MIB + 1)),
      { "content-encoding": "gzip" },
      413,
      /16 MiB/,
    ],
  ])("refuses %s in plain words and goes on", async (_, body, headers, status, text) => {
    const answer = await post(body, headers);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(text)]);
    expect((await post(thriftBatch(spanStruct()))).status).toBe(202);
  });

  it("says which spans it did not take, with 400 when there are no others", async () => {
    const early = structOf(
      ...[1, 2, 3].map((id) => i64Field(id, 9n)),
      i64Field(4, 0n),
      textField(5, "old"),
      Buffer.from([8, 0, 7, 0, 0, 0, 1]),
      i64Field(8, 1n),
      i64Field(9, 1n),
    );
    const some = await post(thriftBatch(early, spanStruct()));
    expect([some.status, await some.text()]).toEqual([202, "spans rejected: 1 x start time is older than a year"]);
    const none = await post(structOf(processField(), listField(2, [early])));
    expect([none.status, await none.text()]).toEqual([400, "spans rejected: 1 x start time is older than a year"]);
  });

  it("answers overload and a store that fails with a time to come back, never with 500", async () => {
    const busy = await start({ store: answeringStore({ status: "overloaded", retryAfterMs: 2_500 }) });
    const slow = await post(thriftBatch(spanStruct()), {}, busy);
    expect([slow.status, slow.headers.get("retry-after")]).toEqual([429, "3"]);
    await busy.stop();
    const error = new MonitorError("STORE_FULL", "the disk is full");
    const full = await start({ store: answeringStore({ status: "rejected", error }) });
    const refused = await post(thriftBatch(spanStruct()), {}, full);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    await full.stop();
    const short = await start({ overrides: { hasMemory: () => false } });
    const turnedAway = await post(thriftBatch(spanStruct()), {}, short);
    expect([turnedAway.status, turnedAway.headers.get("retry-after")]).toEqual([429, expect.stringMatching(/^[1-5]$/)]);
    await short.stop();
  });

  it("guards itself with the ingest token, host rules and known paths", async () => {
    const guarded = await start({ ingestToken: "t".repeat(32) });
    expect((await post(thriftBatch(), {}, guarded)).status).toBe(401);
    expect((await post(thriftBatch(), { authorization: `Bearer ${"t".repeat(32)}` }, guarded)).status).toBe(202);
    await guarded.stop();
    expect(await rawRequest(receiver.port, "POST /api/traces HTTP/1.1", ["Host: evil.example"])).toContain("421");
    expect(await rawRequest(receiver.port, "GET // HTTP/1.1")).toMatch(/^HTTP\/1.1 40[04]/);
    expect((await fetch(`${receiver.url}/v1/traces`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${receiver.url}/api/traces`)).status).toBe(405);
    expect(await (await fetch(`${receiver.url}/ready`)).text()).toBe("ready");
  });
});
