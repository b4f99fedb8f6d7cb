import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { createHostCheck } from "./host-check.ts";

function asked(host: string, origin?: string): Pick<IncomingMessage, "headers"> {
  return { headers: { host, ...(origin !== undefined && { origin }) } };
}

describe("host check", () => {
  const check = createHostCheck({
    loopbackBind: true,
    allowedHosts: ["llm.internal:8000"],
    allowedOrigins: ["https://app.internal"],
  });

  it("serves loopback names and listed hosts on a loopback bind, and no name that was pointed at it", () => {
    for (const host of [
      "127.0.0.1:8000",
      "localhost:8000",
      "LOCALHOST.",
      "[::1]:8000",
      "a.localhost",
      "llm.internal",
    ]) {
      expect(check(asked(host))).toBe("accepted");
    }
    for (const host of ["evil.test:8000", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1"]) {
      expect(check(asked(host))).toBe("misdirected");
    }
  });

  it("serves any name on another bind, unless hosts are listed", () => {
    expect(createHostCheck({ loopbackBind: false, allowedHosts: [], allowedOrigins: [] })(asked("gateway:8000"))).toBe(
      "accepted",
    );
    expect(createHostCheck({ loopbackBind: false, allowedHosts: ["gw"], allowedOrigins: [] })(asked("x"))).toBe(
      "misdirected",
    );
  });

  it("refuses an origin that is not its own or listed; null is never accepted", () => {
    expect(check(asked("localhost:8000", "http://localhost:8000"))).toBe("accepted");
    expect(check(asked("localhost:8000", "https://app.internal"))).toBe("accepted");
    expect(check(asked("localhost:8000", "http://localhost:3000"))).toBe("forbidden_origin");
    expect(check(asked("localhost:8000", "null"))).toBe("forbidden_origin");
  });
});
