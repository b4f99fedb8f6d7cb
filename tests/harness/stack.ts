import { answers, startProgram, temporaryFolder, type Program } from "./program.ts";
import { freePorts } from "./ports.ts";

/** The whole product, as `npm start` runs it, on free ports with its own data folder. */
export interface Stack {
  readonly program: Program;
  readonly gatewayUrl: string;
  readonly dashboardUrl: string;
  readonly otlpUrl: string;
  readonly jaegerUrl: string;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** Runs `nexent-monitor up` and waits until it says where everything is. */
export async function startStack(env: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const folder = temporaryFolder();
  const ports = await freePorts();
  const urlOf = (variable: string): string => `http://127.0.0.1:${ports[variable] ?? ""}`;
  const program = startProgram("cli", ["up"], {
    ...ports,
    LLM_MONITOR_DATA_DIR: `${folder.path}/data`,
    ...env,
  });
  const gatewayUrl = urlOf("GATEWAY_PORT");
  const dashboardUrl = urlOf("LLM_MONITOR_DASHBOARD_PORT");
  async function stop(): Promise<void> {
    await program.stop("SIGINT");
    folder.remove();
  }
  try {
    await answers(`${gatewayUrl}/health`, program);
    await answers(`${dashboardUrl}/ready`, program);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    program,
    gatewayUrl,
    dashboardUrl,
    otlpUrl: urlOf("LLM_MONITOR_OTLP_HTTP_PORT"),
    jaegerUrl: urlOf("LLM_MONITOR_JAEGER_PORT"),
    dataDir: `${folder.path}/data`,
    stop,
  };
}
