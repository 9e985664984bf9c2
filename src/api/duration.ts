import { parsed, type Schema, text } from "./schema.ts";

/** Bounds of a duration field, as they are written in messages. */
export interface DurationBounds {
  readonly atLeast: string;
  readonly atMost: string;
  readonly default: string;
}

const shape = /^([0-9]{1,6}(ms|s|m|h))+$/;
const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Go's durations in whole numbers, `1m30s`, in milliseconds; undefined for anything else. */
export function parseDurationMs(value: string): number | undefined {
  if (!shape.test(value)) return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/([0-9]+)(ms|s|m|h)/g)) total += Number(amount) * unitMs[unit as keyof typeof unitMs]; // the shape names them
  return total;
}

/**
 * A duration, decoded to milliseconds. Six digits and 16 characters: two components of 999999 h, which CEL's `duration()` can still hold
 * (an overflow there would be an error instead of a refusal).
 */
export function durationField(description: string, bounds: DurationBounds): Schema<number, "present"> {
  const [least, most] = [parseDurationMs(bounds.atLeast) ?? 0, parseDurationMs(bounds.atMost) ?? 0];
  const unreadable = 'must be a duration: whole numbers with units, such as "500ms", "2s" or "1m30s"';
  const outside = `must be between ${bounds.atLeast} and ${bounds.atMost}`;
  const matches = `self.matches(r'${shape.source}')`;
  const rule = {
    rule: `${matches} && duration(self) >= duration('${bounds.atLeast}') && duration(self) <= duration('${bounds.atMost}')`,
    message: unreadable,
    messageExpression: `${matches} ? '${outside}' : '${unreadable}'`,
  };
  return parsed(text(description, { maxLength: 16, default: bounds.default }), rule, (value) => {
    const ms = parseDurationMs(value);
    if (ms === undefined) return { ok: false, message: unreadable };
    return ms >= least && ms <= most ? { ok: true, value: ms } : { ok: false, message: outside };
  });
}
