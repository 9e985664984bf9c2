import type { Parsed, ParseReason } from "../../oci/parsed.ts";
import { asObject, field } from "../../oci/json.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import { decodeBase64 } from "./base64.ts";
import { parseStrictJSON } from "./strict-json.ts";

/**
 * In bytes; a signature's is 1 to 10 KiB. An attestation's may be longer, and is then none that is read: parsing 4 MiB that somebody made for it holds up the
 * loop for 300 ms.
 */
export const longestBundle = 256 * 1024;
/** The bundle format asks for exactly one; envelopes with a few signatures are DSSE all the same. */
const mostSignatures = 16;
/** RSA 8192 has 1024. */
const longestSignature = 1024;
/** v0.3, and the spelling of v0.1 to v0.3 with a parameter, all of the same shape where a key signs. */
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json; ?version="?0\.[123]"?)$/u;

/** A bundle whose content is a DSSE envelope. */
export interface EnvelopeBundle {
  readonly content: "envelope";
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
  /** `verificationMaterial.publicKey.hint`: what the signer says about its key; not signed, never a reason to trust. */
  readonly hint?: string;
  /** The signer says that a certificate (keyless signing) and not a key is to be used. */
  readonly hasCertificate: boolean;
}
export type Bundle = EnvelopeBundle | { readonly content: "messageSignature" };

export function isBundleMediaType(mediaType: string): boolean {
  return bundleType.test(mediaType);
}

/** Decodes a Sigstore bundle (protobuf-specs sigstore_bundle.proto in its JSON form); log entries and timestamps are not read (docs/adr/0007-keyed-signatures-without-a-log.md). */
export function decodeBundle(bytes: Uint8Array): Parsed<Bundle> {
  const parsed = parseStrictJSON(bytes, "The bundle", longestBundle);
  if (!parsed.ok) return parsed;
  const bundle = asObject(parsed.value);
  const mediaType = bundle === undefined ? undefined : field(bundle, "mediaType");
  if (bundle === undefined || typeof mediaType !== "string" || !isBundleMediaType(mediaType))
    return fail(`The bundle's mediaType is not ${mediaTypes.sigstoreBundleV03}`);
  const envelope = field(bundle, "dsseEnvelope");
  const message = field(bundle, "messageSignature");
  if (envelope !== undefined && message !== undefined) return fail("The bundle has two contents", "Ambiguous");
  if (message !== undefined) return { ok: true, value: { content: "messageSignature" } };
  const decoded = decodeEnvelope(envelope);
  if (!decoded.ok) return decoded;
  const material = asObject(field(bundle, "verificationMaterial")) ?? {};
  const hint = field(asObject(field(material, "publicKey")) ?? {}, "hint");
  return {
    ok: true,
    value: {
      content: "envelope",
      ...decoded.value,
      ...(typeof hint === "string" && { hint }),
      hasCertificate: Object.hasOwn(material, "certificate") || Object.hasOwn(material, "x509CertificateChain"),
    },
  };
}

/** DSSE v1.0.2 §envelope. */
function decodeEnvelope(value: unknown): Parsed<Pick<EnvelopeBundle, "payloadType" | "payload" | "signatures">> {
  const envelope = asObject(value);
  if (envelope === undefined) return fail("The bundle has no DSSE envelope");
  const payloadType = field(envelope, "payloadType");
  if (typeof payloadType !== "string") return fail("The envelope has no payloadType");
  const text = field(envelope, "payload");
  const payload = typeof text === "string" ? decodeBase64(text, longestBundle) : undefined;
  if (payload === undefined) return fail("The envelope's payload is not base64");
  const list = field(envelope, "signatures");
  if (!Array.isArray(list) || list.length === 0 || list.length > mostSignatures)
    return fail(`The envelope does not have between 1 and ${mostSignatures} signatures`);
  const signatures: Uint8Array[] = [];
  for (const entry of list as readonly unknown[]) {
    const sig = field(asObject(entry) ?? {}, "sig");
    const signature = typeof sig === "string" ? decodeBase64(sig, longestSignature) : undefined;
    if (signature === undefined || signature.byteLength === 0) return fail("A signature of the envelope is not base64");
    signatures.push(signature);
  }
  return { ok: true, value: { payloadType, payload, signatures } };
}

/** What is signed (DSSE v1.0.2 §signature-definition): type and payload, each with its length in bytes before it. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

function fail(message: string, reason: ParseReason = "BadShape"): Parsed<never> {
  return { ok: false, reason, message };
}
