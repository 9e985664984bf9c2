/**
 * Signs the demo's image with a key that is made, used once and forgotten: writes demo/signature.bundle.json and the manifest with the public key.
 * Needed only when the image of test/support/registry changes; test/demo.test.ts says when.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { demoImages, demoRepository } from "../demo/images.ts";
import { startRegistry } from "../test/support/registry.ts";

const root = new URL("..", import.meta.url);
const payloadType = "application/vnd.in-toto+json";
await using registry = await startRegistry();
const image = registry.pushImage(demoRepository, { seed: demoImages.signed.seed });
const statement = Buffer.from(
  JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: image.digest.slice("sha256:".length) } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  }),
);
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
// DSSE v1 §protocol: what is signed is the pre-authentication encoding.
const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} `), statement]);
const bundle = {
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: { publicKey: { hint: "demo" } },
  dsseEnvelope: {
    payload: statement.toString("base64"),
    payloadType,
    signatures: [{ sig: sign("sha256", signed, privateKey).toString("base64") }],
  },
};
await writeFile(new URL("demo/signature.bundle.json", root), `${JSON.stringify(bundle, undefined, 2)}\n`);
const pem = publicKey.export({ type: "spki", format: "pem" }).trimEnd();
await writeFile(
  new URL("demo/manifests/30-trust.yaml", root),
  `# Whose signatures count: cosign signatures by this key. Made by scripts/sign-demo.ts; the private half was thrown away.
apiVersion: countersign.dev/v1alpha1
kind: KeyProvider
metadata:
  name: demo
spec:
  type: inline
  inline:
    keys:
      - name: release
        publicKey: |
${pem.replaceAll(/^/gm, "          ")}
---
apiVersion: countersign.dev/v1alpha1
kind: Verifier
metadata:
  name: release-signature
spec:
  type: cosign
  cosign:
    keyProviderRefs: [{name: demo}]
`,
);
