import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useT } from "../i18n/i18n-context.tsx";
import { Button } from "./button.tsx";

/** Copies text; falls back to `execCommand` where the clipboard API is missing (plain HTTP on a LAN). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.style.position = "fixed";
  area.style.opacity = "0";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}

interface CopyButtonProps {
  readonly text: () => string;
  readonly label: string;
}

/** A button that copies and says so for two seconds. */
export function CopyButton(props: CopyButtonProps) {
  const t = useT();
  const [state, setState] = useState<"idle" | "done" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return undefined;
    const timer = setTimeout(() => setState("idle"), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () => void copyText(props.text()).then((done) => setState(done ? "done" : "failed"));
  const text = state === "idle" ? props.label : t(state === "done" ? "setup.copied" : "setup.copyFailed");
  return (
    <Button onClick={copy} aria-live="polite">
      {state === "done" ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />}
      {text}
    </Button>
  );
}
