import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { repositoryRoot, temporaryFolder } from "../harness/program.ts";
import { programAt, stackPath, stackText, stackYaml } from "./stack-files.testing.ts";

interface Service {
  readonly image: string;
  readonly user: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly ulimits?: { readonly nofile?: object };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[]; readonly retries: number };
  readonly profiles?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly restart?: string;
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, { readonly name: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const FILE = "docker-compose-monitoring.yml";
const compose = stackYaml(FILE) as ComposeFile;
const services = Object.entries(compose.services);

/** Services whose image offers nothing to ask with, and who asks instead. */
const NO_HEALTH_CHECK = {
  "otel-collector": "no shell and no HTTP client in the image; start-monitoring.sh asks :13133",
};
/** Writable places of a read-only container: its one named volume. */
const DATA = { prometheus: "/prometheus", grafana: "/var/lib/grafana", alertmanager: "/alertmanager" } as const;

describe("the compose file", () => {
  it("has the services of the stack, Alertmanager only when asked for", () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      ["alertmanager", "exact-model", "gateway", "grafana", "jaeger", "otel-collector", "prometheus"].sort(),
    );
    expect(services.filter(([, service]) => service.profiles !== undefined).map(([name]) => name)).toEqual([
      "alertmanager",
    ]);
  });

  it.each(services)("%s: one exact version and never a floating tag", (_name, { image }) => {
    expect(image).toMatch(/^[a-z0-9./-]+:v?\d+\.\d+\.\d+(-[\w.]+)?$/);
  });

  it("keeps Jaeger at 2.20 or earlier, whose search Grafana still speaks, and Prometheus at 3", () => {
    const [, minor] = /:2\.(\d+)\./.exec(compose.services["jaeger"]?.image ?? "") ?? [];
    expect(Number(minor)).toBeLessThanOrEqual(20);
    expect(compose.services["prometheus"]?.image).toMatch(/:v3\./);
  });

  it.each(services)("%s: runs hardened, as a user of its own, within limits", (_name, service) => {
    expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.cap_add).toBeUndefined();
    expect(service.privileged).toBeUndefined();
    expect(service.security_opt).toContain("no-new-privileges:true");
    expect(service.tmpfs).toEqual(["/tmp:noexec,nosuid,size=64m"]);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.pids_limit).toBe(256);
    expect(service.ulimits?.nofile).toBeDefined();
    expect(service.restart).toBe("unless-stopped");
  });

  it.each(services)("%s: publishes on loopback only, on a port that can be moved", (_name, service) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z_]+_PORT:-\d+\}:\d+$/);
    expect(service.network_mode ?? "").not.toBe("host");
  });

  it.each(services)(
    "%s: mounts its settings read-only and at most its own named volume; no docker.sock",
    (name, service) => {
      const writable = (service.volumes ?? []).filter((volume) => !volume.endsWith(":ro"));
      const place = name in DATA ? DATA[name as keyof typeof DATA] : undefined;
      expect(writable).toEqual(place === undefined ? [] : [`${name}-data:${place}`]);
      for (const volume of service.volumes ?? []) {
        expect(volume).not.toContain("docker.sock");
        const [source = ""] = volume.split(":");
        if (source.startsWith("./")) expect(existsSync(stackPath(source)), source).toBe(true);
        else expect(compose.volumes[source]?.name).toBe(`nexent-monitor-${source}`);
      }
    },
  );

  it.each(services)("%s: has a health check, or a reason for having none", (name, service) => {
    if (name in NO_HEALTH_CHECK) expect(service.healthcheck).toBeUndefined();
    else {
      expect(service.healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
      expect(service.healthcheck?.test.join(" ")).toContain("http://127.0.0.1:");
      expect(service.healthcheck?.retries).toBeGreaterThanOrEqual(10);
    }
  });

  it("hands secrets over as files, never through the environment", () => {
    for (const [name, service] of services) {
      for (const secret of service.secrets ?? []) expect(compose.secrets[secret]?.file).toBe(`./secrets/${secret}`);
      for (const [variable, value] of Object.entries(service.environment ?? {})) {
        if (/(TOKEN|SECRET|PASSWORD|API_KEY)/.test(variable.replace(/TOKEN_RATE/, ""))) {
          expect(value, `${name} ${variable}`).toMatch(/^\/run\/secrets\//);
        }
      }
    }
  });

  it("leaves Prometheus without an admin API and Grafana without anonymous access", () => {
    const text = stackText(FILE);
    expect(text).not.toMatch(/web\.enable-(admin-api|lifecycle)/);
    expect(compose.services["grafana"]?.environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ENABLED: "false",
      GF_SECURITY_CONTENT_SECURITY_POLICY: "true",
    });
    // admin / admin with the offer to change or skip is Grafana's own default: nothing here may override it.
    expect(Object.keys(compose.services["grafana"]?.environment ?? {})).not.toContain("GF_SECURITY_ADMIN_PASSWORD");
  });

  it("names every port and setting of .env.example, with the same defaults", () => {
    const settings = Object.fromEntries(
      stackText(".env.example")
        .split("\n")
        .filter((line) => /^[A-Z]/.test(line))
        .map((line) => line.split("=") as [string, string]),
    );
    const used = [...stackText(FILE).matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name, value]) => [name, value]);
    expect(Object.fromEntries(used)).toEqual(settings);
  });
});

describe("Dockerfile and build context", () => {
  const dockerfile = stackText("Dockerfile");

  it("has a stage for every image that is built here, all from one pinned base", () => {
    for (const [, { build }] of services) {
      if (build === undefined) continue;
      expect(existsSync(join(repositoryRoot, build.dockerfile))).toBe(true);
      expect(dockerfile).toMatch(new RegExp(`^FROM runtime AS ${build.target}$`, "m"));
    }
    expect(dockerfile).toMatch(/^FROM runtime AS server$/m);
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/m);
    const bases = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)];
    for (const [, base] of bases) expect(["${NODE_IMAGE}", "runtime"]).toContain(base);
  });

  it("runs as a user without rights and brings along every package a program imports", () => {
    expect(dockerfile).toMatch(/AS runtime\n(?:(?!FROM).*\n)*USER 65532:65532\n/);
    expect(dockerfile).not.toMatch(/^USER (?!65532:65532$)/m);
    const allowed = (parse(stackRootText("architecture.json")) as { packages: Record<string, string[]> }).packages;
    const needs = {
      gateway: ["gateway", ...(allowed["gateway"] ?? [])],
      server: ["server", ...(allowed["server"] ?? [])],
    };
    for (const [target, packages] of Object.entries(needs)) {
      const stage = dockerfile.slice(dockerfile.indexOf(`FROM runtime AS ${target}\n`)).split("\nFROM ")[0] ?? "";
      for (const name of packages) expect(stage, target).toContain(`/app/packages/${name}/dist `);
    }
  });

  it("sends the engine nothing but what the Dockerfile copies", () => {
    const ignore = stackRootText(".dockerignore").split("\n");
    expect(ignore.filter((line) => line !== "" && !line.startsWith("#"))[0]).toBe("*");
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) =>
      sources.split(" "),
    );
    for (const source of copied) expect(ignore).toContain(`!${source.replace("./", "")}`);
    for (const entry of ["**/node_modules", "**/dist"]) expect(ignore).toContain(entry);
  });
});

function stackRootText(name: string): string {
  return stackText("..", name);
}

const client = programAt("/usr/bin/docker-compose", "docker-compose (the Compose client needs no engine for `config`)");

describe.skipIf(client === undefined)("the Compose client", () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeAll(() => {
    folder = temporaryFolder();
    cpSync(stackPath(), folder.path, { recursive: true });
    mkdirSync(join(folder.path, "secrets"), { recursive: true });
    for (const name of Object.keys(compose.secrets)) writeFileSync(join(folder.path, "secrets", name), "x");
    writeFileSync(join(folder.path, ".env"), "GRAFANA_PORT=3333\n");
  });
  afterAll(() => folder?.remove());

  it("accepts the file and reads .env", () => {
    const result = spawnSync(client ?? "", ["-f", FILE, "--profile", "alertmanager", "config"], {
      cwd: folder.path,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "" },
    });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    const resolved = parse(result.stdout) as ComposeFile;
    expect(Object.keys(resolved.services)).toHaveLength(services.length);
    expect(resolved.services["grafana"]?.ports).toEqual(["127.0.0.1:3333:3000/tcp"]);
  });
});
