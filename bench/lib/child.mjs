// Child processes that share one core, say when they are ready, and answer questions over IPC.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** The core of everything that is measured: the last one, as systems put their own work on the first. */
const CORE = String(availableParallelism() - 1);

/**
 * @typedef {object} Child
 * @property {(question: object) => Promise<any>} ask one question at a time; rejects when the child fails or ends
 * @property {(message: object) => Promise<void>} tell without an answer, also while a question is open
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a script and waits until it is ready: until its first message.
 * @param {{ script: URL, args?: string[], execArgv?: string[], env?: Record<string, string>, pinned?: boolean,
 *   node?: string }} options `node`: another program than this process's
 * @returns {Promise<Child & { ready: any }>}
 */
export async function startChild({
  script,
  args = [],
  execArgv = [],
  env = {},
  pinned = true,
  node = process.execPath,
}) {
  const command = [node, ...execArgv, script.pathname, ...args];
  const [program, ...rest] = pinned ? ["taskset", "-c", CORE, ...command] : command;
  // A bare environment: variables of whoever runs the bench must not configure one of the subjects.
  const inherited = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };
  const child = spawn(program, rest, { env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let said = "";
  const hear = (text) => {
    said = (said + text).slice(-4000);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  /** Who waits for the next message. */
  let waiting;
  const settle = (how, value) => {
    const asked = waiting;
    waiting = undefined;
    asked?.[how](value);
  };
  const next = () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
    });
  const ended = new Promise((resolve) => {
    child.on("error", (error) => {
      settle("reject", error);
      resolve();
    });
    child.on("exit", (code, signal) => {
      settle("reject", new Error(`the process ended with ${signal ?? code}: ${said}`));
      resolve();
    });
  });
  child.on("message", ({ error, ...answer }) => {
    if (error === undefined) settle("resolve", answer);
    else settle("reject", new Error(error));
  });
  const ready = await next();
  return {
    ready,
    ask(question) {
      const answer = next();
      child.send(question, (error) => error && settle("reject", error));
      return answer;
    },
    /** Says something that has no answer of its own. */
    tell: (message) => new Promise((resolve) => child.send(message, resolve)),
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** In a child: says that it is ready and answers the parent's questions with what `answer` resolves to. */
export function answerParent(answer) {
  process.on("message", async (question) => {
    try {
      const said = await answer(question);
      if (said !== undefined) process.send(said);
    } catch (error) {
      process.send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
  process.send({ ready: true });
}
