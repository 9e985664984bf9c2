import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mediaTypes } from "../../src/oci/media-type.ts";
import { parseIndex, parseListing, parseManifest } from "../../src/oci/manifest.ts";
import { value } from "./support.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const encode = (document: unknown): Uint8Array =>
  new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
const config = { mediaType: mediaTypes.empty, digest: digest("0"), size: 2 };
const layer = {
  mediaType: mediaTypes.cosignSimpleSigning,
  digest: digest("1"),
  size: 243,
  annotations: { "dev.cosignproject.cosign/signature": "MEUC" },
};
const subject = { mediaType: mediaTypes.imageManifest, digest: digest("2"), size: 527 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.imageManifest, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [subject] };

describe("parseManifest()", () => {
  it("gives config, layers, subject, artifact type and annotations", () => {
    const document = { ...manifest, artifactType: mediaTypes.cosignSignature, subject, annotations: { a: "b" } };
    assert.deepEqual(parseManifest(encode(document)), {
      ok: true,
      value: {
        mediaType: mediaTypes.imageManifest,
        artifactType: mediaTypes.cosignSignature,
        config,
        layers: [{ ...layer, annotations: new Map(Object.entries(layer.annotations)) }],
        subject,
        annotations: new Map([["a", "b"]]),
      },
    });
  });

  it("takes a manifest without mediaType for OCI's", () => {
    assert.equal(value(parseManifest(encode({ schemaVersion: 2, config, layers: [] }))).mediaType, mediaTypes.imageManifest);
  });

  it("takes Docker's manifest", () => {
    assert.equal(value(parseManifest(encode({ ...manifest, mediaType: mediaTypes.dockerManifest }))).mediaType, mediaTypes.dockerManifest);
  });

  it("takes null for an absent subject and absent annotations", () => {
    const parsed = value(parseManifest(encode({ ...manifest, subject: null, annotations: null, artifactType: "" })));
    assert.deepEqual([parsed.subject, parsed.annotations, parsed.artifactType], [undefined, new Map(), undefined]);
  });

  it("never reads urls or data of a layer (CVE-2020-15157)", () => {
    const foreign = { ...layer, urls: ["https://evil.example/blob"], data: "AAAA" };
    assert.deepEqual(Object.keys(value(parseManifest(encode({ ...manifest, layers: [foreign] }))).layers[0] ?? {}), [
      "mediaType",
      "digest",
      "size",
      "annotations",
    ]);
  });

  const refused: readonly (readonly [why: string, document: unknown, reason: string])[] = [
    ["nothing", "", "NotJSON"],
    ["text after the document", `${JSON.stringify(manifest)}x`, "NotJSON"],
    ["a byte order mark", `\ufeff${JSON.stringify(manifest)}`, "NotJSON"],
    ["a list", [], "BadShape"],
    ["null", null, "BadShape"],
    ["schema version 1", { ...manifest, schemaVersion: 1 }, "BadShape"],
    ["a schema version that is text", { ...manifest, schemaVersion: "2" }, "BadShape"],
    ["an index's media type", { ...manifest, mediaType: mediaTypes.imageIndex }, "BadShape"],
    ["a manifest that is an index as well (CVE-2021-41190)", { ...manifest, manifests: [] }, "Ambiguous"],
    ["a missing config", { ...manifest, config: undefined }, "BadDescriptor"],
    ["missing layers", { ...manifest, layers: undefined }, "BadShape"],
    ["layers that are an object", { ...manifest, layers: { length: 1, 0: layer } }, "BadShape"],
    ["a layer that is null", { ...manifest, layers: [null] }, "BadDescriptor"],
    ["a digest that is a path (CVE-2024-3727)", { ...manifest, layers: [{ ...layer, digest: "sha256:../../x" }] }, "BadDescriptor"],
    ["an upper-case digest", { ...manifest, layers: [{ ...layer, digest: `sha256:${"A".repeat(64)}` }] }, "BadDescriptor"],
    ["a negative size", { ...manifest, layers: [{ ...layer, size: -1 }] }, "BadDescriptor"],
    ["half a byte", { ...manifest, layers: [{ ...layer, size: 0.5 }] }, "BadDescriptor"],
    ["a size beyond 2^53", JSON.stringify(manifest).replace("243", "1e300"), "BadDescriptor"],
    ["a size that is text", { ...manifest, layers: [{ ...layer, size: "243" }] }, "BadDescriptor"],
    ["a media type with a line feed", { ...manifest, layers: [{ ...layer, mediaType: "a/b\nx" }] }, "BadShape"],
    ["annotations that are no strings", { ...manifest, annotations: { a: 1 } }, "BadShape"],
    ["annotations that are a list", { ...manifest, annotations: ["a"] }, "BadShape"],
    [
      "more than 1,000 annotations",
      { ...manifest, annotations: Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [at, ""])) },
      "TooMany",
    ],
    ["more than 10,000 layers", { ...manifest, layers: Array.from({ length: 10_001 }, () => config) }, "TooMany"],
    ["depth", `{"schemaVersion":2,"x":${"[".repeat(100)}${"]".repeat(100)}}`, "TooDeep"],
    ["depth that never ends", "[".repeat(1_000_000), "TooDeep"],
    ["objects that never end", '{"a":'.repeat(200_000), "TooDeep"],
  ];
  for (const [why, document, reason] of refused) {
    it(`refuses ${why}`, () => {
      const parsed = parseManifest(encode(document));
      assert.equal(parsed.ok ? "accepted" : parsed.reason, reason);
      assert.ok(!parsed.ok && Buffer.byteLength(parsed.message) <= 256);
    });
  }

  it("refuses more than 4 MiB before it decodes them", () => {
    const parsed = parseManifest(new Uint8Array(4 * 1024 * 1024 + 1));
    assert.deepEqual(parsed, { ok: false, reason: "TooLarge", message: "The manifest is larger than 4194304 bytes" });
  });

  it("refuses bytes that are not UTF-8", () => {
    const bytes = encode(manifest);
    bytes[20] = 0xff;
    assert.equal(parseManifest(bytes).ok, false);
  });

  it("does not count brackets in strings as depth", () => {
    assert.equal(parseManifest(encode({ ...manifest, annotations: { a: `${"[".repeat(500)}"\\` } })).ok, true);
  });

  it("reads own fields only: __proto__ lends nothing", () => {
    const text = `{"schemaVersion":2,"__proto__":${JSON.stringify({ config, layers: [layer] })}}`;
    assert.equal(parseManifest(encode(text)).ok, false);
    assert.equal(parseManifest(encode(`{"schemaVersion":2,"config":{"__proto__":${JSON.stringify(config)}},"layers":[]}`)).ok, false);
    assert.equal(({} as Record<string, unknown>)["layers"], undefined);
  });

  it("keeps an annotation named __proto__ as an annotation", () => {
    const text = JSON.stringify(manifest).replace(/\}$/, ',"annotations":{"__proto__":"x","constructor":"y"}}');
    assert.deepEqual(
      value(parseManifest(encode(text))).annotations,
      new Map([
        ["__proto__", "x"],
        ["constructor", "y"],
      ]),
    );
  });

  it("takes the last of a key that stands twice, as Go does", () => {
    const text = `{"schemaVersion":1,"schemaVersion":2,"layers":[null],"layers":[],"config":${JSON.stringify(config)}}`;
    assert.deepEqual(value(parseManifest(encode(text))).layers, []);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 3 }), fc.string({ unit: "binary" })), (text) => {
        for (const parsed of [parseManifest(encode(text)), parseIndex(encode(text))]) assert.equal(typeof parsed.ok, "boolean");
      }),
      { numRuns: 300 },
    );
  });
});

describe("parseIndex()", () => {
  it("gives the descriptors of a referrers answer", () => {
    const referrer = { ...subject, artifactType: mediaTypes.cosignSignature, annotations: { created: "now" } };
    assert.deepEqual(parseIndex(encode({ ...index, manifests: [referrer] })), {
      ok: true,
      value: {
        mediaType: mediaTypes.imageIndex,
        manifests: [{ ...referrer, annotations: new Map([["created", "now"]]) }],
        annotations: new Map(),
      },
    });
  });

  it('takes "manifests": null, as registries in Go answer, for an empty index', () => {
    assert.deepEqual(value(parseIndex(encode({ ...index, manifests: null }))).manifests, []);
  });

  it("does not take absent manifests for an empty index", () => {
    const parsed = parseIndex(encode({ schemaVersion: 2, mediaType: mediaTypes.imageIndex }));
    assert.deepEqual(parsed, { ok: false, reason: "BadShape", message: "manifests is not a list" });
  });

  it("takes Docker's manifest list", () => {
    assert.equal(parseIndex(encode({ ...index, mediaType: mediaTypes.dockerManifestList })).ok, true);
  });

  it("drops an artifact type that is none, and keeps its entry", () => {
    const listed = [
      { ...subject, artifactType: "a\nb" },
      { ...subject, artifactType: 7 },
      { ...subject, artifactType: "" },
    ];
    assert.deepEqual(value(parseIndex(encode({ ...index, manifests: listed }))).manifests, [subject, subject, subject]);
  });

  it("takes 10,000 entries and not one more", () => {
    assert.equal(parseIndex(encode({ ...index, manifests: Array.from({ length: 10_000 }, () => subject) })).ok, true);
    const parsed = parseIndex(encode({ ...index, manifests: Array.from({ length: 10_001 }, () => subject) }));
    assert.equal(parsed.ok ? "" : parsed.reason, "TooMany");
  });

  it("refuses an index that is a manifest as well (CVE-2021-41190)", () => {
    for (const extra of [{ layers: [] }, { config }]) {
      const parsed = parseIndex(encode({ ...index, ...extra }));
      assert.equal(parsed.ok ? "" : parsed.reason, "Ambiguous");
    }
  });

  it("refuses a manifest", () => {
    assert.equal(parseIndex(encode(manifest)).ok, false);
  });
});

describe("a document that is made to hold up who reads it", () => {
  const filler = {
    "of empty lists": `[${"[],".repeat(100_000)}[]]`,
    "of empty objects": `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":{}`).join()}}`,
    "of numbers": `[${"0,".repeat(200_000)}0]`,
  };
  for (const [what, text] of Object.entries(filler))
    it(`is no manifest and no index, ${what}`, () => {
      for (const parse of [parseManifest, parseIndex]) {
        const parsed = parse(Buffer.from(`{"schemaVersion":2,"x":${text}}`));
        assert.equal(parsed.ok ? "" : parsed.reason, "TooMany");
      }
    });
  it("is told by what it holds, and not by what stands in its strings", () => {
    const annotations = { note: "[{,".repeat(200_000) };
    assert.equal(parseManifest(encode({ ...manifest, annotations })).ok, true);
  });
});

describe("parseListing()", () => {
  const shown = (manifests: unknown): ReturnType<typeof parseListing> => parseListing(encode({ ...index, manifests }));

  it("gives the entries that can be read, and why the first of the others cannot", () => {
    const odd = { ...subject, digest: "sha384:00" };
    assert.deepEqual(value(shown([odd, subject, null, subject])), {
      manifests: [subject, subject],
      defect: "manifests[0].digest is not a sha256 or sha512 digest",
    });
  });
  it("leaves out annotations that are none", () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`k${n}`, "v"]));
    for (const annotations of [many, { k: 1 }, [], "x"])
      assert.deepEqual(value(shown([{ ...subject, annotations }])), { manifests: [subject] });
  });
  it("takes null for nothing, and absence for no list", () => {
    assert.deepEqual(value(shown(null)), { manifests: [] });
    assert.equal(shown(undefined).ok, false);
  });
  it("takes 20,000 entries and not one more", () => {
    assert.equal(value(shown(Array.from({ length: 20_000 }, () => subject))).manifests.length, 20_000);
    const parsed = shown(Array.from({ length: 20_001 }, () => subject));
    assert.equal(parsed.ok ? "" : parsed.reason, "TooMany");
  });
  it("refuses what parseIndex() refuses of the whole", () => {
    for (const extra of [{ layers: [] }, { config }, { schemaVersion: 1 }, { mediaType: mediaTypes.imageManifest }])
      assert.equal(parseListing(encode({ ...index, manifests: [], ...extra })).ok, false);
  });
});
