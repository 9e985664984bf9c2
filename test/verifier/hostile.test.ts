import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mediaTypes } from "../../src/oci/media-type.ts";
import { decodeBundle } from "../../src/verifier/cosign/bundle.ts";
import { decodeBase64 } from "../../src/verifier/cosign/base64.ts";
import { parseStrictJSON } from "../../src/verifier/cosign/strict-json.ts";
import { createSigningKey, flipBit, imageSignatureFormats, signImage } from "../support/signer.ts";
import { hexOf, inputOf, judged, never, repository, subject, verifierOf, word } from "./fixture.ts";

const key = createSigningKey("P-256");
const encode = (document: unknown): Uint8Array => Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
const envelope = { payload: "e30=", payloadType: mediaTypes.inToto, signatures: [{ sig: "MEUC" }] };
const bundle = { mediaType: mediaTypes.sigstoreBundleV03, verificationMaterial: { publicKey: { hint: "x" } }, dsseEnvelope: envelope };

describe("decodeBundle()", () => {
  it("gives payload, signatures and hint", () => {
    assert.deepEqual(decodeBundle(encode(bundle)), {
      ok: true,
      value: {
        content: "envelope",
        payloadType: mediaTypes.inToto,
        payload: Buffer.from("{}"),
        signatures: [Buffer.from("MEUC", "base64")],
        hint: "x",
        hasCertificate: false,
      },
    });
  });

  const refused: readonly (readonly [why: string, document: unknown])[] = [
    ["nothing", ""],
    ["null", null],
    ["a list", [bundle]],
    ["text after the document", `${JSON.stringify(bundle)}{}`],
    ["a byte order mark", `\ufeff${JSON.stringify(bundle)}`],
    ["no media type", { ...bundle, mediaType: undefined }],
    ["another media type", { ...bundle, mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json2" }],
    ["a version that is to come", { ...bundle, mediaType: "application/vnd.dev.sigstore.bundle.v0.4+json" }],
    ["no content", { ...bundle, dsseEnvelope: undefined }],
    ["two contents", { ...bundle, messageSignature: {} }],
    ["an envelope that is a list", { ...bundle, dsseEnvelope: [envelope] }],
    [
      "an envelope only on the prototype",
      `{"mediaType":"${mediaTypes.sigstoreBundleV03}","__proto__":{"dsseEnvelope":${JSON.stringify(envelope)}}}`,
    ],
    ["no signatures", { ...bundle, dsseEnvelope: { ...envelope, signatures: [] } }],
    ["more signatures than 16", { ...bundle, dsseEnvelope: { ...envelope, signatures: Array(17).fill({ sig: "MEUC" }) } }],
    ["signatures that are an object", { ...bundle, dsseEnvelope: { ...envelope, signatures: { 0: { sig: "MEUC" }, length: 1 } } }],
    ["an empty signature", { ...bundle, dsseEnvelope: { ...envelope, signatures: [{ sig: "" }] } }],
    ["a signature of 2 KiB", { ...bundle, dsseEnvelope: { ...envelope, signatures: [{ sig: "A".repeat(2048) }] } }],
    ["a signature with a blank in it", { ...bundle, dsseEnvelope: { ...envelope, signatures: [{ sig: "ME UC" }] } }],
    ["a payload that is no text", { ...bundle, dsseEnvelope: { ...envelope, payload: 7 } }],
    ["a payload type that is no text", { ...bundle, dsseEnvelope: { ...envelope, payloadType: null } }],
    ["the same name twice", JSON.stringify(bundle).replace("{", `{"mediaType":"${mediaTypes.sigstoreBundleV03}",`)],
    ["33 levels", { ...bundle, extra: JSON.parse(`${"[".repeat(32)}${"]".repeat(32)}`) as unknown }],
    ["a million brackets", "[".repeat(1_000_000)],
    ["more than 256 KiB", { ...bundle, extra: "x".repeat(256 * 1024) }],
  ];
  for (const [why, document] of refused) {
    it(`refuses ${why}`, () => assert.equal(decodeBundle(encode(document)).ok, false));
  }

  it("takes 256 KiB in one text without overflowing a stack", () => {
    assert.ok(decodeBundle(encode({ ...bundle, extra: '\\"'.repeat(64 * 1024 - 500) })).ok);
  });

  it("never throws", () => {
    const near = fc.record(
      {
        mediaType: fc.constant(bundle.mediaType),
        verificationMaterial: fc.anything(),
        dsseEnvelope: fc.anything(),
        messageSignature: fc.anything(),
      },
      { requiredKeys: ["mediaType"] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.json(), near.map(print), fc.string()), (text) => {
        decodeBundle(encode(text));
      }),
      { numRuns: 300, interruptAfterTimeLimit: 2000 },
    );
  });
});

describe("parseStrictJSON()", () => {
  const rows: readonly (readonly [why: string, text: string, isTaken: boolean])[] = [
    ["one name in two objects", '{"a":{"b":1},"c":{"b":2}}', true],
    ["a text twice in a list", '{"a":["b","b"]}', true],
    ["a text that is also a name", '{"a":"a"}', true],
    ["a name twice", '{"a":1,"a":1}', false],
    ["a name twice with an object between", '{"a":{"x":[{}]},"b":[1,{"a":2}],"a":1}', false],
    ["a name twice, once escaped", '{"type":1,"t\\u0079pe":2}', false],
    ["a name twice with white space before the colon", '{"a" \t\n:1,"a":2}', false],
    ["names that end in a backslash", '{"\\\\":1,"\\"":2}', true],
    ["__proto__ twice", '{"__proto__":1,"__proto__":2}', false],
  ];
  for (const [why, text, isTaken] of rows) {
    it(`${isTaken ? "takes" : "refuses"} ${why}`, () => assert.equal(parseStrictJSON(encode(text), "The text", 1024).ok, isTaken));
  }

  it("takes everything that JSON.stringify() writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const parsed = parseStrictJSON(encode(JSON.stringify(value)), "The text", 1024 * 1024);
        assert.deepEqual(parsed.ok && parsed.value, JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 200, interruptAfterTimeLimit: 2000 },
    );
  });
});

describe("decodeBase64()", () => {
  const rows: readonly (readonly [text: string, hex: string | undefined])[] = [
    ["", ""],
    ["+/8=", "fbff"],
    ["-_8=", "fbff"],
    ["-_8", "fbff"],
    ["+/9=", undefined],
    ["+/8==", undefined],
    ["+", undefined],
    ["+/8=\n", undefined],
    [" +/8=", undefined],
    ["AAAAAAAAAAAA", undefined],
  ];
  for (const [text, hex] of rows) {
    it(`gives ${hex ?? "nothing"} for ${JSON.stringify(text)} of at most 8 bytes`, () => {
      const bytes = decodeBase64(text, 8);
      assert.equal(bytes === undefined ? undefined : Buffer.from(bytes).toString("hex"), hex);
    });
  }
});

describe("cosign Verifier and hostile content", () => {
  for (const format of imageSignatureFormats) {
    it(`verifies no ${format} of which any one bit of the payload or the signature was flipped`, async () => {
      const verifier = verifierOf(key);
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom("payload", "signature"),
          fc.double({ min: 0, max: 0.999, noNaN: true }),
          fc.nat(7),
          async (part, where, bit) => {
            const artifact = signImage({
              key,
              subject,
              repository,
              format,
              alter: (signed) => ({ ...signed, [part]: flipBit(signed[part], Math.floor(where * signed[part].byteLength), bit) }),
            });
            assert.equal((await judged(verifier, artifact)).outcome, "rejected");
          },
        ),
        { numRuns: 150, interruptAfterTimeLimit: 3000 },
      );
    });

    it(`answers a ${format} of any signed bytes with a finding`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(encode)), async (payload) => {
          assert.equal(
            (await judged(verifierOf(key), signImage({ key, subject, repository, format, payload: () => payload }))).outcome,
            "rejected",
          );
        }),
        { numRuns: 100, interruptAfterTimeLimit: 2000 },
      );
    });
  }

  const digest = `sha256:${hexOf(subject)}`;
  const statement = { _type: "https://in-toto.io/Statement/v1", predicateType: "https://sigstore.dev/cosign/sign/v1", predicate: {} };
  const statements: readonly (readonly [why: string, subjects: unknown, outcome: string])[] = [
    ["one of two subjects", [{ digest: { sha256: "00" } }, { digest: { sha256: hexOf(subject) } }], "verified"],
    ["no subject", [], "WrongSubject"],
    ["a subject that is null", [null], "WrongSubject"],
    ["a subject by name only", [{ name: digest }], "WrongSubject"],
    ["the digest under another algorithm", [{ digest: { sha512: hexOf(subject) } }], "WrongSubject"],
    ["the digest in upper case", [{ digest: { sha256: hexOf(subject).toUpperCase() } }], "WrongSubject"],
    ["the digest in a list", [{ digest: { sha256: [hexOf(subject)] } }], "WrongSubject"],
    ["the digest on the prototype", [{ __proto__: { digest: { sha256: hexOf(subject) } } }], "WrongSubject"],
    ["subjects that are an object", { 0: { digest: { sha256: hexOf(subject) } } }, "Malformed"],
    ["more subjects than 64", Array(65).fill({ digest: { sha256: hexOf(subject) } }), "Malformed"],
  ];
  for (const [why, subjects, outcome] of statements) {
    it(`finds a signed statement with ${why} ${outcome}`, async () => {
      const payload = (): unknown => ({ ...statement, subject: subjects });
      assert.equal(word(await judged(verifierOf(key), signImage({ key, subject, repository, format: "bundle", payload }))), outcome);
    });
  }

  it("does not ask for a layer that is larger than any signature", async () => {
    for (const format of imageSignatureFormats) {
      const input = inputOf(signImage({ key, subject, repository, format }), () => assert.fail("too large to be read"));
      const layers = input.artifact.layers.map((layer) => ({ ...layer, size: 5 * 1024 * 1024 }));
      const result = await verifierOf(key).verify({ ...input, artifact: { ...input.artifact, layers } }, never);
      assert.equal(result.outcome, "rejected");
    }
  });

  it("shows control characters of a type escaped, and no more than 256 bytes", async () => {
    const payloadType = `\u001b[31m${"é".repeat(400)}`;
    const result = await judged(verifierOf(key), signImage({ key, subject, repository, format: "bundle", payloadType }));
    assert.ok(result.outcome === "rejected");
    assert.match(result.message, /^[\x20-\x7e]{1,256}$/u);
  });
});

function print(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return ""; // a big integer, or a toJSON that is no function of ours
  }
}
