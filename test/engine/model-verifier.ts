import type { Descriptor } from "../../src/oci/descriptor.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import type { VerificationResult, Verifier, VerifyInput } from "../../src/engine/verifier.ts";
import type { ViewVerifier } from "../../src/engine/view.ts";
import { signatureType } from "./model-artifact.ts";

export interface ModelVerifier extends Verifier {
  /** Digests that it was asked about, in order. */
  readonly asked: readonly string[];
}

export interface VerifierScript {
  /** Artifact types that it judges. Default the model's signature and what stands under cosign's tag. */
  readonly types?: readonly string[];
  /** Names that it trusts; default everyone. */
  readonly trusts?: readonly string[];
  readonly kind?: Verifier["kind"];
  readonly before?: () => Promise<void>;
  /** Never answers; not even to its signal. */
  readonly silent?: boolean;
}

/** A Verifier that reads what it is to find in the annotations of the artifact. */
export function modelVerifier(name: string, script: VerifierScript = {}): ModelVerifier {
  const asked: string[] = [];
  const types = script.types ?? [signatureType, mediaTypes.cosignSignature];
  return {
    name,
    kind: script.kind ?? "signature",
    asked,
    canVerify: ({ artifactType }: Descriptor) => artifactType === undefined || types.includes(artifactType),
    async verify(input: VerifyInput, signal: AbortSignal): Promise<VerificationResult> {
      asked.push(input.artifact.descriptor.digest);
      await script.before?.();
      if (script.silent === true) return await Promise.withResolvers<VerificationResult>().promise;
      return await find(name, script, input, signal);
    },
  };
}

async function find(name: string, script: VerifierScript, input: VerifyInput, signal: AbortSignal): Promise<VerificationResult> {
  const head = { verifier: name, artifact: input.artifact.descriptor.digest };
  const finding = input.artifact.annotations.get("finding") ?? "";
  if (finding === "throws") throw new TypeError("a verifier may fail");
  if (finding === "unclear") return { ...head, outcome: "inconclusive", cause: "the log did not answer" };
  if (finding === "layer") for (const layer of input.artifact.layers) await input.fetch(layer, signal);
  const isPartly = finding.startsWith("partly ");
  const isNamed = finding.startsWith("by ") || isPartly;
  const names = finding === "layer" ? ["alice"] : isNamed ? finding.slice(finding.indexOf(" ") + 1).split(" ") : [];
  const signers = names.filter((who) => script.trusts?.includes(who) ?? true).map((who) => ({ id: `key:${who}`, name: who }));
  const incomplete = isPartly && { incomplete: "it has more signatures than are looked at" };
  if (signers.length > 0) return { ...head, outcome: "verified", signers, ...incomplete };
  const reason = finding === "attestation" ? "NotASignature" : names.length > 0 ? "NoTrustedKey" : "BadSignature";
  return { ...head, outcome: "rejected", reason, message: "as it was told" };
}

/** As a View has it. */
export function ready(...verifiers: readonly Verifier[]): readonly ViewVerifier[] {
  return verifiers.map((verifier) => ({ name: verifier.name, verifier }));
}
