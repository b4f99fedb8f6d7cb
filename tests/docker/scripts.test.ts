import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../harness/ports.ts";
import { createFakeStack, type FakeStack } from "./fake-docker.testing.ts";
import { programAt, stackPath } from "./stack-files.testing.ts";

const EXIT = { usage: 64, unavailable: 69, portTaken: 75 } as const;
const SERVICES = ["jaeger", "otel-collector", "prometheus", "grafana", "gateway", "exact-model"];
const UP = /^docker compose -p nexent-monitor -f .*docker-compose-monitoring\.yml up -d --build$/m;

let stack: FakeStack | undefined;

async function fakeStack(installed: readonly ("docker" | "docker-compose")[] = ["docker"]): Promise<FakeStack> {
  stack = await createFakeStack(installed);
  return stack;
}

afterEach(async () => {
  await stack?.remove();
  stack = undefined;
});

const shellcheck = programAt("/usr/bin/shellcheck", "shellcheck");

it.skipIf(shellcheck === undefined)("shellcheck finds nothing in the scripts", () => {
  const scripts = ["stack.sh", "start-monitoring.sh", "manage-data.sh"].map((name) => stackPath(name));
  const result = spawnSync(
    shellcheck ?? "",
    ["--external-sources", ...scripts, join(import.meta.dirname, "fake-docker.sh")],
    {
      encoding: "utf8",
    },
  );
  expect(result.stdout).toBe("");
  expect(result.status).toBe(0);
});

describe("start-monitoring.sh", () => {
  it("without Docker says so and names npm start", async () => {
    const { run, log } = await fakeStack([]);
    const { code, err } = await run("start-monitoring.sh");
    expect(code).toBe(EXIT.unavailable);
    expect(err).toContain("Docker is not installed.");
    expect(err).toContain("npm start");
    expect(log()).toBe("");
  });

  it("tells an engine that does not run from one that may not be used", async () => {
    const { run, answer, path } = await fakeStack();
    answer("info.fails", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n");
    const stopped = await run("start-monitoring.sh");
    answer("info.fails", "permission denied while trying to connect to the Docker daemon socket\n");
    const refused = await run("start-monitoring.sh");
    expect([stopped.code, refused.code]).toEqual([EXIT.unavailable, EXIT.unavailable]);
    expect(stopped.err).toContain("systemctl start docker");
    expect(refused.err).toContain("usermod -aG docker");
    expect(existsSync(join(path, ".env"))).toBe(false);
  });

  it("asks for Compose when there is none, and for a newer one when it is too old", async () => {
    const { run, answer, remove } = await fakeStack();
    answer("no-plugin", "");
    const none = await run("start-monitoring.sh");
    expect(none.code).toBe(EXIT.unavailable);
    expect(none.err).toContain("Docker Compose is not installed.");
    await remove();
    const old = await fakeStack(["docker", "docker-compose"]);
    old.answer("no-plugin", "");
    old.answer("version", "1.25.0\n");
    const tooOld = await old.run("start-monitoring.sh");
    expect(tooOld.code).toBe(EXIT.unavailable);
    expect(tooOld.err).toContain("docker-compose 1.25.0 is too old");
  });

  it("creates .env and secrets, starts, waits for real health and prints addresses and login", async () => {
    const { run, answer, path, log, listenOnceUp, ports } = await fakeStack();
    answer("state-grafana", "starting\nstarting\nhealthy\n");
    answer("state-otel-collector", "running\n");
    const [{ code, out, err }] = await Promise.all([run("start-monitoring.sh"), listenOnceUp()]);
    expect(err).toBe("");
    expect(code).toBe(0);
    for (const service of SERVICES) expect(out).toContain(`healthy  ${service}\n`);
    expect(out).toContain(`http://localhost:${ports["GRAFANA_PORT"]}   sign in: admin / admin, then change or skip`);
    for (const name of ["GATEWAY_PORT", "JAEGER_PORT", "PROMETHEUS_PORT"])
      expect(out).toContain(`http://localhost:${ports[name]}`);
    expect(log()).toMatch(UP);
    expect(readFileSync(join(path, ".env"), "utf8")).toBe(readFileSync(stackPath(".env.example"), "utf8"));
    expect(readFileSync(join(path, "secrets", "gateway_token"), "utf8")).toMatch(/^nxm_gw_[0-9a-f]{64}\n$/);
    expect(readFileSync(join(path, "secrets", "grafana_secret_key"), "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(join(path, "secrets")).mode & 0o777).toBe(0o700);
  });

  it("changes nothing the second time: settings and secrets stay, its own ports are no conflict", async () => {
    const { run, answer, path, listen, ports } = await fakeStack();
    writeFileSync(join(path, ".env"), "UPSTREAM_BASE_URL=http://vllm:8000/v1\n");
    await listen();
    answer(
      "ports",
      Object.values(ports)
        .map((port) => `127.0.0.1:${port}->1/tcp`)
        .join(", "),
    );
    const first = await run("start-monitoring.sh");
    const secret = readFileSync(join(path, "secrets", "gateway_token"), "utf8");
    const second = await run("start-monitoring.sh");
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.out).not.toContain("Created");
    expect(readFileSync(join(path, ".env"), "utf8")).toBe("UPSTREAM_BASE_URL=http://vllm:8000/v1\n");
    expect(readFileSync(join(path, "secrets", "gateway_token"), "utf8")).toBe(secret);
  });

  it("uses docker-compose 1.29 where the plugin is missing", async () => {
    const { run, answer, log, listenOnceUp } = await fakeStack(["docker", "docker-compose"]);
    answer("no-plugin", "");
    answer("version", "1.29.2\n");
    const [{ code, out }] = await Promise.all([run("start-monitoring.sh"), listenOnceUp()]);
    expect(code).toBe(0);
    expect(out).toContain("Starting with docker-compose");
    expect(log()).toMatch(/^docker-compose -p nexent-monitor -f .* up -d --build$/m);
  });

  it("names the owner of every taken port and the variable that moves it, and starts nothing", async () => {
    const { run, log, ports } = await fakeStack();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(ports["GRAFANA_PORT"], "127.0.0.1", resolve));
    const { code, err } = await run("start-monitoring.sh");
    await new Promise((resolve) => squatter.close(resolve));
    expect(code).toBe(EXIT.portTaken);
    expect(err).toMatch(new RegExp(`Port ${ports["GRAFANA_PORT"]} is taken by \\S+.* \\(pid ${process.pid}\\)\\.`));
    expect(err).toContain("set another GRAFANA_PORT in docker/.env");
    expect(log()).not.toMatch(UP);
  });

  it("names a foreign container that holds a port", async () => {
    const { run, answer, ports } = await fakeStack();
    answer("owner", "somebodys-grafana\n");
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(ports["GRAFANA_PORT"], "127.0.0.1", resolve));
    const { err } = await run("start-monitoring.sh");
    await new Promise((resolve) => squatter.close(resolve));
    expect(err).toContain(`Port ${ports["GRAFANA_PORT"]} is taken by the container somebodys-grafana.`);
  });

  it("shows the log of a service that does not come up, at once when its container ended", async () => {
    const { run, answer, listenOnceUp } = await fakeStack();
    answer("state-prometheus", "starting\nexited\n");
    const [{ code, err, out }] = await Promise.all([run("start-monitoring.sh"), listenOnceUp()]);
    expect(code).toBe(1);
    expect(err).toContain("prometheus is not healthy (exited)");
    expect(err).toContain("prometheus says why");
    expect(out).not.toContain("sign in");
  });

  it("does not believe a healthy container whose port does not answer", async () => {
    const { run } = await fakeStack();
    const { code, err } = await run("start-monitoring.sh", [], { env: { WAIT_SECONDS: "2" } });
    expect(code).toBe(1);
    expect(err).toContain("jaeger is not healthy (healthy)");
  });

  it("fails when Compose fails", async () => {
    const { run, answer } = await fakeStack();
    answer("up.fails", "pull access denied\n");
    const { code, err } = await run("start-monitoring.sh");
    expect(code).not.toBe(0);
    expect(err).toContain("pull access denied");
  });

  it("--alertmanager adds the service and tells Prometheus, --down takes both away", async () => {
    const { run, path, log, listenOnceUp, answer } = await fakeStack();
    const target = join(path, "prometheus/targets/alertmanager/alertmanager.yml");
    const port = await freePort();
    const alertmanager = createServer((_request, response) => response.end());
    const env = { ALERTMANAGER_PORT: String(port) };
    const up = listenOnceUp().then(
      () => new Promise<void>((resolve) => alertmanager.listen(port, "127.0.0.1", resolve)),
    );
    const [{ code }] = await Promise.all([run("start-monitoring.sh", ["--alertmanager"], { env }), up]);
    await new Promise((resolve) => alertmanager.close(resolve));
    expect(code).toBe(0);
    expect(log()).toMatch(/--profile alertmanager up -d --build$/m);
    expect(readFileSync(target, "utf8")).toBe('- targets: ["alertmanager:9093"]\n');
    answer("ports", undefined);
    const down = await run("start-monitoring.sh", ["--down"]);
    expect(down.code).toBe(0);
    expect(log()).toMatch(/--profile alertmanager down$/m);
    expect(existsSync(target)).toBe(false);
  });

  it("--status tells each state and fails unless all are healthy", async () => {
    const { run, answer, listen } = await fakeStack();
    const absent = await run("start-monitoring.sh", ["--status"]);
    expect(absent.code).toBe(1);
    expect(absent.out).toMatch(/grafana +absent/);
    answer("running", "");
    await listen();
    const healthy = await run("start-monitoring.sh", ["--status"]);
    expect(healthy.code).toBe(0);
    for (const service of SERVICES) expect(healthy.out).toMatch(new RegExp(`${service} +healthy`));
    answer("state-gateway", "unhealthy\n");
    const ill = await run("start-monitoring.sh", ["--status"]);
    expect(ill.code).toBe(1);
    expect(ill.out).toMatch(/gateway +unhealthy/);
  });

  it("--help needs no Docker; an unknown option is refused", async () => {
    const { run } = await fakeStack([]);
    const help = await run("start-monitoring.sh", ["--help"]);
    expect(help.code).toBe(0);
    for (const option of ["--alertmanager", "--status", "--down"]) expect(help.out).toContain(option);
    const unknown = await run("start-monitoring.sh", ["--all"]);
    expect(unknown.code).toBe(EXIT.usage);
    expect(unknown.err).toContain("Unknown option: --all");
  });
});

describe("manage-data.sh", () => {
  async function running(): Promise<FakeStack> {
    const made = await fakeStack();
    made.answer("running", "");
    await made.listen();
    return made;
  }
  const changes = (log: string): string[] =>
    log
      .split("\n")
      .map((line) => line.replace(/-p nexent-monitor -f \S+ /, "").replace(/^docker /, ""))
      .filter((line) => /^(compose (up|rm|restart|pull|down)|volume rm)/.test(line));

  it.each([
    ["jaeger", "restart", ["compose restart jaeger"]],
    ["jaeger", "rebuild", ["compose pull jaeger", "compose up -d --no-deps --force-recreate jaeger"]],
    ["jaeger", "clear", ["compose up -d --no-deps --force-recreate jaeger"]],
    ["prometheus", "restart", ["compose restart prometheus"]],
    [
      "prometheus",
      "clear",
      ["compose rm -s -f prometheus", "volume rm nexent-monitor-prometheus-data", "compose up -d --no-deps prometheus"],
    ],
    [
      "grafana",
      "reset",
      ["compose rm -s -f grafana", "volume rm nexent-monitor-grafana-data", "compose up -d --no-deps grafana"],
    ],
  ])("%s %s does that and nothing else", async (what, verb, expected) => {
    const { run, log } = await running();
    const { code, err } = await run("manage-data.sh", [what, verb, "--yes"]);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(changes(log())).toEqual(expected);
  });

  it("all clear does the three of them", async () => {
    const { run, log } = await running();
    const { code, out } = await run("manage-data.sh", ["all", "clear", "-y"]);
    expect(code).toBe(0);
    expect(changes(log())).toHaveLength(7);
    for (const deleted of ["all traces", "all metrics", "as new"]) expect(out).toContain(deleted);
  });

  it("asks first: anything but yes changes nothing", async () => {
    const { run, log } = await running();
    for (const input of ["no\n", "y\n", ""]) {
      const { code, out } = await run("manage-data.sh", ["prometheus", "clear"], { input });
      expect(code).toBe(1);
      expect(out).toContain("All metrics in Prometheus are deleted.");
      expect(out).toContain("Nothing was changed.");
    }
    expect(changes(log())).toEqual([]);
    const { code } = await run("manage-data.sh", ["jaeger", "restart"], { input: "yes\n" });
    expect(code).toBe(0);
  });

  it("brings a service back and fails when its volume could not be deleted", async () => {
    const { run, answer, log } = await running();
    answer("volume.fails", "volume is in use\n");
    const { code, err, out } = await run("manage-data.sh", ["prometheus", "clear", "--yes"]);
    expect(code).toBe(1);
    expect(err).toContain("its data is still there");
    expect(out).not.toContain("Deleted");
    expect(changes(log()).at(-1)).toBe("compose up -d --no-deps prometheus");
  });

  it("does not claim that traces are gone when Jaeger runs on in the same container", async () => {
    const { run, answer } = await running();
    answer("same-container", "");
    const { code, err, out } = await run("manage-data.sh", ["jaeger", "clear", "--yes"]);
    expect(code).toBe(1);
    expect(err).toContain("its traces are still there");
    expect(out).not.toContain("Deleted");
  });

  it("goes on with the rest when one part of all clear fails, and fails in the end", async () => {
    const { run, answer } = await running();
    answer("same-container", "");
    const { code, out } = await run("manage-data.sh", ["all", "clear", "--yes"]);
    expect(code).toBe(1);
    expect(out).toContain("Deleted: all metrics.");
    expect(out).toContain("Grafana is as new");
  });

  it("refuses what it does not know, before it looks for Docker", async () => {
    const { run } = await fakeStack([]);
    for (const args of [[], ["jaeger"], ["jaeger", "delete"], ["all", "clear", "twice"]]) {
      expect((await run("manage-data.sh", args)).code).toBe(EXIT.usage);
    }
    const help = await run("manage-data.sh", ["--help"]);
    expect(help.code).toBe(0);
    expect(help.out).toContain("grafana reset");
    expect((await run("manage-data.sh", ["all", "clear", "--yes"])).code).toBe(EXIT.unavailable);
  });
});
