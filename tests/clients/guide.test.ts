/** The guide: its snippets run, its two languages say the same, and no variable of the SDK is missing. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ENV } from "@nexent/monitor-core";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startExactServer, type ExactServer } from "../../packages/cli/src/exact-server/server.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const GUIDE = fileURLToPath(new URL("../../docs/guide", import.meta.url));
const run = promisify(execFile);

/** A code block of a chapter. */
interface Snippet {
  readonly where: string;
  readonly code: string;
}

async function snippetsOf(language: string): Promise<readonly Snippet[]> {
  const found: Snippet[] = [];
  for (const file of (await readdir(join(GUIDE, language))).toSorted()) {
    const text = await readFile(join(GUIDE, language, file), "utf8");
    for (const [, code = ""] of text.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```$/gm)) {
      const line = text.slice(0, text.indexOf(code)).split("\n").length;
      found.push({ where: `${language}/${file}:${line}`, code });
    }
  }
  return found;
}

function importsOf(code: string): readonly string[] {
  return [...code.matchAll(/^import .*? from "([^"]+)";.*$/gm)].map(([line]) => line);
}

/** Whether every package that a snippet imports is here, and it imports one at all. */
function canRun({ code }: Snippet): boolean {
  const packages = [...code.matchAll(/^import .*? from "((?:@[^/"]+\/)?[^/"]+)/gm)].map(([, name = ""]) => name);
  const isHere = (name: string): boolean =>
    name.startsWith("node:") ||
    [HERE, join(HERE, "../..")].some((folder) => existsSync(join(folder, "node_modules", name)));
  return packages.length > 0 && packages.every(isHere);
}

/** What a reader of the guide has, and the snippets only name. */
const PRELUDE = `
import { EventEmitter as ReadersEmitter } from "node:events";
import ReadersOpenAI from "openai";
const client = new ReadersOpenAI();
const [model, url, question] = ["exact", process.env.OPENAI_BASE_URL.replace("/v1", "/health"), "why?"];
const send = (question) =>
  client.chat.completions.create({ model, messages: [{ role: "user", content: String(question) }] });
const ask = send, answerOf = send;
async function* pieces() { yield "a"; yield "b"; }
const stream = pieces(), makeStream = pieces;
const socket = new ReadersEmitter(), server = new ReadersEmitter(), request = new Request("http://localhost/metrics");
const handler = (request, response) => response.end();
`;

/** The snippet as a program. What it leaves open (a server, a timer) ends with it. */
async function programOf({ code }: Snippet): Promise<string> {
  const imports = importsOf(code).join("\n");
  const body = code
    .replaceAll(/^import .*$/gm, "")
    .replaceAll(/^export (default )?/gm, (_all, isDefault: string) =>
      isDefault === undefined ? "" : "globalThis.exported = ",
    );
  const source = `${imports}\n${PRELUDE}\nasync function snippet() {\n${body}\n}\nawait snippet();\nprocess.exit(0);`;
  const options = {
    loader: "ts",
    target: "es2022",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  } as const;
  return (await transform(source, options)).code;
}

const [english, chinese] = await Promise.all([snippetsOf("en"), snippetsOf("zh")]);

describe("a snippet of the guide", () => {
  let exact: ExactServer;
  let folder: string;
  beforeAll(async () => {
    exact = await startExactServer();
    folder = await mkdtemp(join(HERE, ".guide-"));
  });
  afterAll(async () => {
    await exact.close();
    await rm(folder, { recursive: true });
  });

  it.each(english.filter(canRun).map((snippet) => [snippet.where, snippet] as const))(
    "runs: %s",
    async (_at, snippet) => {
      const file = join(folder, "snippet.mjs");
      await writeFile(file, await programOf(snippet));
      const { PATH = "", TMPDIR = "/tmp" } = process.env;
      const env = {
        PATH,
        TMPDIR,
        ENABLE_TELEMETRY: "true",
        OTEL_TRACES_EXPORTER: "none",
        OPENAI_BASE_URL: exact.baseUrl,
        OPENAI_API_KEY: "none",
      };
      const args = ["--conditions=@nexent/source", "--import", "tsx", file];
      const { stderr } = await run(process.execPath, args, { cwd: HERE, env, timeout: 30_000 });
      expect(stderr).toBe("");
    },
  );

  it("says the same in both languages", () => {
    const said = (snippets: readonly Snippet[]): readonly string[] =>
      snippets.map(({ code }) => code.replaceAll(/\s*\/\/.*$/gm, "").trim());
    expect(said(chinese)).toEqual(said(english));
  });
});

it.each(["en", "zh"])("names every variable of the SDK (%s)", async (language) => {
  const files = await readdir(join(GUIDE, language));
  const text = (await Promise.all(files.map((file) => readFile(join(GUIDE, language, file), "utf8")))).join("\n");
  const missing = ENV.filter(({ program }) => program === "sdk")
    .map(({ name }) => name)
    .filter((name) => !text.includes(name) && !isAbbreviated(name, text));
  expect(missing).toEqual([]);
});

/** `…_TIMEOUT` and the like, and variables of one signal: the guide names their rule. */
function isAbbreviated(name: string, text: string): boolean {
  const general = name.replace(/_OTLP_(TRACES|METRICS)_/, "_OTLP_");
  return (
    text.includes(general) ||
    text.includes(`…${/_[A-Z]+$/.exec(name)?.[0]}`) ||
    text.includes(`…${name.slice("LLM_MONITOR".length)}`)
  );
}
