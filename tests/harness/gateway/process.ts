/** The gateway as a real process on a free port, with a configuration file of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, startProgram, temporaryFolder, type Program } from "../program.ts";

export interface GatewayProcess {
  readonly program: Program;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly port: number;
  /** The exposition as text. */
  metrics(): Promise<string>;
  /** SIGTERM (default), then waits for the end and removes the configuration. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface GatewayProcessOptions {
  /** Content of the configuration file. */
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

/** Starts the gateway and waits until it says which port it got. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const folder = temporaryFolder();
  const file = join(folder.path, "gateway.yaml");
  writeFileSync(file, options.yaml);
  const env = { GATEWAY_CONFIG: file, GATEWAY_PORT: "0", GATEWAY_DRAIN_TIMEOUT_MS: "2000", ...options.env };
  const program = startProgram("gateway", [], env, options);
  async function stop(signal?: NodeJS.Signals): Promise<number | string> {
    const code = await program.stop(signal);
    folder.remove();
    return code;
  }
  try {
    const port = await Promise.race([
      eventually("the gateway listening", () => Promise.resolve(portOf(program)), { program }),
      program.exited.then((code): never => {
        throw new Error(`the gateway ended with ${code}\n${program.output()}`);
      }),
    ]);
    const origin = `http://127.0.0.1:${port}`;
    const metrics = async (): Promise<string> => (await fetch(`${origin}/metrics`)).text();
    return { program, origin, port, metrics, stop };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

function portOf(program: Program): number | undefined {
  const line = /"event":"listening".*?"port":(\d+)/.exec(program.output());
  return line === null ? undefined : Number(line[1]);
}

/** All four wire formats served from one upstream under the presets' prefixes; `more` are settings of each of them. */
export function fourFormats(base: string, more = ""): string {
  const upstream = (name: string, path = ""): string =>
    `  ${name}: { baseUrl: "${base}${path}"${more && `, ${more}`} }`;
  return `upstreams:
${upstream("openai", "/v1")}
${["anthropic", "gemini", "ollama"].map((name) => upstream(name)).join("\n")}
`;
}

/** Sum over all series of `family` whose labels hold every one of `labels` (as `name="value"`), in the text exposition. */
export function sumOf(exposition: string, family: string, ...labels: readonly string[]): number {
  return exposition
    .split("\n")
    .filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
