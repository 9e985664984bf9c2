/** Three-valued truth: `unknown` is what could still become either (Kleene's strong logic). */
export type Truth = "true" | "false" | "unknown";

/** True if all are; false if any is; else unknown. Of none: true. */
export function and(values: Iterable<Truth>): Truth {
  let unknown = false;
  for (const value of values) {
    if (value === "false") return "false";
    unknown ||= value === "unknown";
  }
  return unknown ? "unknown" : "true";
}

/** False if all are; true if any is; else unknown. Of none: false. */
export function or(values: Iterable<Truth>): Truth {
  let unknown = false;
  for (const value of values) {
    if (value === "true") return "true";
    unknown ||= value === "unknown";
  }
  return unknown ? "unknown" : "false";
}
