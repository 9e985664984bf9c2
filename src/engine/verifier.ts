import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

/** Who signed. `id` tells two signers apart (`key:sha256:<hex of the SubjectPublicKeyInfo>`); `name` is for people (`KeyProvider/release-keys key "alice"`). */
export interface Signer {
  readonly id: string;
  readonly name: string;
}

/** Why an artifact was not accepted; closed list, docs/reference/verifier.md. */
export type RejectionReason =
  | "NotASignature"
  | "NoTrustedKey"
  | "AnnotationMissing"
  | "BadSignature"
  | "WrongSubject"
  | "Malformed"
  | "UnsupportedFormat"
  | "UnsupportedAlgorithm"
  | "Unsigned";

/** One verifier × one artifact: found out, or could not find out. */
export type VerificationResult =
  | {
      readonly outcome: "verified";
      readonly verifier: string;
      readonly artifact: Digest;
      readonly signers: readonly Signer[];
      /** Why there may be more signers than these: a signature that could not be read, a limit. What stands counts, and what does not is not known. */
      readonly incomplete?: string;
    }
  | {
      readonly outcome: "rejected";
      readonly verifier: string;
      readonly artifact: Digest;
      readonly reason: RejectionReason;
      readonly message: string;
    }
  | { readonly outcome: "inconclusive"; readonly verifier: string; readonly artifact: Digest; readonly cause: string };

/** Whether it says everything that this verifier can ever find of the artifact. */
export function isConclusive(result: VerificationResult): boolean {
  switch (result.outcome) {
    case "verified":
      return result.incomplete === undefined;
    case "rejected":
      return true;
    case "inconclusive":
      return false;
  }
}

/** What the artifact's own digest-checked manifest says. */
export interface Artifact {
  readonly descriptor: Descriptor;
  /** From `artifactType`, else from `config.mediaType` (image-spec v1.1.1 §guidelines for artifact usage). */
  readonly artifactType: string;
  readonly layers: readonly Descriptor[];
  readonly annotations: ReadonlyMap<string, string>;
  /** `manifest.subject.digest`; absent for an artifact found by cosign's tag. */
  readonly subject?: Digest;
}

export interface VerifyInput {
  readonly subject: Descriptor;
  readonly artifact: Artifact;
  /** A layer of the artifact, digest and size checked, from whichever store has it. Throws `StoreError`. */
  fetch(layer: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
}

/** Plug-in port: how one kind of artifact is judged. */
export interface Verifier {
  /** Name of the Verifier resource. */
  readonly name: string;
  readonly kind: "signature" | "content";
  /**
   * Of a content verifier: what it verified counts only where one of these Verifiers verified a signature on that artifact (design 6.4), which the engine
   * finds out, and whose signers become the result's. Absent: whoever attached it is believed.
   */
  readonly signedBy?: readonly string[];
  /** Pure, by the listing's descriptor only: false drops the artifact before limits count. An absent artifactType must be answered with true. */
  canVerify(referrer: Descriptor): boolean;
  /** Returns what it found, good or bad; throws only when it could not find out (the engine makes that `inconclusive`). */
  verify(input: VerifyInput, signal: AbortSignal): Promise<VerificationResult>;
}
