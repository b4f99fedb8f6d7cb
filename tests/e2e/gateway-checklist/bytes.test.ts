/** Rows 1, 2, 6, 7, 21 and 22: what goes up and what comes down, byte for byte. */
import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BIG_FRAME_BYTES, COMPLETION, FAITHFUL_STREAMS } from "../../harness/gateway/behaviours.ts";
import { chatBody, comparable, POLICIES, useGateway } from "../../harness/gateway/fixture.ts";
import { sumOf } from "../../harness/gateway/process.ts";
import { eventually } from "../../harness/program.ts";

const SPLICE = '"stream_options":{"include_usage":true},';
const hash = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** Bodies that would not survive being parsed and written again. */
const ODD_BODIES = [
  '{ "model":"json",\t"messages" : [ ] , "stream":false }',
  '\n\r\t {"stream": true , "model":"text","messages":[{"content":"\\u00e9\\ud83d\\ude00\\/","role":"user"}]}\n',
  '{"z":1,"a":{"b":1.0,"c":1e3,"d":-0},"model":"text","stream":true,"unknown_field":[null,{}],"z":2}',
  '{"model":"text","big":12345678901234567890,"stream":true,"messages":[]}',
];

describe.each(POLICIES)("what passes under %s", (usage) => {
  const fixture = useGateway({ usage });

  it("G01 the body reaches the upstream identical, but for the one splice under inject", async () => {
    for (const body of ODD_BODIES) {
      await fixture.relayed("/v1/chat/completions", { body });
      const arrived = fixture.upstream.requests.at(-1)?.body.toString("utf8") ?? "";
      const injects = usage === "inject" && /"stream":\s*true/.test(body);
      expect(arrived.split(SPLICE).length - 1, body).toBe(injects ? 1 : 0);
      expect(hash(arrived.replace(SPLICE, "")), body).toBe(hash(body));
    }
  });

  it.each(FAITHFUL_STREAMS)("G02 the stream %s is what a direct request gets", async (model) => {
    const { relayed, direct } = await fixture.both("/v1/chat/completions", { body: chatBody(model) });
    expect(direct.body.length).toBeGreaterThan(model === "big-frame" ? BIG_FRAME_BYTES : 200);
    // An event beyond the 1 MiB bound of the stripper passes as it came.
    const beyond = model === "big-frame" && usage === "inject" ? ',"usage":null' : "";
    expect(hash(relayed.body.toString("latin1").replace(beyond, ""))).toBe(hash(direct.body.toString("latin1")));
    expect([relayed.status, relayed.statusMessage, relayed.complete]).toEqual([200, "OK", true]);
    expect(comparable(relayed.rawHeaders)).toEqual(comparable(direct.rawHeaders));
    const [asked, plain] = fixture.upstream.requests.map((request) => request.body.includes("include_usage"));
    expect([asked, plain]).toEqual([usage === "inject", false]);
  });

  it("G06 usage the client asks for arrives; when it does not ask, it sees none of it", async () => {
    const ask = async (more: object): Promise<string> => {
      const answer = await fixture.relayed("/v1/chat/completions", { body: chatBody("text", more) });
      return answer.body.toString("utf8");
    };
    const asked = await ask({ stream_options: { include_usage: true } });
    expect(asked).toContain('"choices":[],"usage":{"prompt_tokens":7');
    expect(asked.match(/"usage":null/g)?.length).toBeGreaterThan(5);
    for (const more of [{}, { stream_options: { include_usage: false } }, { stream_options: null }]) {
      expect(await ask(more), JSON.stringify(more)).not.toContain('"usage"');
    }
    const wanted = fixture.upstream.requests.map(
      (request) => /"include_usage":\w+|"stream_options":null/.exec(request.body.toString("utf8"))?.[0],
    );
    expect(wanted).toEqual([
      '"include_usage":true',
      usage === "inject" ? '"include_usage":true' : undefined,
      '"include_usage":false',
      '"stream_options":null',
    ]);
  });

  it("G06 the openai client gets no empty choices and no usage it did not ask for", async () => {
    const stream = await fixture.client.chat.completions.create({
      model: "text",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
    });
    let chunks = 0;
    for await (const chunk of stream) {
      chunks += 1;
      expect(chunk.choices).toHaveLength(1);
      expect(chunk).not.toHaveProperty("usage");
    }
    expect(chunks).toBe(8);
  });

  it("G07 an upstream that rejects stream_options works from the first request; the pair is remembered", async () => {
    const ask = async (): Promise<string> => {
      const stream = await fixture.client.chat.completions.create({
        model: "rejects-usage",
        messages: [{ role: "user", content: "hi" }],
        stream: true,
      });
      let text = "";
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      return text;
    };
    const failedBefore = sumOf(await fixture.gateway.metrics(), "llm_error_count_total");
    expect([await ask(), await ask()].map((text) => text.slice(0, 5))).toEqual(["Hello", "Hello"]);
    const tries = fixture.upstream.requests.map((request) => request.body.includes("stream_options"));
    expect(tries).toEqual(usage === "inject" ? [true, false, false] : [false, false]);
    expect(sumOf(await fixture.gateway.metrics(), "llm_error_count_total"), "the rejected try is no request").toBe(
      failedBefore,
    );
  });

  it.each([
    ["gzip-json", "gzip", gunzipSync],
    ["br-json", "br", brotliDecompressSync],
  ])("G21 %s keeps its bytes and its header and is decoded once", async (model, encoding, decode) => {
    const request = { body: chatBody(model, { stream: false }), headers: { "accept-encoding": "gzip, br" } };
    const { relayed, direct } = await fixture.both("/v1/chat/completions", request);
    expect(relayed.headers["content-encoding"]).toBe(encoding);
    expect(relayed.headers["content-length"]).toBe(String(direct.body.length));
    expect(hash(relayed.body)).toBe(hash(direct.body));
    expect(decode(relayed.body).toString("utf8")).toBe(COMPLETION);
    const completion = await fixture.client.chat.completions.create({ model, messages: [] });
    expect(completion.choices[0]?.message.content).toBe("na\u00efve \ud83d\ude00");
  });

  it("G22 a gzip stream passes chunk by chunk and is still counted", async () => {
    const counted = (exposition: string): number =>
      sumOf(exposition, "llm_total_tokens_total", 'model="gzip-stream"', 'type="output"');
    expect(counted(await fixture.gateway.metrics())).toBe(0);
    const { relayed, direct } = await fixture.both("/v1/chat/completions", { body: chatBody("gzip-stream") });
    const text = (bytes: Buffer): string => gunzipSync(bytes).toString("utf8");
    if (usage === "observe") expect(hash(relayed.body)).toBe(hash(direct.body));
    // What was compressed in spite of `identity` cannot be stripped: it passes with its usage event.
    else expect(text(relayed.body)).toContain('"choices":[],"usage"');
    expect(relayed.readsAtMs.length).toBeGreaterThan(6);
    expect((relayed.readsAtMs.at(-1) ?? 0) - (relayed.readsAtMs[0] ?? 0)).toBeGreaterThan(100);
    await eventually("the stream being counted", async () =>
      counted(await fixture.gateway.metrics()) > 0 ? true : undefined,
    );
    await fixture.relayed("/v1/chat/completions", { body: chatBody("gzip-stream") });
    const asked = fixture.upstream.requests.map((request) => request.body.includes("include_usage"));
    expect(asked, "the pair is not asked again").toEqual([usage === "inject", false, false]);
  });
});
