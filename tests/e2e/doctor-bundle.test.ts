import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { ENV, type EnvVariable } from "@nexent/monitor-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCanaries, findCanaries, type Canaries } from "../harness/canaries.ts";
import { freePorts } from "../harness/ports.ts";
import { answers, startProgram, temporaryFolder, type Program } from "../harness/program.ts";

const folder = temporaryFolder();
const others = createCanaries(["yaml", "tokenFile", "OPENAI_API_KEY"]);
const canaries: Canaries<string> = { ...createCanaries(ENV.map(({ name }) => name)), ...others };
let env: Record<string, string> = {};
let stack: Program;

const HOSTS = { LLM_MONITOR_BIND: "127.0.0.1", GATEWAY_HOST: "127.0.0.1" };

/** A value with the secret where one can stand in it. */
function valueOf({ name, type }: EnvVariable): string {
  const secret = canaries[name] ?? "";
  if (type === "url") return `http://user:${secret}@127.0.0.1:1/v1?key=${secret}`;
  if (type === "pairs") return `authorization=Bearer ${secret},x-tenant=${secret}`;
  return type === "list" ? `${secret},other-${secret}` : secret;
}

beforeAll(async () => {
  env = { ...(await freePorts()), LLM_MONITOR_DATA_DIR: `${folder.path}/data` };
  stack = startProgram("cli", ["up"], env);
  await answers(`http://127.0.0.1:${env["GATEWAY_PORT"] ?? ""}/readyz`, stack);
  await answers(`http://127.0.0.1:${env["LLM_MONITOR_DASHBOARD_PORT"] ?? ""}/ready`, stack);
});

afterAll(async () => {
  await stack.stop("SIGINT");
  folder.remove();
});

it("writes a bundle that shows the running product and not one secret of any variable, file or log", async () => {
  const secrets = Object.fromEntries(ENV.map((variable) => [variable.name, valueOf(variable)]));
  const [yaml, tokens] = [`${folder.path}/gateway.yaml`, `${folder.path}/tokens`];
  writeFileSync(yaml, `upstreams:\n  - apiKey: "${others.yaml}"\n`);
  writeFileSync(tokens, `${others.tokenFile}\n`);
  // What doctor needs to find the programs must be true.
  const kept = { ...env, GATEWAY_CONFIG: yaml, GATEWAY_TOKENS_FILE: tokens, ...HOSTS };
  const all = { ...secrets, OPENAI_API_KEY: others.OPENAI_API_KEY, ...kept };
  const hidden = Object.entries(all).map(([name, value]) => `${name} ${value}`);
  mkdirSync(`${folder.path}/logs`, { recursive: true });
  const log = `${folder.path}/logs/server.log`;
  appendFileSync(log, `${[...hidden, others.yaml, others.tokenFile].join("\n")}\n{"event":"last_line"}\n`);
  // Those of the stack keep their values; every other secret can be found where the bundle is made from.
  const findable = findCanaries(canaries, new Map([["log", readFileSync(log)]]));
  expect(findable.length).toBe(Object.keys(canaries).length - Object.keys(kept).length);

  const path = `${folder.path}/bundle.json`;
  const args = ["doctor", "--no-probe", "--json", "--prometheus-url", "http://127.0.0.1:1", "--bundle", "--to", path];
  const doctor = startProgram("cli", args, all);
  expect(await doctor.exited, doctor.output()).toBe(1);
  expect(doctor.output()).toContain("Look through it before you send it.");

  const text = readFileSync(path);
  expect(findCanaries(canaries, new Map([["bundle", text]]))).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.parse(text.toString())).toMatchObject({
    format: "nexent-monitor-doctor/1",
    programs: { server: { isReady: true }, gateway: { isReady: true } },
    configuration: expect.arrayContaining([
      { name: "LLM_MONITOR_INGEST_TOKEN", isSet: true },
      { name: "GATEWAY_PORT", isSet: true, value: env["GATEWAY_PORT"] },
      { name: "UPSTREAM_BASE_URL", isSet: true, value: "http://127.0.0.1:1/v1" },
    ]) as unknown,
    logs: { server: expect.arrayContaining(['{"event":"last_line"}']) as unknown },
  });
  const bundle = JSON.parse(text.toString()) as {
    readonly programs: { readonly server: { readonly metrics: readonly string[] } };
    readonly files: { readonly listed: readonly { readonly path: string }[] };
  };
  expect(bundle.programs.server.metrics.some((line) => line.startsWith("nexent_server_stored_spans"))).toBe(true);
  expect(bundle.files.listed.some(({ path: file }) => file === "LOCK")).toBe(true);
});

it("overwrites no file, and tells in Chinese what is in the bundle", async () => {
  const path = `${folder.path}/second.json`;
  const run = (): Program =>
    startProgram("cli", ["doctor", "--no-probe", "--lang", "zh", "--bundle", "--to", path], env);
  const first = run();
  await first.exited;
  expect(first.output()).toContain("不含令牌、密钥、密码、提示词和回答");
  const before = readFileSync(path, "utf8");
  const second = run();
  expect(await second.exited).toBe(64);
  expect(second.output()).toContain("exists");
  expect(readFileSync(path, "utf8")).toBe(before);
});
