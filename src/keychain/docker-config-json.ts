import type { Secret } from "../kernel/secret.ts";
import type { Credential } from "../oci/credential.ts";
import { asObject, field, parseJSON } from "../oci/json.ts";
import { echo } from "../oci/parsed.ts";
import { matchesPattern, parsePattern, type Pattern } from "../oci/pattern.ts";
import { printRepository, type Repository } from "../oci/repository.ts";
import { decodeDockerAuthEntry } from "./docker-auth-entry.ts";
import { type Answer, refused } from "./answer.ts";
import type { Unavailable } from "./ports.ts";

/** One key of `auths`: what it matches, and the credential or why there is none. */
export interface KeyedCredential {
  readonly pattern: Pattern;
  /** Place among the keys that name one registry in different ways; the lowest is tried first. */
  readonly rank: number;
  readonly content: { readonly ok: true; readonly credential: Credential } | { readonly ok: false; readonly problem: string };
}

export type DockerConfig =
  | { readonly ok: true; readonly keys: readonly KeyedCredential[]; readonly warnings: readonly string[] }
  | ({ readonly ok: false } & Unavailable);

/** A Secret's own limit in Kubernetes; more than a file of credentials needs. */
export const longestDockerConfig = 1024 * 1024;
/** Keys are compared one by one. */
const mostKeys = 1_000;
/** Warnings are shown in a status: the first tell enough. */
const mostWarnings = 8;
/** `auths`, its entries, and room for what Docker keeps beside them (`HttpHeaders`, `plugins`). */
const deepest = 16;

/** As the kubelet does; more look like guessing. */
const mostCredentials = 3;

/**
 * Decodes a `config.json` (`dockerconfigjson`), or the older form that has its keys at the top (`dockercfg`). One bad entry leaves the others alone; a
 * credential helper, or bytes that are no such document, are an error. `source` names the object in messages, which hold nothing else but patterns.
 */
export function decodeDockerConfig(
  bytes: Secret<Uint8Array>,
  options: { readonly source: string; readonly revision: string; readonly format: "dockerconfigjson" | "dockercfg" },
): DockerConfig {
  const { source } = options;
  const json = parseJSON(bytes.reveal(), source, { bytes: longestDockerConfig, depth: deepest });
  if (!json.ok) return invalid(json.message);
  const document = asObject(json.value);
  if (document === undefined) return invalid(`${source} is not a JSON object`);
  const helper = options.format === "dockerconfigjson" ? namedHelper(document) : undefined;
  if (helper !== undefined)
    return invalid(`${source} has "${helper}": credential helpers are never run; put the credential itself into "auths"`);
  const auths = options.format === "dockercfg" ? document : asObject(field(document, "auths"));
  if (auths === undefined) return invalid(`${source} has no "auths"`);
  const entries = Object.entries(auths).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length > mostKeys) return invalid(`${source} has more than ${mostKeys} keys`);
  const keys: KeyedCredential[] = [];
  const warnings: string[] = [];
  for (const [at, [key, value]] of entries.entries()) {
    const pattern = parseKey(key);
    if (pattern === undefined) warnings.push(`${source}: key ${at + 1} in alphabetical order is not a registry and is ignored`);
    else if (pattern.wildcards > 0) warnings.push(`${source}: key "${echo(pattern.text)}" has a wildcard and is ignored`);
    else {
      const entry = decodeDockerAuthEntry(value);
      if (!entry.ok) warnings.push(`${source}: key "${echo(pattern.text)}" ${entry.problem}`);
      const content = entry.ok ? { ok: true as const, credential: { ...entry.credential, revision: `${options.revision}#${at}` } } : entry;
      keys.push({ pattern, rank: spellingRank(key, pattern), content });
    }
  }
  return { ok: true, keys, warnings: [...differing(keys, source), ...warnings].slice(0, mostWarnings) };
}

/**
 * The credentials of the keys that match, most specific first, equal ones once, three at most. The third gate: the provider's pattern matched, and a key
 * counts only where it matches by the same rules.
 */
export function credentialsFor(keys: readonly KeyedCredential[], repository: Repository, source: string): Answer {
  const matching = keys
    .filter((key) => key.pattern.wildcards === 0 && matchesPattern(key.pattern, repository))
    .toSorted((a, b) => b.pattern.segments.length - a.pattern.segments.length || a.rank - b.rank);
  const credentials: Credential[] = [];
  for (const { content } of matching) {
    if (content.ok && !credentials.some((known) => sameSecret(known, content.credential))) credentials.push(content.credential);
  }
  if (credentials.length > 0) return { ok: true, credentials: credentials.slice(0, mostCredentials) };
  const [broken] = matching;
  if (broken !== undefined && !broken.content.ok) return invalid(`${source}: key "${echo(broken.pattern.text)}" ${broken.content.problem}`);
  return { ok: false, reason: "NoMatchingKey", message: `${source} has no key for ${echo(printRepository(repository))}` };
}

/** Why these keys cannot serve any repository that `patterns` match; for the state of a provider, before anyone asks. */
export function refuseUseless(keys: readonly KeyedCredential[], patterns: readonly Pattern[], source: string): Unavailable | undefined {
  const reached = keys.filter((key) => key.pattern.wildcards === 0 && patterns.some((pattern) => overlap(pattern, key.pattern)));
  if (reached.some((key) => key.content.ok)) return undefined;
  const [broken] = reached;
  if (broken !== undefined && !broken.content.ok)
    return { reason: "CredentialInvalid", message: `${source}: key "${echo(broken.pattern.text)}" ${broken.content.problem}` };
  return { reason: "NoMatchingKey", message: `${source} has no key for any of the provider's registries` };
}

/** Whether some repository matches both; `key` has no wildcard. */
function overlap(pattern: Pattern, key: Pattern): boolean {
  const host = { host: key.labels.join("."), port: key.port, segments: [] };
  if (!matchesPattern({ ...pattern, segments: [] }, host)) return false;
  const shorter = Math.min(pattern.segments.length, key.segments.length);
  return pattern.segments.slice(0, shorter).every((segment, at) => segment === key.segments[at]);
}

/** A key as Docker, Podman and kubectl write it: perhaps a URL, and then perhaps of the API's root; nothing else is cut off. */
function parseKey(key: string): Pattern | undefined {
  const bare = key
    .replace(/^https?:\/\//, "")
    .replace(/\/v[12]\/?$/, (root, at: number, whole: string) => (whole.indexOf("/") === at ? "" : root));
  const parsed = parsePattern(bare);
  return parsed.ok ? parsed.value : undefined;
}

/** The canonical spelling comes first; of Docker Hub's then those that tools write, in this order. */
function spellingRank(key: string, pattern: Pattern): number {
  if (key === pattern.text) return 0;
  const host = key.slice(0, key.length - pattern.segments.join("/").length).replace(/\/$/, "");
  const known = ["index.docker.io", "https://index.docker.io/v1", "registry-1.docker.io"].indexOf(host);
  return known < 0 ? 4 : known + 1;
}

function differing(keys: readonly KeyedCredential[], source: string): readonly string[] {
  const first = new Map<string, KeyedCredential>();
  const differ = new Set<string>();
  for (const key of keys) {
    const known = first.get(key.pattern.text) ?? key;
    first.set(key.pattern.text, known);
    const same = known === key || (known.content.ok && key.content.ok && sameSecret(known.content.credential, key.content.credential));
    if (!same) differ.add(key.pattern.text);
  }
  return [...differ].map((text) => `${source}: several keys mean "${echo(text)}" and hold different credentials`);
}

function sameSecret(a: Credential, b: Credential): boolean {
  return a.scheme === b.scheme && a.username?.reveal() === b.username?.reveal() && a.secret.reveal() === b.secret.reveal();
}

/** Name of the field that asks for a credential helper; empty ones ask for none. */
function namedHelper(document: Readonly<Record<string, unknown>>): string | undefined {
  const store = field(document, "credsStore");
  if (store !== undefined && store !== null && store !== "") return "credsStore";
  const helpers = field(document, "credHelpers");
  const listed = asObject(helpers);
  const none = helpers === undefined || helpers === null || (listed !== undefined && Object.keys(listed).length === 0);
  return none ? undefined : "credHelpers";
}

function invalid(message: string): { readonly ok: false } & Unavailable {
  return refused({ reason: "CredentialInvalid", message });
}
