// The programs of the gateway benchmark: the model server and the load in C, nginx and the gateway in its variants.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answers, freePort, startProgram } from "../../lib/program.mjs";
import { ensureDebianProgram } from "../../../tools/debian.mjs";
import { root } from "../../../tools/prepare.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILD = join(root, ".tmp", "bench", "gateway");

/** Compiles a C file of this folder; undefined where there is no compiler. */
export function compile(name) {
  mkdirSync(BUILD, { recursive: true });
  const program = join(BUILD, name);
  const result = spawnSync("cc", ["-O2", "-Wall", "-o", program, join(HERE, `${name}.c`)], { encoding: "utf8" });
  if (result.error) return undefined;
  if (result.status !== 0) throw new Error(`${name}.c does not compile:\n${result.stderr}`);
  return program;
}

export async function startUpstream(program) {
  const port = await freePort();
  const running = await startProgram(program, [String(port)], {}, async (output) => output.includes("ready"));
  const stats = async () => (await fetch(`http://127.0.0.1:${port}/stats`)).json();
  return { ...running, port, stats };
}

/** nginx as a relay of unbuffered streams: the anchor, which observes nothing. Undefined where it cannot be had. */
export async function startNginx(upstreamPort) {
  const program = ensureDebianProgram("/usr/sbin/nginx", ["nginx-light"]);
  if (program === undefined) return undefined;
  const port = await freePort();
  const folder = join(BUILD, `nginx-${port}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "nginx.conf"), nginxConfig(port, upstreamPort, folder));
  const args = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")];
  return { ...(await startProgram(program, args, {}, answers(`http://127.0.0.1:${port}/stats`))), port, path: "/v1" };
}

function nginxConfig(port, upstreamPort, folder) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 16384; }
http {
${temporary}
  access_log off;
  keepalive_requests 10000000;
  upstream model { server 127.0.0.1:${upstreamPort}; keepalive 4096; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}

/** The built gateway, started as the product starts it, with `env` and options of Node on top. */
export async function startGateway(upstreamPort, env, nodeArgs = []) {
  const port = await freePort();
  const main = join(root, "packages", "gateway", "dist", "main.js");
  if (!existsSync(main)) throw new Error("build first: npm run build");
  const settings = {
    GATEWAY_PORT: String(port),
    UPSTREAM_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
    GATEWAY_LOG_LEVEL: "warn",
    ...env,
  };
  const args = ["--max-semi-space-size=32", ...nodeArgs, main];
  const ready = answers(`http://127.0.0.1:${port}/readyz`);
  return { ...(await startProgram(process.execPath, args, settings, ready)), port, path: "/v1" };
}
