import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { startRegistry, type TestRegistry, types } from "../support/registry.ts";
import { descriptor, failureOf, image, never, registryScene, type Scene, tls } from "./fixture.ts";

const name = "team/app";
const signature = { artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json", layers: [{ mediaType: "a/x", content: "signature" }] };
const referrers = (scene: Scene, registry: TestRegistry, subject: Parameters<typeof descriptor>[0]): AsyncIterable<Descriptor> =>
  scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never);

/** What came before the failure, and the failure. */
async function drain(listing: AsyncIterable<Descriptor>): Promise<{ readonly listed: readonly string[]; readonly failure: string }> {
  const listed: string[] = [];
  const error = await failureOf(
    (async () => {
      for await (const { digest } of listing) listed.push(digest);
    })(),
  );
  return { listed, failure: `${error.class}: ${error.message}` };
}

/** An answer of the referrers API with these entries. */
const index = (...manifests: readonly unknown[]): { readonly kind: "bytes"; readonly body: string } => ({
  kind: "bytes",
  body: JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests }),
});

describe("listReferrers()", () => {
  it("gives everything on as many pages as limits.pages, then says that there are more", async () => {
    await using registry = await startRegistry({ tls, pageSize: 2 });
    const subject = registry.pushImage(name);
    const pushed = Array.from({ length: 7 }, (_, n) =>
      registry.pushReferrer(name, subject, { ...signature, annotations: { n: String(n) } }),
    );
    await using scene = registryScene({ scopes: [registry.host], limits: { pages: 3 } });
    const { listed, failure } = await drain(referrers(scene, registry, subject));
    assert.deepEqual(
      listed,
      pushed.slice(0, 6).map(({ digest }) => digest),
    );
    assert.equal(failure, `LimitExceeded: ${registry.host}: the list of referrers has more pages (limits.pages of Store/production: 3)`);
    assert.equal(registry.requests.length, 3);
  });

  it("gives what can be read, on every page, before it fails for an entry that cannot", async () => {
    await using registry = await startRegistry({ tls, pageSize: 1 });
    const subject = registry.pushImage(name);
    const pushed = [1, 2].map((n) => registry.pushReferrer(name, subject, { ...signature, annotations: { n: String(n) } }));
    await using scene = registryScene({ scopes: [registry.host] });
    const odd = { mediaType: types.manifest, digest: `sha384:${"0".repeat(96)}`, size: 7 };
    registry.setMode(/referrers\/[^?]+$/, {
      ...index(odd, { mediaType: types.manifest, digest: pushed[0]?.digest, size: 9 }),
      headers: { link: `</v2/${name}/referrers/${subject.digest}?n=1&last=1>; rel="next"` },
    });
    const { listed, failure } = await drain(referrers(scene, registry, subject));
    assert.ok(listed.includes(pushed[0]?.digest ?? "") && listed.includes(pushed[1]?.digest ?? ""));
    assert.match(failure, /^ProtocolError: .*: the list of referrers has an entry that cannot be read: manifests\[0\]\.digest is not/);
  });

  it("is not spoilt by annotations that somebody attached", async () => {
    await using registry = await startRegistry({ tls });
    const subject = registry.pushImage(name);
    const annotations = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`k${n}`, "v"]));
    const pushed = registry.pushReferrer(name, subject, { ...signature, annotations });
    await using scene = registryScene({ scopes: [registry.host] });
    const listed: string[] = [];
    for await (const { digest } of referrers(scene, registry, subject)) listed.push(digest);
    assert.deepEqual(listed, [pushed.digest]);
  });
});

describe("listTagged()", () => {
  it("does not read a manifest that is longer than limits.manifestBytes", async () => {
    await using registry = await startRegistry({ tls });
    const subject = registry.pushImage(name);
    registry.setMode(/sha256-/, { kind: "bytes", body: JSON.stringify({ schemaVersion: 2, x: "x".repeat(2000) }) });
    await using scene = registryScene({ scopes: [registry.host], limits: { manifestBytes: 1024 } });
    const { failure } = await drain(scene.store.listTagged(image(`${registry.host}/${name}`), descriptor(subject), never));
    assert.equal(
      failure,
      `LimitExceeded: ${registry.host}: the manifest under cosign's tag is longer (limits.manifestBytes of Store/production: 1024)`,
    );
  });
});

describe("a page that is no JSON, as proxies answer who has to log in,", () => {
  const login = { kind: "bytes", body: "<!doctype html><title>Log in</title>" } as const;
  const rows = {
    "instead of the list of referrers": [
      /referrers/,
      (scene: Scene, registry: TestRegistry, subject: Parameters<typeof descriptor>[0]) => drain(referrers(scene, registry, subject)),
    ],
    "instead of the fallback tag": [
      /sha256-/,
      (scene: Scene, registry: TestRegistry, subject: Parameters<typeof descriptor>[0]) => drain(referrers(scene, registry, subject)),
    ],
    "instead of a manifest": [
      /manifests/,
      async (scene: Scene, registry: TestRegistry) => {
        const error = await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never));
        return { listed: [], failure: `${error.class}: ${error.message}` };
      },
    ],
  } as const;
  for (const [where, [path, ask]] of Object.entries(rows))
    it(`${where} is a failure of the host`, async () => {
      await using registry = await startRegistry({ tls, referrersApi: where !== "instead of the fallback tag" });
      const subject = registry.pushImage(name, { tag: "1" });
      registry.setMode(path, login);
      await using scene = registryScene({ scopes: [registry.host] });
      assert.match((await ask(scene, registry, subject)).failure, /^ProtocolError: .* is not JSON: what answered is not a registry$/);
      assert.equal(scene.seen.at(-1)?.failure?.class, "ProtocolError");
    });

  it("instead of /v2/ is found by a probe, and what registries answer there is none", async () => {
    await using registry = await startRegistry({ tls });
    await using scene = registryScene({ scopes: [registry.host] });
    registry.setMode(/^\/v2\/$/, login);
    assert.deepEqual((await scene.store.probe(registry.host, never)).failure, {
      class: "ProtocolError",
      message: `${registry.host}: answers a page for people to /v2/: this is not a registry`,
    });
    for (const body of ["{}", "true", ""]) {
      registry.setMode(/^\/v2\/$/, { kind: "bytes", body, headers: { "content-type": "text/html; charset=utf-8" } });
      assert.equal((await scene.store.probe(registry.host, never)).failure, undefined, body);
    }
  });

  it("is told apart from an index that somebody has shaped: the host has answered that", async () => {
    await using registry = await startRegistry({ tls });
    const subject = registry.pushImage(name);
    await using scene = registryScene({ scopes: [registry.host] });
    for (const body of [
      "{}",
      '{"schemaVersion": 1}',
      '{"schemaVersion": 2, "manifests": {}}',
      '{"schemaVersion": 2, "manifests": [], "layers": []}',
    ]) {
      registry.setMode("/referrers/", { kind: "bytes", body });
      assert.match((await drain(referrers(scene, registry, subject))).failure, /^ProtocolError/);
      assert.equal(scene.seen.at(-1)?.failure, undefined, body);
    }
  });
});
