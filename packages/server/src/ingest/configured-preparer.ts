import { createInlinePreparer } from "./prepare-traces.ts";
import { createThreadedPreparer, type ThreadedPreparer, type ThreadedPreparerOptions } from "./threaded-preparer.ts";

/** Makes the preparer of a server, which stops with it. */
export type CreatePreparer = (options: Omit<ThreadedPreparerOptions, "program">) => ThreadedPreparer;

/** With a thread where the program was compiled; the sources themselves cannot be loaded by a thread. */
export const createConfiguredPreparer: CreatePreparer = (options) => {
  if (import.meta.url.endsWith(".ts")) return { ...createInlinePreparer(), stop: () => Promise.resolve() };
  return createThreadedPreparer({ ...options, program: { entry: new URL("./prepare-worker.js", import.meta.url) } });
};
