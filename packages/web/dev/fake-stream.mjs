// Made-up token streams for work on the looks of the dashboard. Never shipped, never imported by src.

/** A small seeded generator, 0..1. */
export function randomFrom(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Chunks with time, size and kind; `plan` names lengths, pace and pauses. */
export function fakeStream(plan, seed) {
  const random = randomFrom(seed);
  const at = [];
  const sizes = [];
  const kinds = [];
  let now = plan.ttftMs;
  let tokens = 0;
  const gapMs = () => Math.max(2, (1000 / plan.rate) * plan.chunk * Math.exp(normal(random) * 0.45));
  const emit = (kind) => {
    const size = 1 + Math.floor(random() * (plan.chunk * 2 - 1) + 0.5);
    at.push(Math.round(now * 1000));
    sizes.push(size);
    kinds.push(kind);
    tokens += size;
  };
  const run = (kind, until) => {
    for (;;) {
      if (tokens >= until) return;
      emit(kind);
      const pause = plan.stalls.find((stall) => !stall.done && tokens >= stall.at);
      if (pause === undefined) now += gapMs() * (tokens > (plan.slowFrom ?? Infinity) ? 1.7 : 1);
      else {
        pause.done = true;
        now += pause.ms;
      }
    }
  };
  plan = { ...plan, stalls: (plan.stalls ?? []).map((stall) => ({ ...stall })) };
  if (plan.reasoning > 0) run("reasoning", plan.reasoning);
  if (plan.tool > 0) {
    run("tool", tokens + plan.tool);
    now += plan.toolWaitMs ?? 0;
  }
  run("text", plan.tokens - (plan.burst ?? 0));
  if (plan.burst > 0) {
    now += 259;
    for (let left = plan.burst; left > 0; left -= 16) {
      at.push(Math.round(now * 1000));
      sizes.push(Math.min(16, left));
      kinds.push("text");
      tokens += 16;
      now += 3;
    }
  }
  return {
    atUs: at,
    k: sizes,
    kinds,
    endUs: (at.at(-1) ?? plan.ttftMs * 1000) + Math.round((plan.tailMs ?? 40) * 1000),
  };
}

/** The pauses of a stream by the dashboard's rule. */
export function pausesOf(stream) {
  const gaps = stream.atUs.slice(1).map((us, index) => us - stream.atUs[index]);
  const sorted = gaps.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const threshold = gaps.length >= 8 ? Math.max(250_000, 8 * median) : 250_000;
  const pauses = gaps.flatMap((gap, index) => {
    const toolWait = stream.kinds[index] === "tool" && stream.kinds[index + 1] !== "tool" && gap >= 250_000;
    if (!toolWait && gap < threshold) return [];
    return [
      {
        index: index + 1,
        fromUs: stream.atUs[index],
        toUs: stream.atUs[index + 1],
        lostUs: gap - median,
        kind: toolWait ? "toolWait" : "stall",
        long: !toolWait && gap > 2_000_000,
      },
    ];
  });
  return { pauses, median, threshold, sorted };
}

/** The stream as `GET /api/requests/:id/stream` answers it. */
export function streamAnswer(stream, axis) {
  const { pauses, median, threshold } = pausesOf(stream);
  const runs = [];
  for (const kind of stream.kinds) {
    if (runs.at(-1)?.[0] === kind) runs.at(-1)[1] += 1;
    else runs.push([kind, 1]);
  }
  const firstOf = (kind) => {
    const index = stream.kinds.indexOf(kind);
    return index < 0 ? undefined : stream.atUs[index];
  };
  return {
    dtUs: stream.atUs.map((us, index) => us - (stream.atUs[index - 1] ?? 0)),
    ...(axis === "chunks" ? {} : { k: stream.k }),
    kinds: runs,
    firstsUs: {
      byte: stream.atUs[0] - 900_000 > 0 ? 40_000 : 20_000,
      chunk: stream.atUs[0],
      token: stream.atUs[0],
      answer: firstOf("text"),
      tool: firstOf("tool"),
    },
    lastUs: stream.atUs.at(-1),
    endUs: stream.endUs,
    axis,
    merged: false,
    stalls: pauses,
    rule: { minUs: 250_000, factor: 8, medianUs: median, thresholdUs: threshold },
  };
}
