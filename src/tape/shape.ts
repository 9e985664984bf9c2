import { asObject } from "../oci/json.ts";
import { TapeError } from "./tape-error.ts";

/** Reads one value of a JSON document, strictly. @throws TapeError TAPE_INVALID, naming `at` and nothing of the value */
export type Shape<T> = (value: unknown, at: string) => T;
/** A member that may be absent. */
export interface Optional<T> {
  readonly optional: Shape<T>;
}
/** No member of what is read may be there and be undefined: one whose type says so may be absent. */
type Members<T> = { readonly [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Shape<T[K]> };

export function invalid(at: string, what: string): TapeError {
  return new TapeError("TAPE_INVALID", `The recording is not valid: ${at === "" ? "it" : at} ${what}`);
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

/** An object with these members and no others. */
export function struct<T extends object>(members: Members<T>): Shape<T> {
  const shapes = Object.entries(members) as readonly (readonly [string, Shape<unknown> | Optional<unknown>])[]; // whatever T is
  const names = new Set(shapes.map(([name]) => name));
  return (value, at) => {
    const object = objectAt(value, at);
    for (const name of Object.keys(object)) if (!names.has(name)) throw invalid(at, "has a member that this version does not know");
    const entries = shapes.flatMap(([name, shape]): readonly (readonly [string, unknown])[] => {
      const given = Object.hasOwn(object, name) ? object[name] : undefined;
      const path = at === "" ? name : `${at}.${name}`;
      if (typeof shape === "function") {
        if (given === undefined) throw invalid(path, "is missing");
        return [[name, shape(given, path)]];
      }
      return given === undefined ? [] : [[name, shape.optional(given, path)]];
    });
    return Object.fromEntries(entries) as T; // each member has the shape that T says
  };
}

/** An object of which the member `type` says the shape of the rest. */
export function union<T extends { readonly type: string }>(
  shapes: { readonly [K in T["type"]]: Shape<Extract<T, { readonly type: K }>> },
): Shape<T> {
  const byType = new Map<string, Shape<T>>(Object.entries(shapes) as readonly (readonly [string, Shape<T>])[]); // each gives a T
  return (value, at) => {
    const { type } = objectAt(value, at);
    const shape = typeof type === "string" ? byType.get(type) : undefined;
    if (shape === undefined) throw invalid(`${at}.type`, "is none that this version knows");
    return shape(value, at);
  };
}

export function list<T>(shape: Shape<T>, most: number): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw invalid(at, "is no list");
    if (value.length > most) throw invalid(at, `has more than ${most} entries`);
    return value.map((entry: unknown, index) => shape(entry, `${at}[${index}]`));
  };
}

/** Entries by a key of any text; the key is given to `shape` by its place only. */
export function entries<T>(shape: (key: string, value: unknown, at: string) => T, most: number): Shape<readonly T[]> {
  return (value, at) => {
    const given = Object.entries(objectAt(value, at));
    if (given.length > most) throw invalid(at, `has more than ${most} entries`);
    return given.map(([key, entry], index) => shape(key, entry, `${at}[${index}]`));
  };
}

export function text(most: number): Shape<string> {
  return (value, at) => {
    if (typeof value !== "string") throw invalid(at, "is no text");
    if (value.length > most) throw invalid(at, `has more than ${most} characters`);
    return value;
  };
}

export function oneOf<const C extends readonly (string | true)[]>(...choices: C): Shape<C[number]> {
  return (value, at) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw invalid(at, "is none of what it may be");
    return found;
  };
}

export const flag: Shape<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw invalid(at, "is neither true nor false");
  return value;
};

/** A whole number in this range. */
export function whole(least: number, most: number): Shape<number> {
  return (value, at) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most)
      throw invalid(at, `is no whole number between ${least} and ${most}`);
    return value;
  };
}

/** Milliseconds of a verification: thousandths count. */
export function duration(most: number): Shape<number> {
  return (value, at) => {
    if (typeof value !== "number" || !(value >= 0 && value <= most)) throw invalid(at, `is no number between 0 and ${most}`);
    return value;
  };
}

/** Any JSON object. */
export const anyObject: Shape<Readonly<Record<string, unknown>>> = objectAt;

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  const object = asObject(value);
  if (object === undefined) throw invalid(at === "" ? "it" : at, "is no object");
  return object;
}
