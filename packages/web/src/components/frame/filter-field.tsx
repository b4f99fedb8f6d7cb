import { Search } from "lucide-react";
import { useEffect, useRef, useState, type RefObject } from "react";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./frame.module.css";

const APPLY_AFTER_MS = 250;

interface FilterFieldProps {
  readonly value: string;
  /** While typing the address is replaced; leaving the field or Enter commits. */
  readonly onChange: (value: string, commit: boolean) => void;
  readonly inputRef: RefObject<HTMLInputElement | null>;
}

/** The filter text; what is typed reaches the server after a short rest. */
export function FilterField(props: FilterFieldProps) {
  const t = useT();
  const [text, setText] = useState(props.value);
  const latest = useRef(props.onChange);
  latest.current = props.onChange;
  useEffect(() => setText(props.value), [props.value]);
  useEffect(() => {
    if (text === props.value) return undefined;
    const timer = setTimeout(() => latest.current(text, false), APPLY_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, props.value]);
  return (
    <div className={css["search"]}>
      <Search size={13} aria-hidden="true" />
      <input
        ref={props.inputRef}
        type="search"
        aria-label={t("filter.textLabel")}
        placeholder={t("filter.text")}
        value={text}
        maxLength={16_384}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") props.onChange(text, true);
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      {text === "" ? <kbd aria-hidden="true">/</kbd> : null}
    </div>
  );
}
