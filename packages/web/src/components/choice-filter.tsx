import { Check, ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useId, useState, type KeyboardEvent } from "react";
import { useFormat } from "../format/format.ts";
import { useT } from "../i18n/i18n-context.tsx";
import { Button, buttonClass } from "./button.tsx";
import css from "./popup.module.css";
import { visibleText } from "./marks.tsx";

/** A value to choose, with the number of calls behind it. */
export interface Choice {
  readonly value: string;
  readonly calls: number;
}

interface ChoiceFilterProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** A multi-choice filter: a button that opens a listbox. Nothing chosen means all. */
export function ChoiceFilter(props: ChoiceFilterProps) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const { chosen } = props;
  const [only] = chosen;
  const summary =
    only === undefined
      ? t("filter.all")
      : chosen.length === 1
        ? visibleText(only)
        : t("filter.some", { n: chosen.length });
  // A chosen value stays choosable although the facets no longer name it.
  const known = new Set(props.choices.map((choice) => choice.value));
  const choices = [
    ...props.choices,
    ...chosen.filter((value) => !known.has(value)).map((value) => ({ value, calls: 0 })),
  ];
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className={buttonClass()} data-active={chosen.length > 0}>
        <span data-part="label">{props.label}</span>
        <bdi data-part="value">{summary}</bdi>
        <ChevronDown size={13} aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={css["popup"]}
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={props.label}
        >
          {choices.length === 0 ? (
            <p className={css["note"]}>{t("filter.none")}</p>
          ) : (
            <Listbox label={props.label} choices={choices} chosen={chosen} onChange={props.onChange} />
          )}
          {chosen.length === 0 ? null : (
            <div className={css["foot"]}>
              <Button look="quiet" onClick={() => props.onChange([])}>
                {t("filter.clear")}
              </Button>
            </div>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Listbox(props: ChoiceFilterProps) {
  const base = useId();
  const format = useFormat();
  const [active, setActive] = useState(0);
  const toggle = (value: string) =>
    props.onChange(
      props.chosen.includes(value) ? props.chosen.filter((other) => other !== value) : [...props.chosen, value],
    );
  const onKeyDown = (event: KeyboardEvent) => {
    const last = props.choices.length - 1;
    if (event.key === "ArrowDown") setActive(Math.min(last, active + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, active - 1));
    else if (event.key === "Home") setActive(0);
    else if (event.key === "End") setActive(last);
    else if (event.key === "Enter" || event.key === " ") toggle(props.choices[active]?.value ?? "");
    else return;
    event.preventDefault();
  };
  return (
    <div
      role="listbox"
      aria-multiselectable="true"
      aria-label={props.label}
      aria-activedescendant={`${base}-${active}`}
      tabIndex={0}
      className={css["listbox"]}
      onKeyDown={onKeyDown}
    >
      {props.choices.map((choice, index) => (
        <div
          key={choice.value}
          id={`${base}-${index}`}
          role="option"
          aria-selected={props.chosen.includes(choice.value)}
          className={`${css["option"]} ${index === active ? css["active"] : ""}`}
          onClick={() => toggle(choice.value)}
          onMouseMove={() => setActive(index)}
        >
          <span className={css["check"]}>
            {props.chosen.includes(choice.value) ? <Check size={14} aria-hidden="true" /> : null}
          </span>
          <bdi>{visibleText(choice.value)}</bdi>
          <span className={css["count"]}>{format.count(choice.calls)}</span>
        </div>
      ))}
    </div>
  );
}
