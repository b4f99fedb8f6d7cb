import { answers, startProgram, temporaryFolder, type Program } from "./program.ts";
import { freePort } from "./ports.ts";

/** The whole product, as `npm start` runs it, on free ports with its own data folder. */
export interface Stack {
  readonly program: Program;
  readonly gatewayUrl: string;
  readonly dashboardUrl: string;
  readonly otlpUrl: string;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** Runs `nexent-monitor up` and waits until it says where everything is. */
export async function startStack(env: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const folder = temporaryFolder();
  const [gateway, dashboard, otlp, exact] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const [grpc, thrift] = [await freePort(), await freePort()];
  const program = startProgram("cli", ["up"], {
    GATEWAY_PORT: String(gateway),
    LLM_MONITOR_DASHBOARD_PORT: String(dashboard),
    LLM_MONITOR_OTLP_HTTP_PORT: String(otlp),
    LLM_MONITOR_OTLP_GRPC_PORT: String(grpc),
    LLM_MONITOR_JAEGER_THRIFT_PORT: String(thrift),
    EXACT_SERVER_PORT: String(exact),
    LLM_MONITOR_DATA_DIR: `${folder.path}/data`,
    ...env,
  });
  const gatewayUrl = `http://127.0.0.1:${gateway}`;
  const dashboardUrl = `http://127.0.0.1:${dashboard}`;
  await answers(`${gatewayUrl}/health`, program);
  await answers(`${dashboardUrl}/ready`, program);
  return {
    program,
    gatewayUrl,
    dashboardUrl,
    otlpUrl: `http://127.0.0.1:${otlp}`,
    dataDir: `${folder.path}/data`,
    async stop() {
      await program.stop("SIGINT");
      folder.remove();
    },
  };
}
