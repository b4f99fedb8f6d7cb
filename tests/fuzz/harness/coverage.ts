import { Session } from "node:inspector";

/** Which characters of the bundle ran, added up over the life of a worker. */
export interface Coverage {
  /** Whether something ran since the last look that never ran before; kept, it is not new again. */
  isNew(options: { readonly keep: boolean }): boolean;
  /** Characters that ran at least once. */
  readonly covered: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

/** Block coverage of the script of that URL in this thread, by V8's own profiler. */
export function createCoverage(isCode: (url: string) => boolean): Coverage {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  let seen = new Uint8Array(0);
  let now = new Uint8Array(0);
  let covered = 0;

  function take(): readonly ScriptCoverage[] {
    let scripts: readonly ScriptCoverage[] = [];
    session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error === null) scripts = answer.result.filter(({ url }) => isCode(url));
    });
    return scripts;
  }

  function paint(script: ScriptCoverage): void {
    // An inner range says more precisely what the outer one says of it; outer ones come first.
    for (const { ranges } of script.functions)
      for (const { startOffset, endOffset, count } of ranges) {
        if (endOffset > now.length) {
          now = grown(now, endOffset);
          seen = grown(seen, endOffset);
        }
        now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      }
  }

  return {
    get covered() {
      return covered;
    },
    isNew({ keep }) {
      now.fill(0);
      for (const script of take()) paint(script);
      let fresh = 0;
      for (let i = 0; i < now.length; i++) {
        if (now[i] !== 1 || seen[i] === 1) continue;
        fresh++;
        if (keep) seen[i] = 1;
      }
      if (keep) covered += fresh;
      return fresh > 0;
    },
  };
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}
