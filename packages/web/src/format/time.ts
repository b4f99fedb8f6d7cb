function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Local time of day, `09:41:07`. */
export function formatClock(unixMs: number): string {
  const date = new Date(unixMs);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local time of day to the millisecond, `09:41:07.112`. */
export function formatClockMs(unixMs: number): string {
  return `${formatClock(unixMs)}.${String(new Date(unixMs).getMilliseconds()).padStart(3, "0")}`;
}

/** Local time of day to the minute, `09:41`. */
export function formatMinute(unixMs: number): string {
  return formatClock(unixMs).slice(0, 5);
}

/** Local date, `2026-11-24`. */
export function formatDate(unixMs: number): string {
  const date = new Date(unixMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Offset of local time from UTC at that moment, `+08:00`. */
export function formatOffset(unixMs: number): string {
  const minutes = -new Date(unixMs).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Local date and time for a range's end; the date only where it differs from `today`. */
export function formatMoment(unixMs: number, todayMs: number): string {
  const day = formatDate(unixMs);
  return day === formatDate(todayMs) ? formatMinute(unixMs) : `${day.slice(5)} ${formatMinute(unixMs)}`;
}
