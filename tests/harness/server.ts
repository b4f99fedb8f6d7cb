import { answers, startProgram, type Program } from "./program.ts";
import { freePort } from "./ports.ts";

/** The server alone, on free ports that stay the same over restarts. */
export interface ServerUnderTest {
  readonly dashboardUrl: string;
  readonly otlpUrl: string;
  /** Jaeger thrift, without the path. */
  readonly thriftUrl: string;
  readonly grpcPort: number;
  /** What it is started with, for other programs that must find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts it and waits until it takes and answers. */
  start(env?: Readonly<Record<string, string>>, under?: readonly string[]): Promise<Program>;
  /** Starts it and waits until it takes and answers, or is gone. */
  tryStart(env?: Readonly<Record<string, string>>): Promise<Program>;
  /** Starts it without waiting. */
  launch(env?: Readonly<Record<string, string>>): Program;
  /** Sends an OTLP/JSON body; answers the status. */
  send(body: object): Promise<number>;
  /** Kills what a failed test left running. */
  end(): Promise<void>;
}

/** @param dataDir its data folder. */
export async function serverUnderTest(dataDir: string): Promise<ServerUnderTest> {
  const [dashboard, otlp] = [await freePort(), await freePort()];
  const [thrift, grpcPort] = [await freePort(), await freePort()];
  const [dashboardUrl, otlpUrl] = [`http://127.0.0.1:${dashboard}`, `http://127.0.0.1:${otlp}`];
  const env = {
    LLM_MONITOR_DASHBOARD_PORT: String(dashboard),
    LLM_MONITOR_OTLP_HTTP_PORT: String(otlp),
    LLM_MONITOR_JAEGER_THRIFT_PORT: String(thrift),
    LLM_MONITOR_OTLP_GRPC_PORT: String(grpcPort),
    LLM_MONITOR_DATA_DIR: dataDir,
    LLM_MONITOR_DISK_RESERVE_MIB: "0",
  };
  const programs: Program[] = [];
  const launch = (extra = {}, under: readonly string[] = []): Program => {
    const program = startProgram("server", [], { ...env, ...extra }, { under });
    programs.push(program);
    return program;
  };
  const isReady = async (program: Program): Promise<void> => {
    await answers(`${dashboardUrl}/ready`, program);
    await answers(`${otlpUrl}/health`, program);
  };
  return {
    dashboardUrl,
    otlpUrl,
    thriftUrl: `http://127.0.0.1:${thrift}`,
    grpcPort,
    env,
    launch,
    async start(extra, under) {
      const program = launch(extra, under);
      await isReady(program);
      return program;
    },
    async tryStart(extra) {
      const program = launch(extra);
      await Promise.race([isReady(program).catch(() => undefined), program.exited]);
      return program;
    },
    async send(body) {
      const answer = await fetch(`${otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await answer.arrayBuffer();
      return answer.status;
    },
    async end() {
      for (const program of programs) await program.stop("SIGKILL");
    },
  };
}
