import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { errorClasses } from "../../src/api/error-class.ts";
import { StoreError } from "../../src/engine/store.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest-of.ts";
import { hostileBytes } from "../support/hostile-json.ts";
import { blob, startRegistry, type TestRegistry, types } from "../support/registry.ts";
import { descriptor, digest, image, never, registryScene, type Scene, tls } from "./fixture.ts";

const name = "team/app";
const empty = blob(types.empty, "{}").descriptor;
const manifest = { schemaVersion: 2, mediaType: types.manifest, artifactType: "a/b", config: empty, layers: [empty], subject: empty };
const entry = { ...empty, mediaType: types.manifest, artifactType: "a/b", annotations: { a: "b" } };
const index = { schemaVersion: 2, mediaType: types.index, manifests: [entry, { ...entry, size: 3 }] };
const box = { numRuns: 250, interruptAfterTimeLimit: 5000 } as const;

let [registry, scene]: [TestRegistry | undefined, Scene | undefined] = [undefined, undefined];
before(async () => {
  registry = await startRegistry({ tls });
  scene = registryScene({ scopes: [registry.host] });
});
after(async () => {
  await scene?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});
function stage(): { readonly registry: TestRegistry; readonly scene: Scene; readonly repository: ReturnType<typeof image> } {
  assert.ok(registry !== undefined && scene !== undefined);
  registry.clearModes();
  registry.requests.length = 0;
  return { registry, scene, repository: image(`${registry.host}/${name}`) };
}

/** In the words of the port: a class and one line, and nothing of a parser's or the registry's own. */
function assertTyped(error: unknown): void {
  assert.ok(error instanceof StoreError, String(error));
  assert.ok(errorClasses.includes(error.class) && error.class !== "Internal", error.message);
  assert.match(error.message, /^127\.0\.0\.1:\d+: [\x20-\x7e]{1,240}$/u);
}

describe("registryStore() and a registry that answers anything", () => {
  it("lists everything that the answer has, or fails: nothing is left out of a list that counts as complete", async () => {
    const at = stage();
    let complete = 0;
    await fc.assert(
      fc.asyncProperty(hostileBytes(index), async (body) => {
        at.registry.clearModes();
        at.registry.setMode("/referrers/", { kind: "bytes", body });
        const listed: Descriptor[] = [];
        try {
          for await (const found of at.scene.store.listReferrers(at.repository, descriptor(empty), never)) listed.push(found);
        } catch (error) {
          assertTyped(error);
          return;
        }
        complete += 1;
        const { manifests } = JSON.parse(Buffer.from(body).toString()) as { readonly manifests: readonly Descriptor[] | null };
        assert.deepEqual(
          listed.map((found) => [found.digest, found.size]),
          (manifests ?? []).map((found) => [found.digest, found.size]),
        );
      }),
      box,
    );
    assert.ok(complete > 0, "every answer was refused: what is accepted has not been looked at");
  });

  it("takes a tag for the digest of the bytes that it was sent, and an index never for a manifest, whatever the headers say", async () => {
    const at = stage();
    const type = fc.constantFrom(types.manifest, types.index, "application/json", "text/html; a=b", "");
    const stated = fc.constantFrom("true", "zero", "garbage", "absent");
    let resolved = 0;
    const document = fc.oneof(hostileBytes(manifest), hostileBytes(index));
    await fc.assert(
      fc.asyncProperty(document, type, stated, async (body, contentType, word) => {
        const own = digestOf(body);
        const says = { true: own, zero: `sha256:${"0".repeat(64)}`, garbage: "sha256:\u00e9", absent: undefined }[word];
        at.registry.clearModes();
        const headers = { "content-type": contentType, ...(says !== undefined && { "docker-content-digest": says }) };
        at.registry.setMode("/manifests/", { kind: "bytes", body, headers });
        try {
          const found = await at.scene.store.resolve(at.repository, { tag: "1" }, never);
          resolved += 1;
          assert.deepEqual([found.digest, found.size], [own, body.byteLength]);
          const plain = JSON.parse(Buffer.from(body).toString()) as object;
          assert.equal(found.platforms !== undefined, Object.hasOwn(plain, "manifests"), Buffer.from(body).toString());
        } catch (error) {
          assertTyped(error);
        }
      }),
      box,
    );
    assert.ok(resolved > 0, "every answer was refused: what is accepted has not been looked at");
  });

  it("gives of what a descriptor names those bytes alone, however it lies about their size and type", async () => {
    const at = stage();
    const bytes = fc.uint8Array({ maxLength: 40 });
    const type = fc.constantFrom(types.manifest, types.index, "application/octet-stream");
    let given = 0;
    await fc.assert(
      fc.asyncProperty(bytes, fc.option(bytes), type, fc.integer({ min: -2, max: 2 }), async (wanted, served, mediaType, lie) => {
        at.registry.clearModes();
        at.registry.setMode(/blobs|manifests/, { kind: "bytes", body: served ?? wanted });
        const size = Math.max(0, wanted.byteLength + lie);
        try {
          const read = await at.scene.store.fetch(at.repository, { mediaType, digest: digest(digestOf(wanted)), size }, never);
          given += 1;
          assert.deepEqual([Buffer.from(read), size], [Buffer.from(wanted), wanted.byteLength]);
        } catch (error) {
          assertTyped(error);
        }
      }),
      box,
    );
    assert.ok(given > 0, "nothing was given");
  });
});
