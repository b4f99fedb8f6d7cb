/** The chapter on setting up the gateway: its files are accepted, and no variable or key is missing from it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readGatewayConfig } from "../../../packages/gateway/src/config/config.ts";
import { repositoryRoot, temporaryFolder } from "../../harness/program.ts";

const TOKEN = "t".repeat(32);
/** Told where running the gateway is. */
const IN_THE_OTHER_CHAPTER = new Set(["GATEWAY_STALL", "GATEWAY_ACCESS_LOG", "LLM_MONITOR_READ_TOKEN"]);
const read = (...path: string[]): string => readFileSync(join(repositoryRoot, ...path), "utf8");

/** Rows of the reference that are for the gateway. */
function gatewayVariables(): string[] {
  const rows = read("docs", "reference", "env.md").split("\n");
  return rows.filter((row) => /\|\s*gateway\b/.test(row)).flatMap((row) => /`([A-Z_]+)`/.exec(row)?.[1] ?? []);
}

describe.each(["en", "zh"])("the chapter in %s", (language) => {
  const chapter = read("docs", "guide", language, "gateway-setup.md");
  const files = [...chapter.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text ?? "");

  it("has configuration files that the gateway takes", () => {
    expect(files.length).toBeGreaterThan(1);
    const folder = temporaryFolder();
    try {
      for (const text of files) {
        const path = join(folder.path, "gateway.yaml");
        writeFileSync(path, text);
        const env = { GATEWAY_CONFIG: path, GATEWAY_TOKENS: TOKEN, ANTHROPIC_API_KEY: "sk-x", GATEWAY_PORT: "18000" };
        expect(readGatewayConfig(env).upstreams.length).toBeGreaterThan(2);
      }
    } finally {
      folder.remove();
    }
  });

  it("names every variable of the gateway, or the chapter on running it does", () => {
    const names = gatewayVariables();
    expect(names).toContain("GATEWAY_TOKENS");
    expect(names.filter((name) => !chapter.includes(name) && !IN_THE_OTHER_CHAPTER.has(name))).toEqual([]);
  });

  it("says the same defaults as the code", () => {
    const config = readGatewayConfig({});
    for (const value of [config.bufferedBodyBytes, config.openRequests, config.drainTimeoutMs]) {
      expect(chapter).toContain(value.toLocaleString("en").replaceAll(",", " "));
    }
  });
});
