import { MonitorError } from "@nexent/monitor-core";
import { expect, it } from "vitest";
import { readCliConfig } from "./config.ts";

it("uses the ports of the product when nothing is set; an empty variable is unset", () => {
  expect(readCliConfig({ GATEWAY_PORT: "", EXACT_SERVER_PORT: " " })).toMatchObject({
    gatewayPort: 8000,
    dashboardPort: undefined,
    otlpHttpPort: 4318,
    otlpGrpcPort: 4317,
    jaegerThriftPort: 14268,
    exactServerPort: 8009,
    gatewayHost: "127.0.0.1",
    dataDir: ".nexent/data",
  });
});

it("reports every bad variable in one message", () => {
  let error: unknown;
  try {
    readCliConfig({ GATEWAY_PORT: "eighty", EXACT_SERVER_PORT: "70000" });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(MonitorError);
  expect(error).toMatchObject({ code: "CONFIG_INVALID" });
  expect(String(error)).toContain('GATEWAY_PORT="eighty" must be a port number from 1 to 65535');
  expect(String(error)).toContain('EXACT_SERVER_PORT="70000"');
});

it("refuses one port for two listeners", () => {
  expect(() => readCliConfig({ GATEWAY_PORT: "4318" })).toThrow(
    "GATEWAY_PORT and LLM_MONITOR_OTLP_HTTP_PORT are both 4318",
  );
});

it("reaches a gateway that listens everywhere over loopback", () => {
  expect(readCliConfig({ GATEWAY_HOST: "0.0.0.0" }).gatewayHost).toBe("127.0.0.1");
  expect(readCliConfig({ GATEWAY_HOST: "10.1.2.3" }).gatewayHost).toBe("10.1.2.3");
});
