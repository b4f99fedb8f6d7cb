import { STALE_NAN_BITS } from "@nexent/monitor-store";

const view = new DataView(new ArrayBuffer(8));
/** What arithmetic units make of the marker: its payload stays, its quiet bit is set. */
const QUIET_BIT = 0x0008000000000000n;

/** Whether a value is the marker of a series that ended; any other NaN is a value. */
export function isStaleMarker(value: number): boolean {
  if (!Number.isNaN(value)) return false;
  view.setFloat64(0, value);
  return (view.getBigUint64(0) | QUIET_BIT) === (STALE_NAN_BITS | QUIET_BIT);
}
