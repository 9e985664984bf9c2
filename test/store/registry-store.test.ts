import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printRepository } from "../../src/oci/repository.ts";
import { blob, encode, startRegistry, type TestRegistry, types } from "../support/registry.ts";
import {
  authority,
  canary,
  collect,
  descriptor,
  digest,
  failureOf,
  image,
  never,
  pattern,
  provider,
  registryScene,
  tls,
} from "./fixture.ts";

const name = "team/app";

describe("resolve()", () => {
  it("gives the descriptor of a tag and of a digest", async () => {
    await using registry = await startRegistry({ tls });
    const pushed = registry.pushImage(name, { tag: "1.2" });
    await using scene = registryScene({ scopes: [registry.host] });
    const repository = image(`${registry.host}/${name}`);
    assert.deepEqual(await scene.store.resolve(repository, { tag: "1.2" }, never), descriptor(pushed));
    assert.deepEqual(await scene.store.resolve(repository, { digest: digest(pushed.digest) }, never), descriptor(pushed));
  });

  it("names what is not there", async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage(name);
    await using scene = registryScene({ scopes: [registry.host] });
    const error = await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "none" }, never));
    assert.deepEqual(error.failure, { class: "NotFound", message: `${registry.host}: no tag "none" in "team/app"` });
  });

  const manifest = { schemaVersion: 2, mediaType: types.manifest, config: blob(types.config, "{}").descriptor, layers: [] };
  const rows: readonly (readonly [string, unknown, Readonly<Record<string, string>>, string])[] = [
    [
      "CVE-2023-47630: a lying Docker-Content-Digest",
      manifest,
      { "docker-content-digest": `sha256:${"0".repeat(64)}` },
      "the Docker-Content-Digest of a tag is not that of its bytes",
    ],
    [
      "CVE-2021-41190: a Content-Type that makes an index of a manifest",
      manifest,
      { "content-type": types.index },
      "the Content-Type of a manifest contradicts the document",
    ],
    [
      "CVE-2021-41190: a document that is both",
      { ...manifest, mediaType: types.index, manifests: [] },
      {},
      'a manifest cannot be read: The index has "config" or "layers" as a manifest has (CVE-2021-41190)',
    ],
    ["a document that is neither", {}, {}, "a manifest cannot be read: The manifest does not have schemaVersion 2"],
  ];
  for (const [what, document, headers, detail] of rows)
    it(`refuses ${what}`, async () => {
      await using registry = await startRegistry({ tls });
      registry.setMode("/manifests/", { kind: "bytes", body: encode(document), headers });
      await using scene = registryScene({ scopes: [registry.host] });
      const error = await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never));
      assert.deepEqual(error.failure, { class: "ProtocolError", message: `${registry.host}: ${detail}` });
    });

  it("CVE-2023-47630: refuses other bytes under a digest", async () => {
    await using registry = await startRegistry({ tls });
    const pushed = registry.pushImage(name);
    registry.setMode("/manifests/", { kind: "bytes", body: encode(manifest), headers: { "docker-content-digest": pushed.digest } });
    await using scene = registryScene({ scopes: [registry.host] });
    const error = await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { digest: digest(pushed.digest) }, never));
    assert.equal(error.message, `${registry.host}: serves other bytes under ${pushed.digest}`);
  });

  it("takes what the document says it is, and Docker's word where it says nothing", async () => {
    await using registry = await startRegistry({ tls });
    const docker = "application/vnd.docker.distribution.manifest.v2+json";
    const { mediaType: _none, ...bare } = manifest;
    await using scene = registryScene({ scopes: [registry.host] });
    for (const [body, contentType, expected] of [
      [manifest, docker, types.manifest],
      [bare, `${docker}; charset=utf-8`, docker],
      [bare, "application/json", types.manifest],
    ] as const) {
      registry.setMode("/manifests/", { kind: "bytes", body: encode(body), headers: { "content-type": contentType } });
      assert.equal((await scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never)).mediaType, expected);
    }
  });

  it("fault 21: does not read a manifest of 100 MiB", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "huge", bytes: 104_857_600 });
    await using scene = registryScene({ scopes: [registry.host] });
    assert.equal((await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never))).class, "LimitExceeded");
  });
});

describe("fetch()", () => {
  it("reads manifests and blobs by digest, and nothing from where a manifest says that a layer lies (CVE-2020-15157)", async () => {
    await using registry = await startRegistry({ tls });
    const layer = { ...blob(types.layer, "layer").descriptor, urls: ["https://evil.example/layer"] };
    registry.pushBlob(name, "layer");
    const pushed = registry.push(name, {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: blob(types.config, "{}").descriptor,
      layers: [layer],
    });
    await using scene = registryScene({ scopes: [registry.host] });
    const repository = image(`${registry.host}/${name}`);
    assert.equal((await scene.store.fetch(repository, descriptor(pushed), never)).byteLength, pushed.size);
    assert.equal(Buffer.from(await scene.store.fetch(repository, descriptor(layer), never)).toString(), "layer");
    assert.deepEqual(
      registry.requests.map(({ path }) => path),
      [`/v2/${name}/manifests/${pushed.digest}`, `/v2/${name}/blobs/${layer.digest}`],
    );
  });

  const content = blob("a/b", "content").descriptor;
  const rows: readonly (readonly [string, Parameters<TestRegistry["setMode"]>[1], string, string])[] = [
    ["other bytes of the same length", { kind: "bytes", body: "CONTENT" }, "ProtocolError", `serves other bytes under ${content.digest}`],
    ["fewer bytes", { kind: "bytes", body: "cont" }, "ProtocolError", `serves 4 bytes under ${content.digest}, which has 7`],
    ["more bytes", { kind: "bytes", body: "content and more" }, "ProtocolError", "the answer is longer than 7 bytes"],
    ["bytes without an end", { kind: "endless" }, "ProtocolError", "the answer is longer than 7 bytes"],
    ["404", { kind: "status", status: 404 }, "NotFound", `has no ${content.digest}`],
    ["503", { kind: "status", status: 503 }, "ServerError", "answered 503"],
  ];
  for (const [what, mode, expected, detail] of rows)
    it(`answers ${what} with ${expected}`, async () => {
      await using registry = await startRegistry({ tls });
      registry.setMode("/blobs/", mode);
      await using scene = registryScene({ scopes: [registry.host] });
      const error = await failureOf(scene.store.fetch(image(`${registry.host}/${name}`), descriptor(content), never));
      assert.deepEqual(error.failure, { class: expected, message: `${registry.host}: ${detail}` });
    });

  it("asks nobody for more than the limits allow", async () => {
    await using registry = await startRegistry({ tls });
    await using scene = registryScene({ scopes: [registry.host], limits: { blobBytes: 1000, manifestBytes: 2000 } });
    const repository = image(`${registry.host}/${name}`);
    for (const [mediaType, size] of [
      ["a/b", 1001],
      [types.manifest, 2001],
    ] as const)
      assert.deepEqual((await failureOf(scene.store.fetch(repository, descriptor({ ...content, mediaType, size }), never))).failure, {
        class: "LimitExceeded",
        message: `${registry.host}: ${content.digest} has ${size} bytes (limits.${size === 1001 ? "blobBytes" : "manifestBytes"} of Store/production: ${size - 1})`,
      });
    assert.equal(registry.requests.length, 0);
  });
});

describe("where requests go", () => {
  const rewrite = [
    { from: pattern("docker.io"), to: image("mirror.acme.io/hub") },
    { from: pattern("docker.io/library"), to: image("mirror.acme.io/official") },
  ];

  it("rewrite: the longest `from` by whole segments wins", async () => {
    await using scene = registryScene({ scopes: ["docker.io", "ghcr.io"], config: { rewrite } });
    const where = (text: string): string => scene.store.locate(image(text)).key;
    assert.deepEqual(["nginx", "acme/app", "library2/app", "ghcr.io/a/b"].map(where), [
      "mirror.acme.io/official/nginx",
      "mirror.acme.io/hub/acme/app",
      "mirror.acme.io/hub/library2/app",
      "ghcr.io/a/b",
    ]);
    assert.deepEqual(scene.store.endpoints(), ["ghcr.io", "mirror.acme.io"]);
  });

  it("evidenceRepository: referrers and their content are read there, tags at the image's own repository", async () => {
    await using registry = await startRegistry({ tls, nameUnknown: false });
    const subject = registry.pushImage("images/app", { tag: "1" });
    const pushed = registry.pushReferrer("evidence/all", subject, { artifactType: "a/b", layers: [] });
    await using scene = registryScene({ scopes: [registry.host], config: { evidenceRepository: image(`${registry.host}/evidence/all`) } });
    const repository = image(`${registry.host}/images/app`);
    assert.deepEqual(await scene.store.resolve(repository, { tag: "1" }, never), descriptor(subject));
    assert.deepEqual(
      (await collect(scene.store.listReferrers(repository, descriptor(subject), never))).map((listed) => listed.digest),
      [pushed.digest],
    );
    assert.equal((await scene.store.fetch(repository, descriptor(pushed), never)).byteLength, pushed.size);
    assert.deepEqual(
      new Set(registry.requests.map(({ path }) => path.split("/").slice(2, 4).join("/"))),
      new Set(["images/app", "evidence/all"]),
    );
    assert.equal(scene.store.locate(repository).key, `${registry.host}/evidence/all`);
    assert.deepEqual(scene.store.repositories(repository).map(printRepository), [
      `${registry.host}/evidence/all`,
      `${registry.host}/images/app`,
    ]);
  });

  it("endpoints(): hosts that are written out, sorted, 32 at most", async () => {
    const endpoints = async (scopes: readonly string[], config: Parameters<typeof registryScene>[0] = {}): Promise<readonly string[]> => {
      await using scene = registryScene({ ...config, scopes });
      return scene.store.endpoints();
    };
    assert.deepEqual(await endpoints(["*"]), []);
    assert.deepEqual(await endpoints(["*.azurecr.io", "ghcr.io/acme", "ghcr.io/other", "b.acme.io:5000", "docker.io"]), [
      "b.acme.io:5000",
      "docker.io",
      "ghcr.io",
    ]);
    assert.deepEqual(await endpoints(["*"], { config: { rewrite } }), ["mirror.acme.io"]);
    assert.deepEqual(await endpoints(["ghcr.io"], { config: { rewrite } }), ["ghcr.io"]);
    assert.deepEqual(await endpoints(["ghcr.io"], { config: { evidenceRepository: image("signatures.acme.io/evidence") } }), [
      "signatures.acme.io",
    ]);
    assert.equal((await endpoints(Array.from({ length: 40 }, (_, n) => `r${n}.acme.io`))).length, 32);
  });

  it("identity(): equal exactly for the same provider, pattern and CA bundle", async () => {
    const of = async (options: Parameters<typeof registryScene>[0]): Promise<string> => {
      await using scene = registryScene({ scopes: ["*"], ...options });
      return scene.store.identity(image("registry.acme.io/team/app"));
    };
    const acr = provider("acr", ["registry.acme.io"], [["alice", canary]]);
    const wide = provider("wide", ["*.acme.io"], []);
    const ca = {
      config: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } },
      configMaps: { ca: { "ca.crt": authority.pem } },
    } as const;
    const all = [
      await of({}),
      await of({ providers: [acr] }),
      await of({ providers: [wide] }),
      await of({ config: { unmatched: "Deny" } }),
      await of({ providers: [acr], ...ca }),
    ];
    assert.equal(new Set(all).size, all.length);
    assert.equal(await of({ providers: [acr, wide] }), await of({ providers: [acr] }));
    assert.ok(!all.join("").includes(canary));
  });

  it('H9: an image that only "*" matches may not choose a host in a private network', async () => {
    await using registry = await startRegistry({ tls });
    registry.pushImage(name, { tag: "1" });
    const resolve = async (options: Parameters<typeof registryScene>[0]): Promise<string> => {
      await using scene = registryScene(options);
      return await scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never).then(
        () => "read",
        (error: unknown) => (error as { class: string }).class,
      );
    };
    assert.equal(await resolve({ scopes: ["*"] }), "UnsafeEndpoint");
    assert.equal(registry.requests.length, 0);
    assert.equal(await resolve({ scopes: [registry.host] }), "read");
    assert.equal(await resolve({ scopes: ["*"], providers: [provider("inner", [registry.host], [])] }), "read");
    assert.equal(
      await resolve({ scopes: ["*"], config: { rewrite: [{ from: pattern(registry.host), to: image(`${registry.host}/team`) }] } }),
      "NotFound",
    );
  });
});
