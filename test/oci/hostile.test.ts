import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { type Index, type Manifest, parseIndex, parseListing, parseManifest } from "../../src/oci/manifest.ts";
import { mediaTypes } from "../../src/oci/media-type.ts";
import type { Parsed } from "../../src/oci/parsed.ts";
import { hostileBytes, hostileDocument } from "../support/hostile-json.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const subject = { mediaType: mediaTypes.imageManifest, digest: digest("2"), size: 527 };
const layer = { mediaType: mediaTypes.cosignSimpleSigning, digest: digest("1"), size: 243, annotations: { a: "b" }, urls: ["https://x"] };
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.imageManifest,
  artifactType: mediaTypes.cosignSignature,
  config: { mediaType: mediaTypes.empty, digest: digest("0"), size: 2, data: "e30=" },
  layers: [layer, { ...layer, digest: digest("3") }],
  subject,
  annotations: { created: "now" },
};
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.imageIndex,
  manifests: [{ ...subject, artifactType: mediaTypes.cosignSignature, annotations: { a: "b" }, platform: { os: "linux" } }, subject],
  annotations: { created: "now" },
};
const options = { numRuns: 2000, interruptAfterTimeLimit: 5000 } as const;

const decoders = {
  manifest: { document: manifest, parse: (bytes: Uint8Array): Parsed<Manifest | Index> => parseManifest(bytes) },
  index: { document: index, parse: (bytes: Uint8Array): Parsed<Manifest | Index> => parseIndex(bytes) },
} as const;

for (const [what, { document, parse }] of Object.entries(decoders)) {
  describe(`the decoder of a hostile ${what}`, () => {
    it("takes the document that the hostile ones are made from", () => assert.ok(parse(Buffer.from(JSON.stringify(document))).ok));

    it("answers, whatever the bytes are, with what is sound or with one line that says what is wrong", () => {
      let accepted = 0;
      fc.assert(
        fc.property(hostileBytes(document), (bytes) => {
          const parsed = parse(bytes);
          if (parsed.ok) {
            accepted += 1;
            assertSound(parsed.value);
          } else assert.match(parsed.message, /^[\x20-\x7e]{1,256}$/u);
        }),
        options,
      );
      assert.ok(accepted > 0, "every one was refused: what is accepted has not been looked at");
      assert.deepEqual(Object.keys(Object.prototype), []);
    });

    it("reads what a reader of JSON would read at the same place, and nothing of a prototype", () => {
      fc.assert(
        fc.property(hostileDocument(document), ({ text }) => {
          const parsed = parse(Buffer.from(text));
          if (!parsed.ok) return;
          const plain = JSON.parse(text) as Record<string, unknown>;
          const name = "layers" in parsed.value ? "layers" : "manifests";
          const read = "layers" in parsed.value ? parsed.value.layers : parsed.value.manifests;
          const listed = ((Object.hasOwn(plain, name) ? plain[name] : undefined) ?? []) as readonly { digest: string; size: number }[];
          assert.deepEqual(
            read.map((entry) => [entry.digest, entry.size]),
            listed.map((entry) => [entry.digest, entry.size]),
          );
          const named = (Object.hasOwn(plain, "subject") ? plain["subject"] : undefined) as { digest?: string } | null | undefined;
          assert.equal(parsed.value.subject?.digest, named?.digest);
        }),
        options,
      );
    });
  });
}

describe("the decoder of a hostile list of referrers", () => {
  it("gives every entry, or says that one of them cannot be read: what it leaves out would be taken for absent", () => {
    let [whole, partly] = [0, 0];
    fc.assert(
      fc.property(hostileBytes(index), (bytes) => {
        const parsed = parseListing(bytes);
        if (!parsed.ok) {
          assert.match(parsed.message, /^[\x20-\x7e]{1,256}$/u);
          return;
        }
        const { manifests, defect } = parsed.value;
        for (const descriptor of manifests) assertSoundDescriptor(descriptor);
        const document = JSON.parse(Buffer.from(bytes).toString()) as {
          readonly manifests: readonly { readonly digest: unknown }[] | null;
        };
        const listed = document.manifests ?? [];
        if (defect === undefined) {
          whole += 1;
          assert.deepEqual(
            manifests.map((entry) => entry.digest),
            listed.map((entry) => entry.digest),
          );
        } else {
          partly += 1;
          assert.match(defect, /^[\x20-\x7e]{1,256}$/u);
          assert.ok(manifests.length < listed.length);
        }
      }),
      options,
    );
    assert.ok(whole > 0 && partly > 0, "one of the two has not been looked at");
  });
});

function assertSound(value: Manifest | Index): void {
  const descriptors = "layers" in value ? [value.config, ...value.layers] : value.manifests;
  assert.ok(descriptors.length <= 10_001);
  for (const descriptor of [...descriptors, ...(value.subject === undefined ? [] : [value.subject])]) assertSoundDescriptor(descriptor);
  for (const text of [value.mediaType, ...(value.artifactType === undefined ? [] : [value.artifactType])]) assertMediaType(text);
  assertTexts(value.annotations);
}

function assertSoundDescriptor({ mediaType, digest, size, artifactType, annotations }: Descriptor): void {
  assert.match(digest, /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);
  assert.ok(Number.isSafeInteger(size) && size >= 0);
  assertMediaType(mediaType);
  if (artifactType !== undefined) assertMediaType(artifactType);
  if (annotations !== undefined) assertTexts(annotations);
}

function assertMediaType(text: string): void {
  assert.ok(text.length <= 255 && /^[!-~]+\/[!-~]+$/.test(text), text);
}

function assertTexts(annotations: ReadonlyMap<string, string>): void {
  for (const text of annotations.values()) assert.equal(typeof text, "string");
}
