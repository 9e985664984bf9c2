/**
 * The one source of what an object may say: the CRD is printed from these nodes (crd.ts), `decode()` walks them (decode.ts), and the
 * TypeScript type of what passes is inferred from them ({@link TypeOf}). docs/adr/0004-schema-library.md says why they are our own.
 */
export type Schema<T = unknown, P extends Presence = Presence> = (TextNode | IntegerNode | FlagNode | ListNode | MapNode | StructNode) & {
  readonly presence: P;
  readonly [decodesTo]?: T;
};
/** Whether a decoded object always has the field. A field with a default is always there once decoded, and need not be written. */
type Presence = "present" | "optional";
declare const decodesTo: unique symbol;

/** What a value that passes the schema is decoded to. */
export type TypeOf<S> = S extends { readonly [decodesTo]?: infer T } ? T : never;

/** A string, already known to be short enough, turned into what the code works with; `message` is the CEL rule's text. */
type Parse = (value: never) => { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** Where the objects of a kind live. */
export type ObjectScope = "Cluster" | "Namespaced";

interface Node {
  readonly description: string;
  readonly default?: unknown;
  /** CEL, for the API server. Whatever it refuses, `parse` or a rule's `judge` refuses with the same text. */
  readonly rules: readonly CelRule[];
  readonly parse?: Parse;
  /** Of a field: the namespaced twin of the kind has it not, and is decoded to its default (twin.ts). */
  readonly clusterOnly?: true;
  /** What stands in its place in the namespaced twin of the kind, and is decoded to the same type; absent: the same. */
  readonly twin?: Schema;
  /** Of an optional field: in the namespaced twin of the kind it must be written. */
  readonly twinPresence?: "present";
}
export interface TextNode extends Node {
  readonly type: "string";
  readonly minLength?: number;
  /** Code points, as the API server counts (though its message says bytes). */
  readonly maxLength: number;
  readonly choices?: readonly string[];
  readonly format?: "date-time";
  /** Reason of the diagnostic where the value is none of `choices`. Default `InvalidSpec`. */
  readonly reason?: "UnsupportedType";
  /** The choices are names of fields beside it: one goes with its field. */
  readonly namesMember?: true;
}
/** No `format`: the bounds say more, and with one the API server's refusals read `must be of type int64: ""`. */
export interface IntegerNode extends Node {
  readonly type: "integer";
  readonly minimum: number;
  readonly maximum: number;
}
interface FlagNode extends Node {
  readonly type: "boolean";
}
export interface ListNode extends Node {
  readonly type: "array";
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems: number;
  readonly listType: ListType;
}
/** How the API server merges the list, and what it refuses twice: an equal item of a `set`, an item of a `map` whose keys are equal. */
type ListType = "set" | "atomic" | { readonly keys: readonly string[] };
/** Texts by keys that nobody knows beforehand: labels. Printed as an object with `additionalProperties`; the keys are for a rule to bound. */
export interface MapNode extends Node {
  readonly type: "map";
  readonly values: Schema;
  readonly maxProperties: number;
}
export interface StructNode extends Node {
  readonly type: "object";
  readonly fields: Fields;
  readonly rules: readonly StructRule[];
  /** Of the twin alone, beside `rules`. */
  readonly twinRules?: readonly StructRule[];
}
export type Fields = Readonly<Record<string, Schema>>;

/** An entry of `x-kubernetes-validations`. `message` stands in where `messageExpression` cannot be evaluated (a newline in the value). */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
}
/** A rule on several fields of one object, with its twin for `decode()`. */
export interface StructRule extends CelRule {
  /** Set: the failure is reported as `Required value` of this field. */
  readonly requires?: string;
  /** Field without which there is no rule. */
  readonly about?: string;
  /** The text of the refusal, or undefined where the rule holds. Sees the fields as they were written, defaults filled in. */
  readonly judge: (fields: ReadonlyMap<string, unknown>) => string | undefined;
}

type KeysOf<F extends Fields, P extends Presence> = { [K in keyof F]: F[K] extends { readonly presence: P } ? K : never }[keyof F];
type Flatten<T> = { [K in keyof T]: T[K] };
/** What a struct of these fields is decoded to. */
export type StructOf<F extends Fields> = Flatten<
  { readonly [K in KeysOf<F, "present">]: TypeOf<F[K]> } & { readonly [K in KeysOf<F, "optional">]?: TypeOf<F[K]> }
>;

export function text(
  description: string,
  options: Pick<TextNode, "maxLength" | "minLength" | "format"> & { readonly default?: string },
): Schema<string, "present"> {
  return { type: "string", presence: "present", description, rules: [], ...options };
}

export function choice<const T extends string>(
  description: string,
  choices: readonly T[],
  options: { readonly default?: T } & Pick<TextNode, "reason" | "namesMember"> = {},
): Schema<T, "present"> {
  return { type: "string", presence: "present", description, rules: [], choices, maxLength: longestOf(choices), ...options };
}

export function integer(
  description: string,
  options: Pick<IntegerNode, "minimum" | "maximum"> & { readonly default?: number },
): Schema<number, "present"> {
  return { type: "integer", presence: "present", description, rules: [], ...options };
}

export function flag(description: string, options: { readonly default?: boolean } = {}): Schema<boolean, "present"> {
  return { type: "boolean", presence: "present", description, rules: [], ...options };
}

export function list<T>(
  description: string,
  items: Schema<T, "present">,
  options: Pick<ListNode, "listType" | "maxItems" | "minItems"> & { readonly default?: readonly [] },
): Schema<readonly T[], "present"> {
  return { type: "array", presence: "present", description, rules: [], items, ...options };
}

/** Decoded to a `Map`, so that no key is anything but a key. */
export function map<T>(
  description: string,
  values: Schema<T, "present">,
  options: Pick<MapNode, "maxProperties"> & { readonly default?: Readonly<Record<string, never>> },
): Schema<ReadonlyMap<string, T>, "present"> {
  return { type: "map", presence: "present", description, rules: [], values, ...options };
}

export function struct<const F extends Fields>(
  description: string,
  fields: F,
  options: {
    readonly rules?: readonly StructRule[];
    readonly twinRules?: readonly StructRule[];
    readonly default?: Readonly<Record<string, unknown>>;
  } = {},
): Schema<StructOf<F>, "present"> {
  return { type: "object", presence: "present", description, rules: [], fields, ...options };
}

/** The field may be left out, and is then absent from the decoded object. */
export function optional<T>(schema: Schema<T>): Schema<T, "optional"> {
  return { ...schema, presence: "optional" };
}

/** A field that a tenant must not have; whatever is not a member of a union needs a default. */
export function clusterOnly<T, P extends Presence>(schema: Schema<T, P>): Schema<T, P> {
  return { ...schema, clusterOnly: true };
}

/** A field that may be left out, and that a tenant must write: what its absence means is not for a tenant to use. */
export function optionalForCluster<T>(schema: Schema<T, "present">): Schema<T, "optional"> {
  return { ...schema, presence: "optional", twinPresence: "present" };
}

/** A text that code works with in another form than it is written in: `rule` refuses exactly what `parse` refuses, in the same words. */
export function parsed<U>(schema: Schema<string, "present">, rule: CelRule, parse: (value: string) => Outcome<U>): Schema<U, "present"> {
  return withParse(schema.type === "string" ? { ...schema, rules: [...schema.rules, rule] } : schema, parse);
}

/** A rule on a list or map as a whole, with its twin: `judge` gives the text of the refusal, or undefined where the rule holds. */
export function ruled<T>(schema: Schema<T, "present">, rule: CelRule, judge: (value: T) => string | undefined): Schema<T, "present"> {
  const withRule: Schema<T, "present"> =
    schema.type === "array" || schema.type === "map" ? { ...schema, rules: [...schema.rules, rule] } : schema;
  return withParse(withRule, (value) => {
    const message = judge(value);
    return message === undefined ? { ok: true, value } : { ok: false, message };
  });
}

/** A value that has passed, turned into what code works with; nothing can be wrong any more. */
export function converted<T, U>(schema: Schema<T, "present">, convert: (value: T) => U): Schema<U, "present"> {
  return withParse(schema, (value) => ({ ok: true, value: convert(value) }));
}

type Outcome<U> = { readonly ok: true; readonly value: U } | { readonly ok: false; readonly message: string };

function withParse<T, U>(schema: Schema<T, "present">, parse: (value: T) => Outcome<U>): Schema<U, "present"> {
  const inner: Parse | undefined = schema.parse; // what made a T of the checked value, if anything did
  const chained: Parse = (value) => {
    const first = inner?.(value) ?? ({ ok: true, value } as const);
    return first.ok ? parse(first.value as T) : first;
  };
  const twin: Schema | undefined = schema.twin === undefined ? undefined : withParse(schema.twin as Schema<T, "present">, parse);
  const node: Schema<unknown, "present"> = { ...schema, parse: chained, ...(twin !== undefined && { twin }) };
  return node as Schema<U, "present">; // the phantom type follows `parse`
}

function longestOf(choices: readonly string[]): number {
  return Math.max(...choices.map((choice) => choice.length));
}
