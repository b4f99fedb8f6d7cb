import { Info } from "lucide-react";
import { Popover } from "radix-ui";
import { useT } from "../i18n/i18n-context.tsx";
import css from "./popup.module.css";

/** A definition one click or focus away; on hover as the native hint. */
export function InfoHint(props: { readonly about: string; readonly text: string }) {
  const t = useT();
  return (
    <Popover.Root>
      <Popover.Trigger className={css["info"]} title={props.text} aria-label={`${t("chart.info")}: ${props.about}`}>
        <Info size={13} aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className={css["hint"]} sideOffset={4} collisionPadding={8}>
          {props.text}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
