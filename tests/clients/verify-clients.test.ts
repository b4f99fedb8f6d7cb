import { describe, expect, it } from "vitest";
import { ensureNode24 } from "../../tools/node-24.mjs";
import { startProgram } from "../harness/program.ts";

interface VerifyReport {
  readonly verdicts: readonly {
    readonly scenario: string;
    readonly target: string;
    readonly lost: number;
    readonly failures: readonly string[];
  }[];
  readonly clients: readonly { readonly name: string; readonly versions: readonly string[] }[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** The end of a body has a fixed bound in the command; on a busy machine it is the first to go. */
const isAboutDuration = (failure: string): boolean => failure.startsWith("duration is off");

async function verifyClients(args: readonly string[]): Promise<VerifyReport> {
  // Bounds of a shared, busy machine: outcomes, tokens, presence and loss are exact here; the tight bounds are the command's
  // defaults.
  const bounds = ["--ttft-tolerance-ms", "40", "--rate-tolerance", "15", "--repeat", "1", "--concurrency", "12"];
  const from = ["--target", "clients", "--clients-from", import.meta.dirname];
  const program = startProgram("cli", ["verify", "--json", ...from, ...bounds, ...args], {});
  await program.exited;
  const output = program.output();
  return JSON.parse(output.slice(output.indexOf("{"))) as VerifyReport;
}

describe("nexent-monitor verify --clients-from", () => {
  // Real processes on a shared machine: a scheduling hiccup of a tenth of a second is not a defect.
  it(
    "passes every scenario that a client library can show, for each library",
    { timeout: 400_000, retry: 2 },
    async () => {
      const node = ensureNode24();
      const report = await verifyClients(node === undefined ? [] : ["--node", node]);
      const failed = report.verdicts.flatMap(({ scenario, target, failures }) =>
        failures.filter((failure) => !isAboutDuration(failure)).map((failure) => `${scenario} ${target}: ${failure}`),
      );
      expect(failed).toEqual([]);
      expect(report.verdicts.filter(({ lost }) => lost > 0)).toEqual([]);
      const openai = ["openai", "openai4", "openai5", "openai7"];
      const ai = ["ai", "ai5", "ai7"];
      const names = [...openai, "anthropic", "genai", "ollama", ...ai, "langchain", "langchain-fetch", "fetch"];
      const here = node === undefined ? names.filter((name) => !name.endsWith("7")) : names;
      expect(report.clients.map(({ name }) => name)).toEqual(here);
      expect(report.leftOut.map(({ name }) => name)).toEqual(names.filter((name) => !here.includes(name)));
      // Every library plays the plain stream of one of its formats.
      const played = new Set(report.verdicts.map(({ target }) => target));
      expect([...played].toSorted()).toEqual(here.toSorted());
    },
  );

  it("leaves out what does not run on this Node, and says so", { timeout: 60_000 }, async () => {
    const report = await verifyClients(["--client", "openai7", "--node", "no-such-program"]);
    const major = Number(process.versions.node.split(".")[0]);
    if (major >= 22) expect(report.clients.map(({ name }) => name)).toEqual(["openai7"]);
    else expect(report.leftOut).toEqual([{ name: "openai7", reason: expect.stringContaining("--node") }]);
  });
});
