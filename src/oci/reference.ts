import { type Digest, parseDigest } from "./digest.ts";
import { parseHost } from "./host.ts";
import { accept, type Parsed, refuse } from "./parsed.ts";
import { isHostLike, printRepository, type Repository } from "./repository.ts";
import { parsePath, refuseCharacters } from "./syntax.ts";

/** An image reference, parsed once by a strict ASCII parser (never by `new URL`); tag and digest are kept as they were written. */
export interface Reference {
  readonly repository: Repository;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** distribution-spec v1.1.1 §pulling-manifests. */
const tagShape = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Parses what stands in a pod's `image:`, as the container runtime reads it (distribution/reference) where that is safe, and refuses it where two
 * parsers could disagree on the host (registry-auth.md 1.3). No registry host: Docker Hub; one segment there: `library/`.
 */
export function parseReference(text: string): Parsed<Reference> {
  const refused = refuseCharacters(text);
  if (refused !== undefined) return refused;
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  if (at >= 0 && digest === undefined) return refuse("BadDigest", text, 'has "@" that no sha256 or sha512 digest in lower case follows');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !tagShape.test(tag))
    return refuse("BadTag", text, 'has a tag that is not 1 to 128 letters, digits, "_", "." or "-"');
  const repository = parseName(colon < 0 ? named : named.slice(0, colon), text);
  if (!repository.ok) return repository;
  return accept({ repository: repository.value, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) });
}

/** `host[:port]/path[:tag][@digest]`: canonical text, which parses to the same reference. */
export function printReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${printRepository(reference.repository)}${tag}${digest}`;
}

function parseName(text: string, input: string): Parsed<Repository> {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  // distribution/reference splitDockerDomain: without a slash it is never a host, however much it looks like one.
  const explicit = isHostLike(first) || /[A-Z]/.test(first) || first.startsWith("[");
  const host = parseHost(explicit ? first : "docker.io", input);
  if (!host.ok) return host;
  const path = explicit ? text.slice(slash + 1) : text;
  if (path === "") return refuse("NotARepository", input, "names a registry and no repository in it");
  const official = host.value.host === "docker.io" && host.value.port === undefined && !path.includes("/");
  const segments = parsePath(official ? `library/${path}` : path, input);
  if (!segments.ok) return segments;
  return accept({ host: host.value.host, port: host.value.port, segments: segments.value });
}
