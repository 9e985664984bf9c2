import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { defaultLimits } from "../../src/api/store.ts";
import type { Store } from "../../src/engine/store.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { ociLayoutStore } from "../../src/store/oci-layout/layout-store.ts";
import { blob, encode, type ManifestDocument, type Pushed, sha256, types } from "../support/registry.ts";
import { collect, descriptor, digest, failureOf, image, never } from "./fixture.ts";

const refName = "org.opencontainers.image.ref.name";
const repository = image("registry.acme.io/team/app");

/** An image layout on disk, as oras and crane write it. */
class Layout implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "layout-"));
  readonly path = "images/app";
  readonly entries: Pushed[] = [];

  constructor() {
    mkdirSync(join(this.root, this.path, "blobs/sha256"), { recursive: true });
    this.write("oci-layout", '{"imageLayoutVersion":"1.0.0"}');
  }
  write(name: string, bytes: Uint8Array | string): void {
    writeFileSync(join(this.root, this.path, name), bytes);
  }
  blob(bytes: Uint8Array): string {
    const name = `blobs/sha256/${sha256(bytes).slice(7)}`;
    this.write(name, bytes);
    return name;
  }
  push(document: ManifestDocument, options: { readonly name?: string; readonly listed?: boolean } = {}): Pushed {
    const bytes = encode(document);
    this.blob(bytes);
    const pushed = { mediaType: document.mediaType ?? types.manifest, digest: sha256(bytes), size: bytes.byteLength };
    if (options.listed !== false)
      this.entries.push({ ...pushed, ...(options.name !== undefined && { annotations: { [refName]: options.name } }) });
    this.save();
    return pushed;
  }
  save(): void {
    this.write("index.json", encode({ schemaVersion: 2, mediaType: types.index, manifests: this.entries }));
  }
  store(more: { readonly path?: string; readonly fileRoot?: string | undefined; readonly blobBytes?: number } = {}): Store {
    const fileRoot = "fileRoot" in more ? more.fileRoot : this.root;
    return ociLayoutStore(
      { path: more.path ?? this.path },
      {
        name: "layout",
        clock: systemClock,
        ...(fileRoot !== undefined && { fileRoot }),
        spec: {
          scopes: [{ kind: "all" }],
          evidence: "Required",
          timeoutMs: 2000,
          healthCheck: { intervalMs: 300_000, failureThreshold: 3 },
          limits: { ...defaultLimits, blobBytes: more.blobBytes ?? 1000 },
          suspend: false,
        },
      },
    );
  }
  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

const manifest = (seed: string, more: Partial<ManifestDocument> = {}): ManifestDocument => ({
  schemaVersion: 2,
  mediaType: types.manifest,
  config: blob(types.config, seed).descriptor,
  layers: [],
  ...more,
});
const signatureOf = (subject: Pushed, artifactType = "a/b"): ManifestDocument => manifest("signature", { artifactType, subject });

describe("ociLayoutStore()", () => {
  it("resolves by digest, by tag and by the whole reference", async () => {
    using layout = new Layout();
    const first = layout.push(manifest("first"), { name: "1" });
    const second = layout.push(manifest("second"), { name: "registry.acme.io/team/app:2" });
    const store = layout.store();
    assert.deepEqual(await store.resolve(repository, { tag: "1" }, never), descriptor(first));
    assert.deepEqual(await store.resolve(repository, { tag: "2" }, never), descriptor(second));
    assert.deepEqual(await store.resolve(repository, { digest: digest(second.digest) }, never), descriptor(second));
    assert.equal((await failureOf(store.resolve(image("registry.acme.io/team/other"), { tag: "2" }, never))).class, "NotFound");
    assert.equal((await failureOf(store.resolve(repository, { tag: "3" }, never))).class, "NotFound");
  });

  it("names what an index holds, whether or not it was copied", async () => {
    using layout = new Layout();
    const held = layout.push(manifest("amd64"), { listed: false });
    const left = { mediaType: types.manifest, digest: `sha256:${"2".repeat(64)}`, size: 10 };
    const index = layout.push({ schemaVersion: 2, mediaType: types.index, manifests: [held, left] }, { name: "1" });
    const platforms = [held, left].map(descriptor);
    for (const reference of [{ tag: "1" }, { digest: digest(index.digest) }])
      assert.deepEqual(await layout.store().resolve(repository, reference, never), { ...descriptor(index), platforms });
    const empty = layout.push({ schemaVersion: 2, mediaType: types.index, manifests: [] }, { name: "2" });
    assert.deepEqual(await layout.store().resolve(repository, { tag: "2" }, never), { ...descriptor(empty), platforms: [] });
  });

  it("does not guess between two manifests of one name", async () => {
    using layout = new Layout();
    layout.push(manifest("first"), { name: "1" });
    layout.push(manifest("second"), { name: "1" });
    assert.equal((await failureOf(layout.store().resolve(repository, { tag: "1" }, never))).class, "ProtocolError");
  });

  it("lists the manifests whose subject it is, those in indexes too", async () => {
    using layout = new Layout();
    const subject = layout.push(manifest("image"), { name: "1" });
    const top = layout.push(signatureOf(subject));
    const nested = layout.push(signatureOf(subject, "c/d"), { listed: false });
    layout.push({ schemaVersion: 2, mediaType: types.index, manifests: [nested] }, { name: subject.digest.replace(":", "-") });
    layout.push(signatureOf({ ...subject, digest: `sha256:${"1".repeat(64)}` }));
    const listed = await collect(layout.store().listReferrers(repository, descriptor(subject), never));
    assert.deepEqual(listed, [
      { ...descriptor(top), artifactType: "a/b" },
      { ...descriptor(nested), artifactType: "c/d" },
    ]);
  });

  it("finds nothing where there is nothing", async () => {
    using layout = new Layout();
    const subject = layout.push(manifest("image"));
    assert.deepEqual(await collect(layout.store().listReferrers(repository, descriptor(subject), never)), []);
    assert.deepEqual(await collect(layout.store().listTagged(repository, descriptor(subject), never)), []);
  });

  it("finds cosign's tag by its name", async () => {
    using layout = new Layout();
    const subject = layout.push(manifest("image"));
    const signature = layout.push(manifest("signature"), { name: `${subject.digest.replace(":", "-")}.sig` });
    assert.deepEqual(await collect(layout.store().listTagged(repository, descriptor(subject), never)), [descriptor(signature)]);
  });

  it("takes an image of which one platform was copied, and no index.json that lists what is not there", async () => {
    using layout = new Layout();
    const subject = layout.push({
      schemaVersion: 2,
      mediaType: types.index,
      manifests: [{ mediaType: types.manifest, digest: `sha256:${"2".repeat(64)}`, size: 10 }],
    });
    assert.deepEqual(await collect(layout.store().listReferrers(repository, descriptor(subject), never)), []);
    layout.entries.push({ mediaType: types.manifest, digest: `sha256:${"3".repeat(64)}`, size: 10 });
    layout.save();
    assert.equal((await failureOf(collect(layout.store().listReferrers(repository, descriptor(subject), never)))).class, "ProtocolError");
  });

  it("fetches what it named, and nothing else", async () => {
    using layout = new Layout();
    const { bytes, descriptor: named } = blob("a/b", "content");
    const path = layout.blob(bytes);
    const store = layout.store();
    assert.equal(Buffer.from(await store.fetch(repository, descriptor(named), never)).toString(), "content");
    layout.write(path, "CONTENT");
    assert.equal(
      (await failureOf(store.fetch(repository, descriptor(named), never))).message,
      `The image layout holds other bytes under ${named.digest}`,
    );
    layout.write(path, "content and more");
    assert.equal((await failureOf(store.fetch(repository, descriptor(named), never))).class, "LimitExceeded");
    assert.equal(
      (await failureOf(store.fetch(repository, descriptor({ ...named, digest: `sha256:${"4".repeat(64)}` }), never))).class,
      "NotFound",
    );
    assert.equal((await failureOf(layout.store({ blobBytes: 3 }).fetch(repository, descriptor(named), never))).class, "LimitExceeded");
  });

  const outside: readonly (readonly [string, (layout: Layout) => Store])[] = [
    ["no --file-root", (layout) => layout.store({ fileRoot: undefined })],
    ["a path that steps out", (layout) => layout.store({ fileRoot: join(layout.root, "images/app/blobs"), path: "../../app" })],
    [
      "an absolute path elsewhere",
      (layout) => layout.store({ fileRoot: join(layout.root, "images/app/blobs"), path: join(layout.root, "images/app") }),
    ],
    [
      "a directory that is a link to elsewhere",
      (layout) => {
        mkdirSync(join(layout.root, "inside"));
        symlinkSync(join(layout.root, "images/app"), join(layout.root, "inside/link"));
        return layout.store({ fileRoot: join(layout.root, "inside"), path: "link" });
      },
    ],
    [
      "a file that is a link to elsewhere",
      (layout) => {
        mkdirSync(join(layout.root, "inside"));
        symlinkSync(join(layout.root, "images/app/oci-layout"), join(layout.root, "inside/oci-layout"));
        return layout.store({ fileRoot: join(layout.root, "inside"), path: "." });
      },
    ],
  ];
  for (const [what, open] of outside)
    it(`refuses ${what}, without naming a path`, async () => {
      using layout = new Layout();
      layout.push(manifest("image"), { name: "1" });
      const error = await failureOf(open(layout).resolve(repository, { tag: "1" }, never));
      assert.equal(error.class, "UnsafeEndpoint");
      assert.ok(!error.message.includes(layout.root));
    });

  it("follows a link that stays below the root", async () => {
    using layout = new Layout();
    const pushed = layout.push(manifest("image"), { name: "1" });
    symlinkSync(join(layout.root, "images/app"), join(layout.root, "current"));
    assert.deepEqual(await layout.store({ path: "current" }).resolve(repository, { tag: "1" }, never), descriptor(pushed));
    assert.deepEqual(
      await layout.store({ path: join(layout.root, "current") }).resolve(repository, { tag: "1" }, never),
      descriptor(pushed),
    );
  });

  const broken: readonly (readonly [string, (layout: Layout) => void, string])[] = [
    ["a directory that is not there", (layout) => rmSync(join(layout.root, layout.path), { recursive: true }), "NotFound"],
    ["another version", (layout) => layout.write("oci-layout", '{"imageLayoutVersion":"2.0.0"}'), "ProtocolError"],
    ["no index.json", (layout) => rmSync(join(layout.root, layout.path, "index.json")), "ProtocolError"],
    ["an index.json that is none", (layout) => layout.write("index.json", "[]"), "ProtocolError"],
    ["an index.json of 5 MiB", (layout) => layout.write("index.json", " ".repeat(5 * 1024 * 1024)), "LimitExceeded"],
    [
      "a digest that steps up (CVE-2024-3727)",
      (layout) =>
        layout.write(
          "index.json",
          '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:../../../etc/passwd","size":10}]}',
        ),
      "ProtocolError",
    ],
    [
      "an index that claims 1 GiB",
      (layout) => {
        layout.entries.push({ mediaType: types.index, digest: `sha256:${"5".repeat(64)}`, size: 1_073_741_824 });
        layout.save();
      },
      "LimitExceeded",
    ],
    [
      "indexes in indexes in indexes",
      (layout) => {
        let inner = layout.push(manifest("deep"), { listed: false });
        for (let n = 0; n < 5; n += 1)
          inner = layout.push({ schemaVersion: 2, mediaType: types.index, manifests: [inner] }, { listed: n === 4 });
      },
      "LimitExceeded",
    ],
    [
      "a directory where a file should be",
      (layout) => {
        rmSync(join(layout.root, layout.path, "index.json"));
        mkdirSync(join(layout.root, layout.path, "index.json"));
      },
      "ProtocolError",
    ],
  ];
  for (const [what, spoil, expected] of broken)
    it(`answers ${what} with ${expected}`, async () => {
      using layout = new Layout();
      const subject = layout.push(manifest("image"));
      spoil(layout);
      assert.equal((await failureOf(collect(layout.store().listReferrers(repository, descriptor(subject), never)))).class, expected);
    });

  it("has a location and no endpoint", async () => {
    using layout = new Layout();
    const store = layout.store();
    assert.deepEqual(store.locate(repository), { key: "layout:images/app", host: "images/app" });
    assert.deepEqual([store.endpoints(), store.repositories(repository)], [[], []]);
    assert.equal((await store.probe("x", never)).failure?.class, "Internal");
  });

  it("stops with its signal", async () => {
    using layout = new Layout();
    const aborted = AbortSignal.abort(new DOMException("left", "AbortError"));
    await assert.rejects(layout.store().resolve(repository, { tag: "1" }, aborted), { name: "AbortError" });
  });
});
