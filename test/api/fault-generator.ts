import fc from "fast-check";
import type { Diagnostic } from "../../src/api/diagnostic.ts";
import { kindTable } from "../../src/api/kinds.ts";
import { type ResourceKind, resourceKinds } from "../../src/api/object.ts";
import type { ListNode, Schema } from "../../src/api/schema.ts";
import { accepted, object } from "./objects.ts";
import { nearPatterns } from "./pattern-texts.ts";

/** An object with one thing changed, and what `decode` says of it. */
export interface Case {
  readonly kind: ResourceKind;
  /** What was done where, for the name of a failure. */
  readonly change: string;
  readonly object: { readonly [key: string]: unknown };
  readonly diagnostics: readonly Diagnostic[];
}

/** `count` objects with exactly one fault each; the same for the same seed. */
export function generateFaults(count: number, seed: number): readonly Case[] {
  return fc.sample(
    changes.filter(({ diagnostics }) => diagnostics.length === 1),
    { numRuns: count, seed },
  );
}

/** `count` objects with one text changed to one that may be right or wrong; the same for the same seed. */
export function generateTexts(count: number, seed: number): readonly Case[] {
  return fc.sample(textChanges, { numRuns: count, seed });
}

type Path = readonly (string | number)[];
interface Place {
  readonly kind: ResourceKind;
  readonly sample: Readonly<Record<string, unknown>>;
  readonly path: Path;
  readonly schema: Schema;
  readonly value: unknown;
}
interface Change {
  readonly name: string;
  readonly at: Path;
  /** `undefined` removes. */
  readonly to: fc.Arbitrary<unknown>;
}

const places: readonly Place[] = resourceKinds.flatMap((kind) =>
  Object.values(accepted[kind]).flatMap((sample) => placesOf({ kind, sample, path: [], schema: kindTable[kind].spec, value: sample })),
);
const changes = fc
  .constantFrom(...resourceKinds)
  .chain((kind) =>
    fc
      .constantFrom(...places.filter((place) => place.kind === kind))
      .chain((place) => fc.oneof(...changesOf(place).map((change) => made(place, change)))),
  );
const ruled = places.filter(({ schema }) => schema.type === "string" && schema.rules.length > 0);
const textChanges = fc.constantFrom(...ruled).chain((place) => made(place, { name: "another text", at: place.path, to: texts }));

/** Every place of an accepted spec, with the schema that is for it. */
function placesOf(place: Place): readonly Place[] {
  const { schema, value, path } = place;
  const inner = (key: string | number, inside: Schema | undefined, at: unknown): readonly Place[] =>
    inside === undefined ? [] : placesOf({ ...place, path: [...path, key], schema: inside, value: at });
  if (schema.type === "array" && Array.isArray(value)) return [place, ...value.flatMap((item, at) => inner(at, schema.items, item))];
  if (schema.type === "map") return [place, ...Object.entries(value as object).flatMap(([key, at]) => inner(key, schema.values, at))];
  if (schema.type !== "object" || typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([name, at]) => inner(name, schema.fields[name], at))];
}

function changesOf(place: Place): readonly Change[] {
  const { schema, value, path: at } = place;
  const wrongType = {
    name: "another type",
    at,
    to: fc.constantFrom<unknown>("text", 7, 1.5, true, [], {}).filter((other) => typeOf(other) !== schema.type),
  };
  const general: readonly Change[] =
    at.length === 0 ? [] : [wrongType, { name: "removed", at, to: fc.constant(undefined) }, { name: "null", at, to: fc.constant(null) }];
  switch (schema.type) {
    case "boolean":
      return general;
    case "integer":
      return [...general, { name: "out of bounds", at, to: fc.constantFrom(schema.minimum - 1, schema.maximum + 1, -1, 0) }];
    case "string": {
      if (schema.choices !== undefined)
        return [...general, { name: "no choice", at, to: fc.constantFrom("Sometimes", "", "required", "s3") }];
      const long = {
        name: "too long",
        at,
        to: fc.integer({ min: schema.maxLength + 1, max: schema.maxLength + 600 }).map((length) => "a".repeat(length)),
      };
      return [
        ...general,
        long,
        { name: "empty", at, to: fc.constant("") },
        ...(schema.rules.length > 0 ? [1, 2, 3].map(() => ({ name: "another text", at, to: texts })) : []),
      ];
    }
    case "array": {
      const items: readonly unknown[] = Array.isArray(value) ? value : [];
      return [
        ...general,
        { name: "twice", at, to: fc.constant([...items, ...items]) },
        {
          name: "too many",
          at,
          to: fc.constant(Array.from({ length: schema.maxItems + 1 }, (_, at) => distinctItem(schema, items[0], at))),
        },
        { name: "none", at, to: fc.constant([]) },
        { name: "null inside", at, to: fc.constant([...items, null]) },
      ];
    }
    case "map": {
      const entries = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, "x"]));
      return [
        ...general,
        { name: "too many", at, to: fc.constantFrom(schema.maxProperties + 1, schema.maxProperties + 90).map(entries) },
        { name: "as many as may be", at, to: fc.constant(entries(schema.maxProperties)) },
        {
          name: "another key",
          at,
          to: fc
            .constantFrom("", "a b", "-a", "a.b/c", "A.b/c", "a/b/c", "__proto__", "a".repeat(64))
            .map((key) => Object.fromEntries([[key, "x"]])),
        },
      ];
    }
    case "object": {
      const unknown = fc
        .constantFrom("foo", "namespace", "Type", "scope", "registrys", "secretref")
        .filter((name) => schema.fields[name] === undefined);
      const others = Object.keys(schema.fields).filter((name) => !Object.hasOwn(value as object, name));
      return [
        ...general,
        { name: "unknown field", at, to: unknown.map((name) => ({ ...(value as object), [name]: 1 })) },
        ...others.map((name) => ({
          name: `${name} added`,
          at: [...at, name],
          to: fc.constantFrom<unknown>(...memberSamples(place.kind, name)),
        })),
      ];
    }
  }
}

/** `item` under another name, so that a list of many is nothing but too long. */
function distinctItem({ items, listType }: ListNode, item: unknown, at: number): unknown {
  const name = `r${at}.acme.io`;
  if (items.type !== "object") return name;
  if (typeof listType === "string") return item;
  return { ...(item as object), ...Object.fromEntries(listType.keys.slice(-1).map((key) => [key, name])) };
}

/** What stands under a name anywhere in the samples of the kind: a member of a union, whole, or a field that another excludes. */
function memberSamples(kind: ResourceKind, name: string): readonly unknown[] {
  return [...under(name, Object.values(accepted[kind])), "text", {}];
}

function under(name: string, value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const here = Array.isArray(value) || !Object.hasOwn(value, name) ? [] : [Reflect.get(value, name) as unknown];
  return [...here, ...Object.values(value).flatMap((inner) => under(name, inner))];
}

function made(place: Place, { name, at, to }: Change): fc.Arbitrary<Case> {
  return to.map((value) => {
    const changed = object(place.kind, replaced(place.sample, at, value), "fault");
    const decoded = kindTable[place.kind].decode(changed);
    return {
      kind: place.kind,
      change: `spec.${at.join(".")}: ${name}`,
      object: changed,
      diagnostics: decoded.ok ? [] : decoded.diagnostics,
    };
  });
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.flatMap((item: unknown, at) =>
      at === key ? (rest.length === 0 && by === undefined ? [] : [replaced(item, rest, by)]) : [item],
    );
  const fields = value as Readonly<Record<string, unknown>>;
  const next = replaced(fields[key], rest, by);
  const others = Object.entries(fields).filter(([name]) => name !== key);
  return Object.fromEntries(next === undefined ? others : [...others, [String(key), next]]);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: nearPatterns },
  {
    weight: 1,
    arbitrary: fc.constantFrom("a..b", "-a", "A", "a_b", "a.b", "a-", "ca.crt", "..", "../x", "a/../b", "/etc", "a\u0007", "a b"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "2028-02-29T00:00:00Z",
      "2027-02-29T00:00:00Z",
      "2100-02-29T00:00:00Z",
      "2027-04-31T00:00:00Z",
      "2027-01-31T24:00:00Z",
      "2027-01-31T23:59:60Z",
      "2027-01-31T00:00:00.5+01:00",
      "2027-01-31t00:00:00z",
      "2027-01-31",
      "0s",
      "99ms",
      "100ms",
      "30s",
      "30001ms",
      "1h",
      "24h",
      "24h1ms",
      "9s",
      "10s",
      "1.5s",
      "5",
      "s",
      "999999h999999h9h",
    ),
  },
);
