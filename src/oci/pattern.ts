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
