import { describe, expect, it } from "vitest";
import { providerAt, serverOf } from "./server-address.ts";

describe("the server of a request", () => {
  it.each([
    ["https://api.openai.com/v1/chat/completions", { serverAddress: "api.openai.com", serverPort: 443 }],
    ["http://127.0.0.1:8000/v1", { serverAddress: "127.0.0.1", serverPort: 8000 }],
    ["http://[::1]:8000/", { serverAddress: "::1", serverPort: 8000 }],
    ["custom://host/path", { serverAddress: "host" }],
    ["/relative", {}],
    ["file:///etc", {}],
  ])("is read from %s", (address, server) => {
    expect(serverOf(address)).toEqual(server);
    expect(serverOf(address)).toEqual(server);
  });

  it("is read from whatever fetch takes", () => {
    const server = { serverAddress: "api.x.ai", serverPort: 443 };
    expect(serverOf(new URL("https://api.x.ai/v1"))).toEqual(server);
    expect(serverOf(new Request("https://api.x.ai/v1"))).toEqual(server);
    for (const odd of [undefined, null, 7, {}, Symbol("s")]) expect(serverOf(odd)).toEqual({});
  });

  it("tells the provider, if it is a known one", () => {
    expect(providerAt("https://api.x.ai/v1")).toBe("x_ai");
    expect(providerAt("https://example.test/v1")).toBeUndefined();
    expect(providerAt(undefined)).toBeUndefined();
  });
});
