import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { defaultLimits } from "../../src/api/store.ts";
import { type Store, StoreError } from "../../src/engine/store.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { ociLayoutStore } from "../../src/store/oci-layout/layout-store.ts";
import { hostileBytes } from "../support/hostile-json.ts";
import { blob, encode, sha256, types } from "../support/registry.ts";
import { descriptor, image, never } from "./fixture.ts";

const repository = image("registry.acme.io/team/app");
const refName = "org.opencontainers.image.ref.name";
const config = blob(types.config, "{}");
const subjectBytes = encode({ schemaVersion: 2, mediaType: types.manifest, config: config.descriptor, layers: [] });
const subject = { mediaType: types.manifest, digest: sha256(subjectBytes), size: subjectBytes.byteLength };
const signatureDocument = {
  schemaVersion: 2,
  mediaType: types.manifest,
  artifactType: "a/b",
  config: config.descriptor,
  layers: [config.descriptor],
  subject,
};
const box = { numRuns: 250, interruptAfterTimeLimit: 5000 } as const;

/** A layout of which whoever made it has written `index` and one manifest. */
class Layout implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), "layout-"));
  readonly blobs = new Map<string, Uint8Array>();

  constructor() {
    mkdirSync(join(this.#root, "blobs/sha256"), { recursive: true });
    this.#write("oci-layout", '{"imageLayoutVersion":"1.0.0"}');
    this.keep(subjectBytes);
  }
  keep(bytes: Uint8Array): { readonly mediaType: string; readonly digest: string; readonly size: number } {
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    this.#write(`blobs/sha256/${digest.slice(7)}`, bytes);
    return { mediaType: types.manifest, digest, size: bytes.byteLength };
  }
  index(bytes: Uint8Array): void {
    this.#write("index.json", bytes);
  }
  /** Opened anew: what it has learnt by digest is none of the next one's. */
  open(): Store {
    const spec = {
      scopes: [{ kind: "all" }],
      evidence: "Required",
      timeoutMs: 2000,
      healthCheck: { intervalMs: 300_000, failureThreshold: 3 },
      limits: defaultLimits,
      suspend: false,
    } as const;
    return ociLayoutStore({ path: this.#root }, { name: "layout", clock: systemClock, fileRoot: this.#root, spec });
  }
  #write(name: string, bytes: Uint8Array | string): void {
    writeFileSync(join(this.#root, name), bytes);
  }
  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true });
  }
}

function assertTyped(error: unknown): void {
  assert.ok(error instanceof StoreError, String(error));
  assert.ok(["ProtocolError", "LimitExceeded", "NotFound"].includes(error.class), `${error.class}: ${error.message}`);
  assert.match(error.message, /^The image layout [\x20-\x7e]{1,240}$/u);
}

/** What the Store lists, to its end; undefined where it fails. */
async function listed(items: AsyncIterable<Descriptor>): Promise<readonly Descriptor[] | undefined> {
  const all: Descriptor[] = [];
  try {
    for await (const item of items) all.push(item);
    return all;
  } catch (error) {
    assertTyped(error);
    return undefined;
  }
}

describe("ociLayoutStore() and a layout that somebody made for it", () => {
  it("lists what its own bytes call a referrer of the subject, and resolves what it holds, whatever index.json says", async () => {
    using layout = new Layout();
    const signature = layout.keep(encode(signatureDocument));
    const entry = { ...subject, annotations: { [refName]: "1.4" } };
    const document = { schemaVersion: 2, mediaType: types.index, manifests: [entry, { ...signature, annotations: { a: "b" } }] };
    let found = 0;
    await fc.assert(
      fc.asyncProperty(hostileBytes(document), async (bytes) => {
        layout.index(bytes);
        const store = layout.open();
        const referrers = await listed(store.listReferrers(repository, descriptor(subject), never));
        for (const { digest, size } of referrers ?? []) assert.deepEqual([digest, size], [signature.digest, signature.size]);
        found += (referrers ?? []).length;
        await listed(store.listTagged(repository, descriptor(subject), never));
        try {
          const resolved = await store.resolve(repository, { tag: "1.4" }, never);
          assert.equal(layout.blobs.get(resolved.digest)?.byteLength, resolved.size);
        } catch (error) {
          assertTyped(error);
        }
      }),
      box,
    );
    assert.ok(found > 0, "nothing was listed: what is accepted has not been looked at");
  });

  it("leaves out no manifest that index.json lists, whatever stands in it: one that cannot be read fails the list", async () => {
    using layout = new Layout();
    let [complete, failed] = [0, 0];
    await fc.assert(
      fc.asyncProperty(hostileBytes(signatureDocument), async (bytes) => {
        const pushed = layout.keep(bytes);
        layout.index(encode({ schemaVersion: 2, mediaType: types.index, manifests: [subject, pushed] }));
        const referrers = await listed(layout.open().listReferrers(repository, descriptor(subject), never));
        if (referrers === undefined) {
          failed += 1;
          return;
        }
        complete += 1;
        const manifest = parseManifest(bytes);
        assert.ok(manifest.ok);
        const isReferrer = manifest.value.subject?.digest === subject.digest;
        assert.deepEqual(
          referrers.map(({ digest }) => digest),
          isReferrer ? [pushed.digest] : [],
        );
      }),
      box,
    );
    assert.ok(complete > 0 && failed > 0, "one of the two has not been looked at");
  });

  it("gives of what a descriptor names those bytes alone, however it lies about their size and type", async () => {
    using layout = new Layout();
    const [wanted] = [layout.keep(encode(signatureDocument))];
    const store = layout.open();
    const type = fc.constantFrom(types.manifest, types.index, "application/octet-stream");
    await fc.assert(
      fc.asyncProperty(type, fc.integer({ min: -3, max: 3 }), async (mediaType, lie) => {
        const size = wanted.size + lie;
        try {
          const bytes = await store.fetch(repository, { ...descriptor(wanted), mediaType, size }, never);
          assert.deepEqual([sha256(bytes), lie], [wanted.digest, 0]);
        } catch (error) {
          assertTyped(error);
          assert.notEqual(lie, 0);
        }
      }),
      box,
    );
  });
});
