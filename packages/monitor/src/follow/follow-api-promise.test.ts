import { expect, it } from "vitest";
import { collectUntil, createFollowedCall } from "../testing/follow.testing.ts";

type Parse = (props: unknown) => Promise<unknown>;

/** The lazy promise of the OpenAI client 4: it hands its parser to the request and keeps no other tie to it. */
class LazyPromise {
  readonly responsePromise: Promise<unknown>;
  parseResponse: Parse = async (props) => props;

  constructor(responsePromise: Promise<unknown>) {
    this.responsePromise = responsePromise;
  }

  parse(): Promise<unknown> {
    return this.responsePromise.then(this.parseResponse);
  }
}

it("is not abandoned while somebody waits for its answer, whatever the collector does", async () => {
  const call = createFollowedCall();
  let answer: (value: unknown) => void = () => undefined;
  const request = new Promise<unknown>((resolve) => (answer = resolve));
  const waiting = (() => {
    const followed = call.follow(new LazyPromise(request));
    return followed instanceof LazyPromise ? followed.parse() : undefined;
  })();
  let rounds = 0;
  await collectUntil(() => (rounds += 1) > 20);
  expect(call.outcome).toBe("open");
  answer({ choices: [] });
  await waiting;
  expect(call.outcome).toBe("ok");
});

it("is abandoned when nobody takes its answer, and under way until there is one", async () => {
  const call = createFollowedCall();
  let answer: (value: unknown) => void = () => undefined;
  const request = new Promise<unknown>((resolve) => (answer = resolve));
  (() => void call.follow(new LazyPromise(request)))();
  let rounds = 0;
  await collectUntil(() => (rounds += 1) > 20);
  expect(call.outcome).toBe("open");
  answer({ choices: [] });
  await collectUntil(() => call.outcome !== "open");
  expect(call.outcome).toBe("abandoned");
});
