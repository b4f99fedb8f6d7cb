import type { RequestDetail } from "@nexent/monitor-api";
import { useMemo, type ReactNode } from "react";
import { chunksUntil, deliveredAt, kindAt, type StreamModel } from "../../canvas/stream-model.ts";
import type { StreamWords } from "../../canvas/stream-style.ts";
import { useFormat } from "../../format/format.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

const SLICES = 60;

interface TablesProps {
  readonly model: StreamModel;
  readonly detail: RequestDetail;
  readonly words: StreamWords;
}

/** The stream as tables: phases, pauses, and 60 slices of its time. */
export function StreamTables({ model, words }: TablesProps) {
  const t = useT();
  const format = useFormat();
  const time = (us: number) => format.duration(us / 1e6);
  const unit = t(model.axis === "chunks" ? "stream.chunksUnit" : "stream.tokensUnit");
  const estimate = model.axis === "estimated" ? "~" : "";
  const slices = useMemo(() => slicesOf(model), [model]);
  return (
    <div className={css["tables"]}>
      <TableBox
        title={t("stream.tablePhases")}
        heads={[t("stream.phase"), t("stream.from"), t("stream.to"), t("stream.seconds")]}
      >
        {model.phases.map((phase, index) => (
          <Row
            key={index}
            cells={[words[phase.kind], time(phase.fromUs), time(phase.toUs), time(phase.toUs - phase.fromUs)]}
          />
        ))}
      </TableBox>
      <TableBox
        title={t("stream.tableStalls")}
        heads={[t("stream.kind"), t("stream.from"), t("stream.seconds"), t("stream.lost")]}
        empty={model.pauses.length === 0 ? t("stream.noStalls") : undefined}
      >
        {model.pauses.map((pause) => (
          <Row
            key={pause.index}
            cells={[
              t(pause.kind === "toolWait" ? "stream.toolWait" : pause.long ? "stream.longStall" : "stream.stall"),
              time(pause.fromUs),
              time(pause.toUs - pause.fromUs),
              time(pause.lostUs),
            ]}
          />
        ))}
      </TableBox>
      <TableBox title={t("stream.tableBuckets")} heads={[t("stream.from"), t("stream.kind"), unit]}>
        {slices.map((slice) => (
          <Row
            key={slice.fromUs}
            cells={[
              time(slice.fromUs),
              slice.kind === undefined ? format.count(undefined) : words[slice.kind],
              slice.amount === 0 ? "0" : `${estimate}${format.count(Math.round(slice.amount))}`,
            ]}
          />
        ))}
      </TableBox>
    </div>
  );
}

function slicesOf(model: StreamModel) {
  return Array.from({ length: SLICES }, (_, index) => {
    const fromUs = (index / SLICES) * model.endUs;
    const toUs = ((index + 1) / SLICES) * model.endUs;
    const until = chunksUntil(model, toUs);
    const before = index === 0 ? 0 : chunksUntil(model, fromUs);
    const amount = deliveredAt(model, toUs) - (index === 0 ? 0 : deliveredAt(model, fromUs));
    return { fromUs, amount, kind: until > before ? kindAt(model, until - 1) : undefined };
  });
}

interface TableBoxProps {
  readonly title: string;
  readonly heads: readonly string[];
  readonly empty?: string | undefined;
  readonly children: ReactNode;
}

function TableBox(props: TableBoxProps) {
  return (
    <section>
      <h3>{props.title}</h3>
      {props.empty === undefined ? (
        <div className={css["tableBox"]} role="group" aria-label={props.title} tabIndex={0}>
          <table className={css["table"]}>
            <thead>
              <tr>
                {props.heads.map((head, index) => (
                  <th key={head} scope="col" className={index === 0 ? undefined : css["number"]}>
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{props.children}</tbody>
          </table>
        </div>
      ) : (
        <p>{props.empty}</p>
      )}
    </section>
  );
}

function Row(props: { readonly cells: readonly string[] }) {
  return (
    <tr>
      {props.cells.map((cell, index) => (
        <td key={index} className={index === 0 ? undefined : css["number"]}>
          {cell}
        </td>
      ))}
    </tr>
  );
}
