import { LRUCache } from "lru-cache";
import type { CelEnvironment, CelFunction, CelLibrary } from "./cel.ts";

/** Time zones that are remembered: making one takes 100 µs. */
const rememberedZones = 16;

/** What the methods of a timestamp give of a date whose UTC fields are those of the time zone that was asked for (cel-spec langdef.md §timestamps). */
const fields: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) => Math.floor((date.getTime() - startOfYear(date)) / 86_400_000),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

/**
 * The methods of timestamps, in place of the library's, which pass through the machine's own time zone: where clocks are put forward, they give another
 * hour or day on a laptop than in a cluster, and a verdict must not.
 */
export function timestampMethods({ celMethod, CelScalar }: CelLibrary, standard: CelEnvironment): readonly CelFunction[] {
  const [{ target } = { target: undefined }] = standard.funcs.find("getFullYear") ?? [];
  if (target === undefined) return [];
  const { INT, STRING } = CelScalar;
  const zones = new LRUCache<string, Intl.DateTimeFormat>({ max: rememberedZones });
  return Object.entries(fields).flatMap(([name, field]) => [
    celMethod(name, target, [], INT, function () {
      return BigInt(field(toDate(this)));
    }),
    celMethod(name, target, [STRING], INT, function (zone) {
      return BigInt(field(inZone(toDate(this), zone, zones)));
    }),
  ]);
}

/** `timestamp`: a reflected google.protobuf.Timestamp, as the overload's target promises. */
function toDate(timestamp: unknown): Date {
  const { seconds, nanos } = (timestamp as { readonly message: { readonly seconds: bigint; readonly nanos: number } }).message;
  return new Date(Number(seconds) * 1000 + Math.floor(nanos / 1_000_000));
}

/** `zone`: `+02:00`, or a name such as `Europe/Paris`. @throws RangeError for another */
function inZone(date: Date, zone: string, zones: LRUCache<string, Intl.DateTimeFormat>): Date {
  const [, sign, hours, minutes] = /^([+-]?)(\d\d):(\d\d)$/u.exec(zone) ?? [];
  if (sign !== undefined) return new Date(date.getTime() + (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000);
  const format = zones.get(zone) ?? zoneFormat(zone);
  zones.set(zone, format);
  const parts = new Map(format.formatToParts(date).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = new Date(0);
  local.setUTCFullYear(part("year"), part("month") - 1, part("day"));
  local.setUTCHours(part("hour"), part("minute"), part("second"), date.getUTCMilliseconds());
  return local;
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}

function startOfYear(date: Date): number {
  return new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
}
