import { describe, expect, it } from "vitest";
import { createHostRules, isLoopbackAddress, isLoopbackHost } from "./host-origin.ts";

const rules = createHostRules({
  port: () => 3005,
  allowedHosts: ["monitor.example", "other.example:8443"],
  allowedOrigins: ["https://monitor.example"],
});

function statusOf(host: string, origin?: string): number {
  const headers = { host, ...(origin === undefined ? {} : { origin }) };
  const rawHeaders = Object.entries(headers).flat();
  const verdict = rules.check({ headers, rawHeaders });
  return verdict.allowed ? 200 : verdict.status;
}

describe("W6: host rules", () => {
  it.each([
    ["localhost:3005", 200],
    ["LOCALHOST.:3005", 200],
    ["127.0.0.1:3005", 200],
    ["[::1]:3005", 200],
    ["monitor.example", 200],
    ["monitor.example:1234", 200],
    ["other.example:8443", 200],
    ["other.example", 421],
    ["localhost", 421],
    ["localhost:3006", 421],
    ["evil.test:3005", 421],
    ["localhost.evil.test:3005", 421],
    ["127.0.0.1.evil.test:3005", 421],
    ["localhost:3005@evil.test", 421],
    ["127.1:3005", 421],
    ["2130706433:3005", 421],
    ["", 400],
  ])("judges %s", (host, status) => {
    expect(statusOf(host)).toBe(status);
  });

  it("takes port 80 when a Host names none", () => {
    const onEighty = createHostRules({ port: () => 80, allowedHosts: [], allowedOrigins: [] });
    expect(onEighty.check({ headers: { host: "localhost" }, rawHeaders: [] }).allowed).toBe(true);
  });
});

describe("W5: origin rules", () => {
  it.each([
    ["http://localhost:3005", 200],
    ["HTTP://LOCALHOST:3005", 200],
    ["https://monitor.example", 200],
    ["http://localhost:9999", 403],
    ["http://127.0.0.1:3005", 403],
    ["https://localhost:3005", 403],
    ["http://evil.test:3005", 403],
    ["null", 403],
    ["", 403],
  ])("judges a page of %s that asks localhost:3005", (origin, status) => {
    expect(statusOf("localhost:3005", origin)).toBe(status);
  });
});

describe("loopback", () => {
  it("is known by address and by name", () => {
    expect(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].every(isLoopbackAddress)).toBe(true);
    expect([undefined, "10.0.0.1", "::ffff:10.0.0.1", "fe80::1"].some(isLoopbackAddress)).toBe(false);
    expect(["localhost", "localhost:1", "[::1]:5", "127.0.0.1"].every(isLoopbackHost)).toBe(true);
    expect(["", "evil.test", "localhost.evil.test"].some(isLoopbackHost)).toBe(false);
  });
});
