import type { Output } from "../output.ts";

/** Where a run stands. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** 0 for the first plays, then one for each time that scenarios are played again. */
  readonly round: number;
}

/** Lines of one round where no terminal redraws one. */
const LINES_PER_ROUND = 10;

/**
 * Tells how far a run is: on a terminal in the one line that replaces itself, elsewhere on stderr with every tenth of a
 * round, so that a log shows life and stdout stays what was asked for.
 * @param elapsedSeconds since the run began.
 */
export function progressTeller(output: Output, elapsedSeconds: () => number): (progress: Progress) => void {
  let toldRound = 0;
  let told = 0;
  return ({ done, total, round }) => {
    const what = round === 0 ? "calls" : `calls again, round ${round}`;
    const text = `verify: ${done} of ${total} ${what}, ${elapsedSeconds().toFixed(0)} s`;
    if (output.interactive) return output.progress(text);
    if (round !== toldRound) [toldRound, told] = [round, 0];
    const reached = Math.floor((done / total) * LINES_PER_ROUND);
    if (reached === told) return;
    told = reached;
    output.error(text);
  };
}
