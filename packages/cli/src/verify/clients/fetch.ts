import { answersWithStream } from "@nexent/monitor-core/scenarios";
import { monitoredFetch } from "@nexent/monitor/fetch";
import { byteCounter } from "../count-chunks.ts";
import { requestOf } from "../scenario-request.ts";
import type { ClientDriver, ClientDriverKind } from "./driver.ts";

/** An application that reads the answer itself: a stream of bytes, or a whole body. */
const driver: ClientDriver = {
  async ask({ scenario, origin, headers, attributes, signal }) {
    const { path, body } = requestOf(scenario);
    const response = await monitoredFetch(undefined, { attributes })(`${origin}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      signal,
    });
    if (scenario.client.kind === "never_read") return response;
    return answersWithStream(scenario) ? response.body : response.json();
  },
  counter: byteCounter,
};

/** The `fetch` of Node, without any library. It sees every byte, so it plays what parsed chunks cannot show, too. */
export const fetchKind: ClientDriverKind = {
  packages: [],
  // What a refusal says stands in its body, and this record ends with the headers.
  plays: ({ truth, refusals }) => truth.errorType !== "quota" && refusals === undefined,
  leavingEndsRequest: true,
  create: () => driver,
};
