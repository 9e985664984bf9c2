import { parseHost } from "./host.ts";
import { accept, echo, type Parsed, type Refused, refuse } from "./parsed.ts";
import { isHostLike, registryOf, type Repository } from "./repository.ts";
import { parsePath, refuseCharacters } from "./syntax.ts";

/**
 * `host[:port][/segment…]`: one grammar for `AuthProvider.spec.registries` and every `scopes` (design 3).
 * `labels` are the host's, left to right, `*` for a wildcard; an IP address is one label. Canonical: lower case, Hub is `docker.io`, `:443` dropped.
 */
export interface Pattern {
  /** Canonical text: equal exactly if the patterns are. */
  readonly text: string;
  readonly labels: readonly string[];
  readonly port: number | undefined;
  readonly segments: readonly string[];
  readonly wildcards: number;
}

/** What a Store or Policy is asked about: every image (`"*"`), or those that a pattern matches. */
export type Scope = { readonly kind: "all" } | { readonly kind: "pattern"; readonly pattern: Pattern };

/**
 * Where `*` may not stand, in RE2 syntax, so that the CRD's CEL rules test the same; the first that matches gives the message.
 * The texts are simple functions of the input (`echo`, and for `wholeSegment` the input up to the first `/*`).
 */
export const wildcardRules = {
  /** Reason `TooWide`. */
  tooWide: "^([^/]*[.])?[*]([.][^./:*]*)?(:[0-9]+)?(/.*)?$",
  /** Reason `WildcardWithPath`. */
  withPath: "^[^/]*[*][^/]*/.+$",
  /** Reason `WildcardInPath`, with a suggestion. */
  wholeSegment: "^[^*]*/[*](/.*)?$",
  /** Reason `WildcardInPath`, without: any pattern that could be suggested is wider than what was written. */
  partialSegment: "^[^*/]*/.*[*]",
  /** Reason `PartialWildcard`. */
  partialLabel: "[^.][*]|[*][^.:/]",
} as const;
const shapes = {
  tooWide: new RegExp(wildcardRules.tooWide),
  withPath: new RegExp(wildcardRules.withPath),
  wholeSegment: new RegExp(wildcardRules.wholeSegment),
  partialSegment: new RegExp(wildcardRules.partialSegment),
  partialLabel: new RegExp(wildcardRules.partialLabel),
};

/** Parses a registry pattern; one trailing `/` is tolerated, nothing is expanded with `library/`. */
export function parsePattern(text: string): Parsed<Pattern> {
  const refused = refuseCharacters(text) ?? refuseWildcards(text);
  if (refused !== undefined) return refused;
  if (text.includes("@")) return refuse("Userinfo", text, 'has "@" in it; a pattern has neither a user nor a digest');
  const trimmed = text.endsWith("/") ? text.slice(0, -1) : text;
  const slash = trimmed.indexOf("/");
  const name = slash < 0 ? trimmed : trimmed.slice(0, slash);
  if (!isHostLike(name))
    return refuse("NotAHost", text, 'does not begin with a registry host, which has "." or ":" in it or is "localhost"');
  const host = parseHost(name, text, { wildcards: true });
  if (!host.ok) return host;
  const path = slash < 0 ? undefined : trimmed.slice(slash + 1);
  if (path?.includes(":") === true) return refuse("BadTag", text, "has a tag; a pattern names repositories and no tags");
  const segments = path === undefined ? accept([]) : parsePath(path, text);
  if (!segments.ok) return segments;
  const { labels, port } = host.value;
  return accept({
    text: [registryOf(host.value), ...segments.value].join("/"),
    labels,
    port,
    segments: segments.value,
    wildcards: labels.filter((label) => label === "*").length,
  });
}

/** A pattern, or `"*"` for every image. */
export function parseScope(text: string): Parsed<Scope> {
  if (text === "*") return accept({ kind: "all" });
  const pattern = parsePattern(text);
  return pattern.ok ? accept({ kind: "pattern", pattern: pattern.value }) : pattern;
}

/** Labels equal or `*`, as many on both sides; ports equal; the pattern's segments lead the repository's. Never a string prefix. */
export function matchesPattern(pattern: Pattern, repository: Repository): boolean {
  if (pattern.port !== repository.port || pattern.segments.length > repository.segments.length) return false;
  if (!matchesHost(pattern.labels, repository.host)) return false;
  return pattern.segments.every((segment, at) => segment === repository.segments[at]);
}

export function matchesScope(scope: Scope, repository: Repository): boolean {
  return scope.kind === "all" || matchesPattern(scope.pattern, repository);
}

function matchesHost(labels: readonly string[], host: string): boolean {
  let at = 0;
  for (const [index, label] of labels.entries()) {
    if (index > 0) {
      if (host.charCodeAt(at) !== 0x2e) return false;
      at += 1;
    }
    if (label === "*") {
      const dot = host.indexOf(".", at);
      at = dot < 0 ? host.length : dot;
    } else {
      if (!host.startsWith(label, at)) return false;
      at += label.length;
    }
  }
  return at === host.length;
}

function refuseWildcards(text: string): Refused | undefined {
  if (!text.includes("*")) return undefined;
  if (shapes.tooWide.test(text)) return refuse("TooWide", text, 'is too wide: "*" may not stand for one of the last two labels');
  if (shapes.withPath.test(text)) return refuse("WildcardWithPath", text, 'has "*" in its host and a path; a pattern with "*" has no path');
  if (shapes.wholeSegment.test(text))
    return refuse("WildcardInPath", text, `has "*" in a path; write "${echo(text.slice(0, text.indexOf("/*")))}"`);
  if (shapes.partialSegment.test(text))
    return refuse("WildcardInPath", text, 'has "*" in a path; "*" stands for one whole label of the host');
  if (shapes.partialLabel.test(text))
    return refuse("PartialWildcard", text, 'has "*" beside other characters; "*" stands for one whole label');
  return undefined;
}
