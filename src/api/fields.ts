import { accept, echo, type Parsed, refuse } from "../oci/parsed.ts";
import { type Pattern, parsePattern, parseScope, type Scope } from "../oci/pattern.ts";
import { parseRegistryHost, parseRepository, registryOf, type Repository } from "../oci/repository.ts";
import { exactPatternClauses, hostClauses, patternClauses, repositoryClauses } from "./pattern-clauses.ts";
import { type Kind, resourceKind, toRef } from "./object.ts";
import { choice, converted, list, parsed, type Schema, struct, text } from "./schema.ts";
import { type Clause, judgeText, textRule } from "./text-rule.ts";

/** Bounds that keep every CEL rule far below the API server's cost limit (operator.md 2.7, tried: 64 items of 512 with regular expressions). */
export const maxItems = 64;
const maxLength = 512;

/** One `host[:port][/path]`, or `"*"` for every image. */
export function scopeField(description: string): Schema<Scope, "present"> {
  const message = 'must be a scope: "host", "host:port" or "host/path", "*" for one whole label of the host, or "*" alone for every image';
  return parsed(text(description, { maxLength }), textRule(patternClauses, { message, except: "*" }), parseScope);
}

/** One `host[:port][/path]`. */
export function patternField(description: string): Schema<Pattern, "present"> {
  const message = 'must be a registry pattern: "host", "host:port" or "host/path", "*" for one whole label of the host';
  return parsed(text(description, { maxLength }), textRule(patternClauses, { message }), parsePattern);
}

/** A pattern without `*`: with one, two registries would become the same repository, and evidence of one would speak for the other. */
export function exactPatternField(description: string): Schema<Pattern, "present"> {
  const message = 'must be a repository prefix: "host", "host:port" or "host/path"';
  const rule = textRule(exactPatternClauses, { message });
  return parsed(text(description, { maxLength }), rule, (value): Parsed<Pattern> => {
    const pattern = parsePattern(value);
    if (!pattern.ok || pattern.value.wildcards === 0) return pattern;
    return refuse("NotAHost", value, 'has "*" in it; a rewrite begins with an exact host');
  });
}

/** A repository with its registry host written out. */
export function repositoryField(description: string): Schema<Repository, "present"> {
  const rule = textRule(repositoryClauses, { message: 'must be a repository: "host/path"' });
  return parsed(text(description, { maxLength }), rule, parseRepository);
}

/** One exact host, decoded to its canonical `host[:port]`. */
export function hostField(description: string): Schema<string, "present"> {
  const rule = textRule(hostClauses, { message: 'must be a registry host: "host" or "host:port"' });
  return parsed(text(description, { maxLength }), rule, (value): Parsed<string> => {
    const host = parseRegistryHost(value);
    return host.ok ? accept(registryOf(host.value)) : host;
  });
}

const subdomain = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const nameClauses: readonly Clause[] = [
  {
    shape: subdomain,
    negated: true,
    detail: 'is not an object name: lower-case letters, digits, "-" and ".", a letter or digit at both ends',
  },
];
const namespaceClauses: readonly Clause[] = [
  {
    shape: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    negated: true,
    detail: 'is not the name of a namespace: lower-case letters, digits and "-", a letter or digit at both ends',
  },
];

/** The name of an object (RFC 1123 subdomain, as the API server wants it). */
export function nameField(description: string, options: { readonly maxLength?: number } = {}): Schema<string, "present"> {
  return judged(text(description, { maxLength: options.maxLength ?? 253 }), nameClauses, "must be an object name");
}

/** The name of a namespace (RFC 1123 label). */
export function namespaceField(description: string): Schema<string, "present"> {
  return judged(text(description, { maxLength: 63 }), namespaceClauses, "must be the name of a namespace");
}

/** A key of the `data` of a ConfigMap or Secret. */
export function dataKeyField(description: string, kind: "ConfigMap" | "Secret" = "ConfigMap"): Schema<string, "present"> {
  const detail = `is not a key of a ${kind}: letters, digits, "-", "_" and "."`;
  const clauses: readonly Clause[] = [{ shape: "^[-._a-zA-Z0-9]+$", negated: true, detail }];
  return judged(text(description, { maxLength: 253 }), clauses, `must be a key of a ${kind}`);
}

/** `{name}`: an object of Kubernetes, in the operator's namespace, or in the own one. */
export function refField(description: string, name: string): Schema<{ readonly name: string }, "present"> {
  return struct(description, { name: nameField(name) });
}

/** Of which scopes the object may be that an object of a namespace refers to. */
interface Reach {
  /** Set: besides the twin of this kind, in the referrer's own namespace, the kind itself, by `kind`. Absent: the former only. */
  readonly either?: Kind;
  /** Description in the twin, where the scope makes a difference to it. */
  readonly twin?: string;
}

/** `{name}`: another object of ours, decoded to the text that `resolveRef` reads. */
export function objectRefField(description: string, name: string, reach: Reach = {}): Schema<string, "present"> {
  const ref = converted(refField(description, name), (written) => toRef(written.name, "Cluster"));
  return { ...ref, twin: refTwin(reach.twin ?? description, name, reach.either) };
}

/** `[{name}]`, likewise. */
export function refsField(description: string, name: string, reach: Reach = {}): Schema<readonly string[], "present"> {
  const bounds = { minItems: 1, maxItems } as const;
  const item = converted(refField("A reference by name.", name), (written) => toRef(written.name, "Cluster"));
  const twin = list(reach.twin ?? description, refTwin("A reference by name.", name, reach.either), {
    ...bounds,
    listType: { keys: reach.either === undefined ? ["name"] : ["kind", "name"] },
  });
  return { ...list(description, item, { ...bounds, listType: { keys: ["name"] } }), twin };
}

function refTwin(description: string, name: string, either: Kind | undefined): Schema<string, "present"> {
  if (either === undefined) {
    const own = struct(description, {
      name: nameField(name.replace(/ of an? (\w+)[.]$/, " of a Namespaced$1, in the object's own namespace.")),
    });
    return converted(own, (written) => toRef(written.name, "Namespaced"));
  }
  const twin = resourceKind(either, "any");
  const ref = struct(description, {
    kind: choice(`Kind of the object: ${twin}, in the object's own namespace, or ${either}, of the whole cluster.`, [twin, either], {
      default: twin,
    }),
    name: nameField(name),
  });
  return converted(ref, (written) => toRef(written.name, written.kind === either ? "Cluster" : "Namespaced"));
}

/** Whether `name` may name an object; what the API server says of another is longer than a message may be. */
export function judgeObjectName(name: string): string | undefined {
  if (name.length > 253) return `"${echo(name)}" is longer than 253 characters`;
  return judgeText(nameClauses, name);
}

/** A text that is none of these ways wrong. */
export function judged(schema: Schema<string, "present">, clauses: readonly Clause[], message: string): Schema<string, "present"> {
  return parsed(schema, textRule(clauses, { message }), (value) => {
    const said = judgeText(clauses, value);
    return said === undefined ? { ok: true, value } : { ok: false, message: said };
  });
}
