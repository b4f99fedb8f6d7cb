/** The only place of the package that writes to the terminal. */
export interface Output {
  /** A line on stdout. */
  line(text?: string): void;
  /** A line on stderr. */
  error(text: string): void;
  /** One line that replaces itself; drawn on a terminal only, elsewhere dropped. */
  progress(text: string): void;
  /** Removes the progress line. */
  clearProgress(): void;
  /** Whether stdout is a terminal. */
  readonly interactive: boolean;
  /** Columns of the terminal; 80 when unknown. */
  readonly columns: number;
}

/** What {@link createOutput} writes to: `process.stdout` and `process.stderr` fit. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Writes to the given streams, by default those of the process. */
export function createOutput(stdout: OutputStream = process.stdout, stderr: OutputStream = process.stderr): Output {
  const interactive = stdout.isTTY === true;
  let drawn = false;
  const clear = (): void => {
    if (drawn) stdout.write("\r\x1b[2K");
    drawn = false;
  };
  return {
    interactive,
    get columns() {
      return stdout.columns ?? 80;
    },
    line(text = "") {
      clear();
      stdout.write(`${text}\n`);
    },
    error(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!interactive) return;
      clear();
      stdout.write(text.slice(0, (stdout.columns ?? 80) - 1));
      drawn = true;
    },
    clearProgress: clear,
  };
}
