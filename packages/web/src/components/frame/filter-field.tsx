import { Search } from "lucide-react";
import { useEffect, useState, type Ref } from "react";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./frame.module.css";

const APPLY_AFTER_MS = 250;

interface FilterFieldProps {
  readonly value: string;
  /** While typing the address is replaced; Enter commits. */
  readonly onChange: (value: string, commit: boolean) => void;
  readonly ref: Ref<HTMLInputElement>;
}

/** The filter text; what is typed reaches the server after a short rest. */
export function FilterField({ value, onChange, ref }: FilterFieldProps) {
  const t = useT();
  // `applied` is the last text this field sent: its echo must not overwrite what was typed since.
  const [field, setField] = useState({ text: value, applied: value, seen: value });
  const { text, applied, seen } = field;
  if (value !== seen) setField({ text: value === applied ? text : value, applied: value, seen: value });
  useEffect(() => {
    if (text === applied) return undefined;
    const timer = setTimeout(() => {
      setField((now) => ({ ...now, applied: text }));
      onChange(text, false);
    }, APPLY_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, applied, onChange]);
  const commit = () => {
    setField((now) => ({ ...now, applied: text }));
    onChange(text, true);
  };
  return (
    <div className={css["search"]}>
      <Search size={13} aria-hidden="true" />
      <input
        ref={ref}
        type="search"
        aria-label={t("filter.textLabel")}
        placeholder={t("filter.text")}
        value={text}
        maxLength={16_384}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setField((now) => ({ ...now, text: event.target.value }))}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      {text === "" ? <kbd aria-hidden="true">/</kbd> : null}
    </div>
  );
}
