// Programs under test: started, waited for, stopped by their own process only.
import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** A port that was free on 127.0.0.1 a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program and waits until `isReady` says so. Its `stop` ends it and nothing else. */
export async function startProgram(command, args, env, isReady) {
  const child = spawn(command, args, { env: { PATH: process.env["PATH"], ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const exited = new Promise((resolve) => child.on("close", resolve));
  child.on("error", (error) => (output += error.message));
  const deadline = performance.now() + 15_000;
  while (!(await isReady(output).catch(() => false))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`${command} did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return {
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(late);
    },
  };
}

/** Ready once this address answers. */
export const answers = (url) => async () => (await fetch(url)).ok;
