import type { VerifierConfigs } from "../../api/verifier.ts";
import type { Artifact, Signer, VerificationResult, Verifier, VerifyInput } from "../../engine/verifier.ts";
import { CodedError } from "../../kernel/error.ts";
import type { Turns } from "../../kernel/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import type { KeyProvider } from "../../trust/ports.ts";
import { isBundleMediaType } from "./bundle.ts";
import { type Finding, nearestRejection, reject } from "./finding.ts";
import { isBundle, judgeBundle } from "./judge-bundle.ts";
import { judgeLegacy, type LegacyFindings } from "./judge-legacy.ts";
import type { Judging } from "./judging.ts";
import { Keyring } from "./keyring.ts";
import { gatherTrust, toSigner } from "./trust.ts";

/** What a cosign Verifier is built with. */
export interface CosignDeps {
  /** Name of the Verifier resource. */
  readonly name: string;
  /** Every provider that the config names; undefined where there is no such object. */
  readonly keyProviders: ReadonlyMap<string, KeyProvider | undefined>;
  /** For what works on the event loop; the same for every Verifier of the process. */
  readonly turns: Turns;
}

/** Signatures that cosign made with a key, in its three forms (docs/reference/verifier-cosign.md). A `problem` says why its rejections are not to be relied on. */
export function cosignVerifier(
  config: VerifierConfigs["cosign"],
  deps: CosignDeps,
): { readonly verifier: Verifier; readonly problem?: string } {
  const { keys, problem } = gatherTrust(config.keyProviderRefs, deps.keyProviders);
  const { annotations = [] } = config;
  const verifier: Verifier = {
    name: deps.name,
    kind: "signature",
    canVerify,
    verify: (input, signal) => {
      // One for each artifact: what is tried is counted.
      const judging: Judging = { keyring: new Keyring(keys, { turns: deps.turns, of: input.subject.digest }), annotations };
      return verifyArtifact(input, { name: deps.name, judging }, signal);
    },
  };
  return { verifier, ...(problem !== undefined && { problem }) };
}

/** Cosign's two artifact types; an absent one is unknown until the manifest is read. */
function canVerify({ artifactType }: Descriptor): boolean {
  return artifactType === undefined || artifactType === mediaTypes.cosignSignature || isBundleMediaType(artifactType);
}

async function verifyArtifact(
  input: VerifyInput,
  { name, judging }: { readonly name: string; readonly judging: Judging },
  signal: AbortSignal,
): Promise<VerificationResult> {
  const { artifact } = input;
  const base = { verifier: name, artifact: artifact.descriptor.digest };
  const found = await judgeArtifact(input, judging, signal);
  const signers = signersOf(found.findings);
  const cause = openQuestion(found);
  if (signers.length > 0) return { outcome: "verified", ...base, signers, ...(cause !== undefined && { incomplete: cause }) };
  // Nothing verified: what was not read might have been what counts, so that nothing was found out. The error says best what it was.
  if (found.unread.length > 0) throw found.unread[0];
  if (cause !== undefined) return { outcome: "inconclusive", ...base, cause };
  const { reason, message } = nearestRejection(found.findings) ?? nothingSigned(artifact);
  return { outcome: "rejected", ...base, reason, message };
}

async function judgeArtifact(input: VerifyInput, judging: Judging, signal: AbortSignal): Promise<LegacyFindings> {
  if (isBundle(input.artifact)) return { ...(await judgeBundle(input, judging, signal)), unread: [] };
  return await judgeLegacy(input, judging, signal);
}

/** Why another signature of the artifact might have counted; undefined if every one was judged. */
function openQuestion({ findings, unread, cutAt }: LegacyFindings): string | undefined {
  if (unread.length > 0) return unread[0] instanceof CodedError ? unread[0].message : "A layer could not be read";
  if (cutAt !== undefined) return `The artifact has more than ${cutAt} signatures`;
  return findings.find((finding) => finding.outcome === "unjudged")?.cause;
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
