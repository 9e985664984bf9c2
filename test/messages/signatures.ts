import { mediaTypes } from "../../src/oci/media-type.ts";
import type { VerifyInput } from "../../src/engine/verifier.ts";
import { decodeBundle } from "../../src/verifier/cosign/bundle.ts";
import { attest, createSigningKey, flipField, signImage, type SignedArtifact, type SignImageOptions } from "../support/signer.ts";
import { inputOf, never, otherSubject, repository, subject, verifierOf, verifierThatNeeds } from "../verifier/fixture.ts";
import type { Situation, Situations } from "./situation.ts";

const alice = createSigningKey("P-256");
const mallory = createSigningKey("P-256");
const one = { key: alice, subject, repository } as const;

async function judged(input: VerifyInput, verifier = verifierOf(alice)): Promise<string> {
  const result = await verifier.verify(input, never);
  if (result.outcome === "rejected") return `${result.reason}: ${result.message}`;
  if (result.outcome === "inconclusive") return `inconclusive: ${result.cause}`;
  if (result.incomplete === undefined) throw new TypeError("it is verified");
  return `verified, and maybe by others too: ${result.incomplete}`;
}

const signed = (when: string, options: Partial<SignImageOptions>, verifier = verifierOf(alice)): Situation => ({
  when,
  says: () => judged(inputOf(signImage({ ...one, format: "legacy", ...options })), verifier),
});
const artifact = (when: string, what: SignedArtifact): Situation => ({ when, says: () => judged(inputOf(what)) });
/** The artifact of a signature with something about it changed, whatever its bytes say. */
const changed = (
  when: string,
  format: "legacy" | "bundle",
  change: (artifact: VerifyInput["artifact"]) => Partial<VerifyInput["artifact"]>,
): Situation => ({
  when,
  says: () => {
    const input = inputOf(signImage({ ...one, format }));
    return judged({ ...input, artifact: { ...input.artifact, ...change(input.artifact) } });
  },
});
const legacy = (when: string, critical: unknown): Situation => signed(when, { payload: (document) => ({ ...document, critical }) });
const statement = (when: string, change: object): Situation =>
  signed(when, { format: "bundle", payload: (document) => ({ ...document, ...change }) });

const type = "cosign container image signature";
const withAnnotation =
  (value: string | undefined) =>
  ({ layers }: VerifyInput["artifact"]): Partial<VerifyInput["artifact"]> => ({
    layers: layers.map((layer) => ({
      ...layer,
      annotations: new Map(value === undefined ? [] : [["dev.cosignproject.cosign/signature", value]]),
    })),
  });

const layers: Situations = [
  signed("a signature is of a key that is not trusted", { key: mallory }),
  signed("a bundle is of a key that is not trusted", { key: mallory, format: "bundle" }),
  signed("a bundle's signature was damaged", { format: "bundle", alter: flipField("signature") }),
  signed("a signature is of another image", { subject: otherSubject }),
  signed("a bundle is of another image", { subject: otherSubject, format: "bundle" }),
  signed("an annotation is required and was not signed", {}, verifierThatNeeds([{ name: "env", value: "prod" }], alice)),
  signed(
    "an annotation is required and another value was signed",
    { payload: (document) => ({ ...document, optional: { env: "dev" } }) },
    verifierThatNeeds([{ name: "env", value: "prod" }], alice),
  ),
  artifact("an artifact is an attestation", attest({ key: alice, subject })),
  artifact("an artifact is an attestation in cosign's older form", attest({ key: alice, subject, format: "legacy" })),
  signed("what a bundle signs is no statement's type", { format: "bundle", payloadType: "text/plain" }),
  changed("an artifact has no layers", "legacy", () => ({ layers: [] })),
  changed("a layer has no signature", "legacy", withAnnotation(undefined)),
  changed("a signature is no base64", "legacy", withAnnotation("?")),
  changed("a signed payload is too large", "legacy", ({ layers: [layer] }) => ({
    layers: layer === undefined ? [] : [{ ...layer, size: 1 << 30 }],
  })),
  changed("a bundle is too large", "bundle", ({ layers: [layer] }) => ({
    layers: layer === undefined ? [] : [{ ...layer, size: 1 << 30 }],
  })),
  changed("a bundle is not alone", "bundle", ({ layers: all }) => ({ layers: [...all, ...all] })),
  {
    when: "a signature was made with a certificate",
    says: () => {
      const input = inputOf(signImage({ ...one, key: mallory, format: "legacy" }));
      const certified = input.artifact.layers.map((layer) => ({
        ...layer,
        annotations: new Map([...(layer.annotations ?? []), ["dev.sigstore.cosign/certificate", "x"] as const]),
      }));
      return judged({ ...input, artifact: { ...input.artifact, layers: certified } });
    },
  },
  {
    when: "an artifact has more signatures than are looked at",
    says: () => judged(inputOf(signImage({ ...one, key: Array.from({ length: 65 }, () => mallory), format: "legacy" }))),
  },
  {
    when: "an artifact has a good signature among more than are looked at",
    says: () => judged(inputOf(signImage({ ...one, key: [alice, ...Array.from({ length: 65 }, () => mallory)], format: "legacy" }))),
  },
];

const payloads: Situations = [
  signed("a signed payload is no JSON", { payload: () => Buffer.from("{") }),
  legacy("a signed payload has no critical part", 7),
  legacy("a signed payload does not say what it is", {}),
  legacy("a signed payload is something else", { type: "atomic container signature" }),
  legacy("a signed payload does not say which image it is of", { type, image: {} }),
  signed("a signed payload has a name twice", {
    payload: (document) => Buffer.from(JSON.stringify(document).replace("{", '{"critical":1,')),
  }),
  statement("a signed statement is none", { _type: "x" }),
  statement("a signed statement has no predicate type", { predicateType: 7 }),
  statement("a signed statement is of another predicate type", { predicateType: "https://slsa.dev/provenance/v1" }),
  statement("a signed statement has too many subjects", { subject: Array.from({ length: 2000 }, () => ({})) }),
  signed("a signed statement is no JSON", { format: "bundle", payload: () => Buffer.from("{") }),
];

const envelope = { payload: "e30=", payloadType: mediaTypes.inToto, signatures: [{ sig: "MEUC" }] };
const bundle = { mediaType: mediaTypes.sigstoreBundleV03, verificationMaterial: { publicKey: { hint: "x" } }, dsseEnvelope: envelope };
const bundles: readonly unknown[] = [
  [],
  { ...bundle, mediaType: "x" },
  { ...bundle, dsseEnvelope: undefined },
  { ...bundle, messageSignature: {} },
  { ...bundle, dsseEnvelope: { ...envelope, payload: 7 } },
  { ...bundle, dsseEnvelope: { ...envelope, payloadType: null } },
  { ...bundle, dsseEnvelope: { ...envelope, signatures: [] } },
  { ...bundle, dsseEnvelope: { ...envelope, signatures: [{ sig: "" }] } },
];

export const signatures: Situations = [
  ...layers,
  ...payloads,
  {
    when: "a bundle is none",
    says: () =>
      bundles
        .map((document) => {
          const decoded = decodeBundle(Buffer.from(JSON.stringify(document)));
          if (decoded.ok) throw new TypeError("it is a bundle");
          return `Malformed: ${decoded.message}`;
        })
        .join("\n"),
  },
  {
    when: "a layer is no bundle",
    says: () => judged({ ...inputOf(signImage({ ...one, format: "bundle" })), fetch: () => Promise.resolve(Buffer.from("{")) }),
  },
  {
    when: "a bundle signs a file",
    says: () => {
      const input = inputOf(signImage({ ...one, format: "bundle" }));
      const file = { ...bundle, dsseEnvelope: undefined, messageSignature: {} };
      return judged({ ...input, fetch: () => Promise.resolve(Buffer.from(JSON.stringify(file))) });
    },
  },
  {
    when: "a bundle was signed with a certificate",
    says: () => {
      const input = inputOf(signImage({ ...one, key: mallory, format: "bundle" }));
      return judged({
        ...input,
        fetch: async (layer, signal) => {
          const document = JSON.parse(Buffer.from(await input.fetch(layer, signal)).toString()) as object;
          return Buffer.from(JSON.stringify({ ...document, verificationMaterial: { certificate: { rawBytes: "AA==" } } }));
        },
      });
    },
  },
];
