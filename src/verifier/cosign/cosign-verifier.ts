import type { VerifierConfigs } from "../../api/verifier.ts";
import type { Artifact, Signer, VerificationResult, Verifier, VerifyInput } from "../../engine/verifier.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import type { KeyProvider, TrustedKey } from "../../trust/ports.ts";
import { isBundleMediaType } from "./bundle.ts";
import { type Finding, nearestRejection, reject } from "./finding.ts";
import { isBundle, judgeBundle } from "./judge-bundle.ts";
import { judgeLegacy, type LegacyFindings } from "./judge-legacy.ts";
import { gatherTrust, toSigner } from "./trust.ts";

/** What a cosign Verifier is built with. */
export interface CosignDeps {
  /** Name of the Verifier resource. */
  readonly name: string;
  /** Every provider that the config names; undefined where there is no such object. */
  readonly keyProviders: ReadonlyMap<string, KeyProvider | undefined>;
}

/** Signatures that cosign made with a key, in its three forms (docs/reference/verifier-cosign.md). A `problem` says why its rejections are not to be relied on. */
export function cosignVerifier(
  config: VerifierConfigs["cosign"],
  deps: CosignDeps,
): { readonly verifier: Verifier; readonly problem?: string } {
  const { keys, problem } = gatherTrust(config.keyProviderRefs, deps.keyProviders);
  const verifier: Verifier = {
    name: deps.name,
    kind: "signature",
    canVerify,
    verify: (input, signal) => verifyArtifact(input, { name: deps.name, keys }, signal),
  };
  return { verifier, ...(problem !== undefined && { problem }) };
}

/** Cosign's two artifact types; an absent one is unknown until the manifest is read. */
function canVerify({ artifactType }: Descriptor): boolean {
  return artifactType === undefined || artifactType === mediaTypes.cosignSignature || isBundleMediaType(artifactType);
}

interface Judge {
  readonly name: string;
  readonly keys: readonly TrustedKey[];
}

async function verifyArtifact(input: VerifyInput, { name, keys }: Judge, signal: AbortSignal): Promise<VerificationResult> {
  const { artifact } = input;
  const base = { verifier: name, artifact: artifact.descriptor.digest };
  const { findings, unread, cutAt } = await judgeArtifact(input, keys, signal);
  const signers = signersOf(findings);
  if (signers.length > 0) return { outcome: "verified", ...base, signers };
  // Nothing verified: what was not read might have been what counts, so that nothing was found out.
  if (unread.length > 0) throw unread[0];
  if (cutAt !== undefined) return { outcome: "inconclusive", ...base, cause: `The artifact has more than ${cutAt} signatures` };
  const { reason, message } = nearestRejection(findings.filter((finding) => finding.outcome === "rejected")) ?? nothingSigned(artifact);
  return { outcome: "rejected", ...base, reason, message };
}

async function judgeArtifact(input: VerifyInput, keys: readonly TrustedKey[], signal: AbortSignal): Promise<LegacyFindings> {
  if (isBundle(input.artifact)) return { ...(await judgeBundle(input, keys, signal)), unread: [] };
  return await judgeLegacy(input, keys, signal);
}

function nothingSigned({ artifactType }: Artifact): ReturnType<typeof reject> {
  return artifactType === mediaTypes.cosignSignature
    ? reject("NotASignature", `The artifact has no layer of type ${mediaTypes.cosignSimpleSigning}`)
    : reject("NotASignature", "The artifact has neither a bundle nor a signature of cosign's");
}

/** Each signer once, in the order of the layers. */
function signersOf(findings: readonly Finding[]): readonly Signer[] {
  const signers = new Map<string, Signer>();
  for (const finding of findings) {
    if (finding.outcome !== "signed") continue;
    const signer = toSigner(finding.key);
    if (!signers.has(signer.id)) signers.set(signer.id, signer);
  }
  return [...signers.values()];
}
