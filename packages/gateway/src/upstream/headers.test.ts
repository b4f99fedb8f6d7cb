import { describe, expect, it } from "vitest";
import { relayedHead, upstreamHeaders } from "./headers.ts";

function raw(...parts: string[]): Buffer[] {
  return parts.map((part) => Buffer.from(part, "latin1"));
}

describe("upstream headers", () => {
  it("24: keeps order, case and duplicates, and adds nothing", () => {
    const sent = [
      "X-B",
      "1",
      "authorization",
      "Bearer k",
      "x-b",
      "2",
      "OpenAI-Organization",
      "o",
      "X-Stainless-Lang",
      "js",
    ];
    expect(upstreamHeaders(sent, { identityEncoding: false })).toEqual(sent);
  });

  it("23: removes hop-by-hop headers and every header that Connection names", () => {
    const sent = [
      ..."Connection: keep-alive, X-Hop;Keep-Alive: 5;X-Hop: 1;TE: trailers;Trailer: x;Proxy-Authorization: p".split(
        ";",
      ),
      ..."Transfer-Encoding: chunked;Upgrade: h2c;HTTP2-Settings: s;Host: h;Expect: 100-continue;Content-Length: 3".split(
        ";",
      ),
      "X-Stays: yes",
    ].flatMap((line) => line.split(": "));
    expect(upstreamHeaders(sent, { identityEncoding: false })).toEqual(["X-Stays", "yes"]);
  });

  it("asks for an uncompressed answer in the place of the client's own value", () => {
    expect(upstreamHeaders(["Accept-Encoding", "gzip, br", "a", "b"], { identityEncoding: true })).toEqual([
      "Accept-Encoding",
      "identity",
      "a",
      "b",
    ]);
    expect(upstreamHeaders(["a", "b"], { identityEncoding: true })).toEqual(["a", "b", "accept-encoding", "identity"]);
  });
});

describe("relayed head", () => {
  it("25: keeps order, case and duplicates of the answer", () => {
    const head = relayedHead(
      200,
      "Fine",
      raw("Set-Cookie", "a=1", "X-Y", "\u00e9", "set-cookie", "b=2", "Connection", "close"),
    );
    expect(head.headers).toEqual(["Set-Cookie", "a=1", "X-Y", "\u00e9", "set-cookie", "b=2"]);
    expect(head.statusMessage).toBe("Fine");
  });

  it("switches buffering off on streams unless the upstream has its own word on it", () => {
    const type = ["Content-Type", "text/event-stream; charset=utf-8"];
    expect(relayedHead(200, "", raw(...type)).headers).toEqual([...type, "X-Accel-Buffering", "no"]);
    const own = [...type, "x-accel-buffering", "yes"];
    expect(relayedHead(200, "", raw(...own)).headers).toEqual(own);
    expect(relayedHead(200, "", raw("Content-Type", "application/json")).headers).toHaveLength(2);
  });

  it("reads media type and coding", () => {
    const head = relayedHead(200, "", raw("content-type", "Application/JSON ; charset=x", "Content-Encoding", "GZIP"));
    expect(head).toMatchObject({ mediaType: "application/json", contentEncoding: "gzip" });
  });
});
