import type { Failure } from "../api/error-class.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-type.ts";
import type { LocationGroup, Reader } from "./locations.ts";
import type { RejectionReason, VerificationResult, Verifier } from "./verifier.ts";

/** One Store's word that an artifact belongs to the subject. Every Store's claim is kept: what one of them says wrongly, another may say rightly. */
export interface Claim {
  readonly reader: Reader;
  readonly group: LocationGroup;
  readonly descriptor: Descriptor;
  /** By cosign's tag: such a manifest need not name a subject, its signed payload does (design 6.3). */
  readonly byTag: boolean;
}

/** What the digest-checked bytes say, whoever served them. */
export type Content =
  | { readonly kind: "manifest"; readonly manifest: Manifest; readonly size: number }
  | { readonly kind: "malformed"; readonly message: string; readonly size: number };

/** An artifact that some listing named, and what became of it so far. */
export interface Found {
  readonly digest: Digest;
  /** At most two for each Store: its listing's and its tag's. */
  readonly claims: Claim[];
  content?: Content;
  readFrom?: string;
  /** Attempts to read it, by Store and what it was asked for. */
  readonly attempts: Map<string, { readonly store: string; readonly failure?: Failure }>;
  /** By name of the verifier: each is asked once. */
  readonly results: Map<string, VerificationResult>;
  /** A layer could not be read, so that an inconclusive result is not the verifier's own; `limit`: only limits stood in the way. */
  layerUnread?: "failure" | "limit";
  /** Nothing is left to be done with the claims that there are. */
  isSettled: boolean;
  /** Whoever works on it at the moment. */
  task?: Promise<void>;
}

export function newFound(digest: Digest): Found {
  return { digest, claims: [], attempts: new Map(), results: new Map(), isSettled: false };
}

/** A location that counts towards completeness named it (design 6.5). */
export function isRequired(found: Found): boolean {
  return found.claims.some((claim) => claim.group.required);
}

/** Its own type, else its config's (image-spec v1.1.1 §guidelines); of what cosign's tag names the tag is the type: its config is an image's. */
export function artifactTypeOf(found: Found): string {
  const listed = found.claims.find((claim) => claim.descriptor.artifactType !== undefined)?.descriptor.artifactType ?? "";
  if (found.content?.kind !== "manifest") return listed;
  const { artifactType, config } = found.content.manifest;
  return artifactType ?? (found.claims.some((claim) => claim.byTag) ? mediaTypes.cosignSignature : config.mediaType);
}

export function sizeOf(found: Found): number {
  return found.content?.size ?? found.claims[0]?.descriptor.size ?? 0;
}

/** Whether the claim holds: a referrer names the subject. Undefined until the manifest has been read. */
export function isClaimTrue(claim: Claim, found: Found, subject: Digest): boolean | undefined {
  if (found.content === undefined) return undefined;
  if (found.content.kind === "malformed") return false;
  return claim.byTag || found.content.manifest.subject?.digest === subject;
}

/** Why it is no evidence, whatever is in it; undefined while it may be. */
export function refusalOf(
  found: Found,
  subject: Digest,
): { readonly reason: Extract<RejectionReason, "Malformed" | "WrongSubject">; readonly message: string } | undefined {
  if (found.content === undefined) return undefined;
  if (found.content.kind === "malformed") return { reason: "Malformed", message: found.content.message };
  if (found.claims.some((claim) => isClaimTrue(claim, found, subject) === true)) return undefined;
  return { reason: "WrongSubject", message: "The artifact does not name the subject that it was listed for" };
}

/** The verifiers that apply by what the artifact's own bytes say it is. */
export function applicable(found: Found, verifiers: readonly Verifier[]): readonly Verifier[] {
  if (found.content?.kind !== "manifest") return [];
  const { manifest, size } = found.content;
  const descriptor = { mediaType: manifest.mediaType, digest: found.digest, size, artifactType: artifactTypeOf(found) };
  return verifiers.filter((verifier) => verifier.canVerify(descriptor));
}

/** What every verifier found, as far as it is known. */
export function resultsOf(found: Found, subject: Digest, verifiers: readonly Verifier[]): readonly VerificationResult[] {
  const refusal = refusalOf(found, subject);
  if (refusal === undefined) return [...found.results.values()].toSorted((a, b) => (a.verifier < b.verifier ? -1 : 1));
  return verifiers
    .filter((verifier) => found.claims.some((claim) => verifier.canVerify(claim.descriptor)))
    .map((verifier) => ({ outcome: "rejected" as const, verifier: verifier.name, artifact: found.digest, ...refusal }))
    .toSorted((a, b) => (a.verifier < b.verifier ? -1 : 1));
}
