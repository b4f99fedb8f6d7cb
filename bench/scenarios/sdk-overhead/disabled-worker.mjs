// What a wrapped function costs while monitoring is off, beside the same function called directly.
import { monitorLlmCall } from "@nexent/monitor";
import { answerParent } from "../../lib/child.mjs";
import { alternate } from "../../lib/statistics.mjs";

const CALLS = 200_000;
const AWAITED_CALLS = 50_000;

const copy = (name) => import(`./disabled-variant.mjs?${name}`);
const direct = await copy("direct");
const wrapped = await copy("wrapped");
const ask = monitorLlmCall("gpt-4o")(wrapped.ask);
const askAsync = monitorLlmCall("gpt-4o")(wrapped.askAsync);

/** Nanoseconds per call of every variant. */
answerParent(async ({ rounds }) => ({
  ns: await alternate(
    {
      direct: () => direct.callLoop(direct.ask, CALLS),
      wrapped: () => wrapped.callLoop(ask, CALLS),
      directAsync: () => direct.awaitLoop(direct.askAsync, AWAITED_CALLS),
      wrappedAsync: () => wrapped.awaitLoop(askAsync, AWAITED_CALLS),
    },
    rounds,
  ),
}));
