import type { ComponentProps } from "react";
import css from "./button.module.css";

interface ButtonProps extends ComponentProps<"button"> {
  readonly look?: "plain" | "primary" | "quiet";
  /** Only an icon inside: then `aria-label` names it. */
  readonly iconOnly?: boolean;
}

/** Class names of a button, for links that look like one. */
export function buttonClass(look: ButtonProps["look"] = "plain", iconOnly = false): string {
  return [css["button"], look === "plain" ? "" : css[look], iconOnly ? css["icon"] : ""].filter(Boolean).join(" ");
}

/** A button; `type="button"` unless said otherwise. */
export function Button({ look, iconOnly, className, ...rest }: ButtonProps) {
  return <button type="button" {...rest} className={`${buttonClass(look, iconOnly)} ${className ?? ""}`} />;
}
