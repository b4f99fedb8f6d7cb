import { expect, it } from "vitest";
import { createLogger } from "./logger.ts";

it("W17: the log is one JSON line per event, without secrets and with control characters escaped", () => {
  let text = "";
  const log = createLogger({ write: (line) => (text += line) });
  log.warn("sign_in_refused", { password: "canary", token: "canary", detail: "a\n\u001b[31mb" });
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    event: "sign_in_refused",
    program: "server",
    detail: "a\n\u001b[31mb",
  });
  expect(text).not.toContain("canary");
  expect(text).not.toContain("\u001b");
});
