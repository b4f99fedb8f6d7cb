import type { OpenCalls } from "@nexent/monitor-api";
import { useEffect, useRef, useState } from "react";
import { useLiveEvents } from "./live-context.tsx";

/** Told twice a second; what has not been heard for so long is no longer true. */
const FORGET_MS = 5_000;

/** Calls that are open in the gateway now; undefined while nobody says. */
export function useOpenCalls(): OpenCalls | undefined {
  const [open, setOpen] = useState<OpenCalls>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useLiveEvents((event) => {
    if (event.event !== "open") return;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(undefined), FORGET_MS);
    setOpen(event.data);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return open;
}
