/** RFC 3339 in whole seconds, as metav1.Time is written: `2026-01-31T00:00:00Z`. A time beyond what a date can say becomes the epoch. */
export function timeText(epochMs: number): string {
  const date = new Date(epochMs);
  const sayable = Number.isNaN(date.getTime()) ? new Date(0) : date;
  return sayable.toISOString().replace(/\.\d+Z$/, "Z");
}
