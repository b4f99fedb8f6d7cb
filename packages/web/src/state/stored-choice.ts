import { useCallback, useState } from "react";

function read(key: string): string | null {
  try {
    return localStorage.getItem(`nexent.${key}`);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(`nexent.${key}`, value);
  } catch {
    // Storage may be blocked; the choice then lasts until reload.
  }
}

/** A yes-or-no preference kept in this browser. */
export function useStoredChoice(key: string, fallback: boolean): readonly [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(() => {
    const stored = read(key);
    return stored === null ? fallback : stored === "1";
  });
  const set = useCallback(
    (next: boolean) => {
      write(key, next ? "1" : "0");
      setValue(next);
    },
    [key],
  );
  return [value, set];
}
