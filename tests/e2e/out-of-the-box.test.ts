/** Nothing but `ENABLE_TELEMETRY=true` beside a server on its usual port: the application's calls are listed. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { requestListSchema } from "@nexent/monitor-api";
import { PORTS } from "@nexent/monitor-core";
import { expect, it } from "vitest";
import { allTime, signIn } from "../harness/api-client.ts";
import { freePort } from "../harness/ports.ts";
import { answers, eventually, repositoryRoot, startProgram, temporaryFolder } from "../harness/program.ts";

const APPLICATION = `
import { monitorLlmCall, shutdown } from "@nexent/monitor";
await monitorLlmCall("a-model", "ask")(async () => "an answer")();
await shutdown();
`;

/** Whether this host has something else where the SDK sends by default. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(true));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(false)));
  });
}

const { port } = PORTS.jaegerThrift;
const taken = await isTaken(port);

it.skipIf(taken)(
  `an application that is only switched on is seen${taken ? `: another program holds port ${port}` : ""}`,
  async () => {
    const folder = temporaryFolder();
    const dashboardUrl = `http://127.0.0.1:${await freePort()}`;
    const server = startProgram("server", [], {
      LLM_MONITOR_DASHBOARD_PORT: new URL(dashboardUrl).port,
      LLM_MONITOR_OTLP_HTTP_PORT: String(await freePort()),
      LLM_MONITOR_JAEGER_THRIFT_PORT: String(port),
      LLM_MONITOR_DATA_DIR: folder.path,
    });
    try {
      await answers(`${dashboardUrl}/ready`, server);
      const { PATH = "" } = process.env;
      const application = spawn(process.execPath, ["--input-type=module", "--eval", APPLICATION], {
        cwd: repositoryRoot,
        env: { PATH, ENABLE_TELEMETRY: "true" },
      });
      expect(await new Promise((resolve) => application.on("close", resolve))).toBe(0);
      const api = await signIn(dashboardUrl);
      const row = await eventually(
        "the call being listed",
        async () => (await api.get(`/api/requests?${allTime()}`, requestListSchema)).rows[0],
        { program: server },
      );
      expect(row).toMatchObject({ model: "a-model", operation: "ask", outcome: "ok" });
    } finally {
      await server.stop();
      folder.remove();
    }
  },
);
