// A Vitest reporter that writes every failure of a run, unhandled errors included, into the file NEXENT_FAILURES_FILE names.
import { writeFileSync } from "node:fs";

/** Enough to see what happened; the whole text stands above, where it happened. */
const SHOWN_LINES = 4;

const textOf = ({ message, stack }) =>
  (stack ?? message ?? "no message").split("\n", SHOWN_LINES).join("\n").slice(0, 1000);

function* failuresOf(module) {
  for (const error of module.errors()) yield `${module.relativeModuleId}: ${textOf(error)}`;
  for (const suite of module.children.allSuites())
    for (const error of suite.errors()) yield `${module.relativeModuleId} > ${suite.fullName}: ${textOf(error)}`;
  for (const test of module.children.allTests("failed"))
    yield `${module.relativeModuleId} > ${test.fullName}: ${(test.result().errors ?? []).map(textOf).join("\n")}`;
}

export default class FailuresReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const lines = modules.flatMap((module) => [...failuresOf(module)]);
    lines.push(...unhandledErrors.map((error) => `outside of any test: ${textOf(error)}`));
    const file = process.env.NEXENT_FAILURES_FILE;
    if (file !== undefined && lines.length > 0) writeFileSync(file, `${lines.join("\n")}\n`);
  }
}
