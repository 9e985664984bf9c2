import assert from "node:assert/strict";
import fc from "fast-check";
import type { Parsed } from "../../src/oci/parsed.ts";
import { parsePattern, type Pattern } from "../../src/oci/pattern.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Repository } from "../../src/oci/repository.ts";

export function value<T>(parsed: Parsed<T>): T {
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
  return parsed.value;
}
export const pattern = (text: string): Pattern => value(parsePattern(text));
/** The repository of an image, as a pod names it. */
export const image = (text: string): Repository => value(parseReference(text)).repository;

const label = fc.constantFrom("acme", "evil", "a", "b", "x-y", "xn--mnchen-3ya", "0a");
const zone = fc.constantFrom("azurecr.io", "com", "io", "amazonaws.com", "docker.io");
export const anyHost: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(fc.array(label, { minLength: 1, maxLength: 3 }), zone).map(([labels, end]) => [...labels, end].join(".")),
  fc.constantFrom("docker.io", "index.docker.io", "registry-1.docker.io", "localhost", "10.0.0.1", "[::1]", "[2001:db8::1]", "dotless:443"),
);
const port = fc.constantFrom("", "", "", ":443", ":5000", ":80");
const segment = fc.constantFrom("acme", "team-a", "team-b", "a", "b_c", "x__y", "proj", "project-evil", "v2", "library");
/** Texts of repositories with the host written out. */
export const anyRepositoryText: fc.Arbitrary<string> = fc
  .tuple(anyHost, port, fc.array(segment, { minLength: 1, maxLength: 4 }))
  .map(([host, suffix, segments]) => `${host.includes(":443") ? host : host + suffix}/${segments.join("/")}`);
/** Texts of patterns: literal hosts with paths, and wildcards without. */
export const anyPatternText: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(anyHost, port, fc.array(segment, { maxLength: 3 }))
    .map(([host, suffix, segments]) => [host.includes(":443") ? host : host + suffix, ...segments].join("/")),
  fc
    .tuple(
      fc.array(fc.oneof(label, fc.constant("*")), { minLength: 1, maxLength: 3 }),
      fc.constantFrom("azurecr.io", "amazonaws.com", "acme.io"),
      port,
    )
    .map(([labels, end, suffix]) => `${labels.join(".")}.${end}${suffix}`),
);
