import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { types, startRegistry, type Pushed, type TestRegistry } from "../support/registry.ts";
import { ManualClock } from "../support/clock.ts";
import { canary, collect, descriptor, failureOf, image, never, provider, registryScene, tls } from "./fixture.ts";

const name = "team/app";
const signature = {
  artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
  layers: [{ mediaType: "application/x", content: "signature" }],
};
const unsigned = (registry: TestRegistry): Pushed => registry.pushImage(name, { tag: "1" });
const paths = (registry: TestRegistry): readonly string[] =>
  registry.requests.map(
    ({ method, path, status }) =>
      `${method} ${path.replace(/sha256([:-])[0-9a-f]{64}/, "sha256$1…").replace("/v2/team/app", "")} ${status}`,
  );

for (const referrersApi of [true, false])
  describe(`listReferrers() on a registry ${referrersApi ? "with the referrers API" : "with fallback tags"}`, () => {
    it("lists what refers to the subject", async () => {
      await using registry = await startRegistry({ tls, referrersApi });
      const subject = unsigned(registry);
      const pushed = [
        registry.pushReferrer(name, subject, signature),
        registry.pushReferrer(name, subject, { ...signature, artifactType: "a/b", annotations: { k: "v" } }),
      ];
      registry.pushReferrer(name, registry.pushImage(name, { seed: "other" }), signature);
      await using scene = registryScene({ scopes: [registry.host] });
      const listed = await collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never));
      assert.deepEqual(
        listed.map(({ digest, artifactType, annotations }) => [digest, artifactType, annotations?.get("k")]),
        pushed.map(({ digest, artifactType, annotations }) => [digest, artifactType, annotations?.["k"]]),
      );
    });

    it("proves that there is nothing", async () => {
      await using registry = await startRegistry({ tls, referrersApi });
      const subject = unsigned(registry);
      await using scene = registryScene({ scopes: [registry.host] });
      assert.deepEqual(await collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)), []);
      assert.deepEqual(
        paths(registry),
        referrersApi
          ? ["GET /referrers/sha256:… 200"]
          : ["GET /referrers/sha256:… 404", "GET /manifests/sha256-… 404", "HEAD /manifests/sha256:… 200"],
      );
    });

    it("fails for a repository that the registry does not know", async () => {
      await using registry = await startRegistry({ tls, referrersApi });
      const subject = unsigned(registry);
      await using scene = registryScene({ scopes: [registry.host] });
      const error = await failureOf(collect(scene.store.listReferrers(image(`${registry.host}/team/other`), descriptor(subject), never)));
      assert.deepEqual(error.failure, {
        class: "NotFound",
        message: `${registry.host}: no such repository, or this credential may not know of it`,
      });
    });
  });

describe("listReferrers()", () => {
  it("goes to the tag at once where the API is remembered to be absent, and asks the API again before it says that there is nothing", async () => {
    await using registry = await startRegistry({ tls, referrersApi: false });
    const subject = unsigned(registry);
    registry.pushReferrer(name, subject, signature);
    const other = registry.pushImage(name, { seed: "other" });
    await using scene = registryScene({ scopes: [registry.host] });
    const repository = image(`${registry.host}/${name}`);
    await collect(scene.store.listReferrers(repository, descriptor(subject), never));
    registry.requests.length = 0;
    assert.equal((await collect(scene.store.listReferrers(repository, descriptor(subject), never))).length, 1);
    assert.deepEqual(paths(registry), ["GET /manifests/sha256-… 200"]);
    registry.requests.length = 0;
    assert.deepEqual(await collect(scene.store.listReferrers(repository, descriptor(other), never)), []);
    assert.deepEqual(paths(registry), ["GET /manifests/sha256-… 404", "GET /referrers/sha256:… 404", "HEAD /manifests/sha256:… 200"]);
  });

  it("finds through the API what a registry has learnt to list since", async () => {
    const before = await startRegistry({ tls, referrersApi: false });
    const subject = unsigned(before);
    await using scene = registryScene({ scopes: [before.host] });
    const repository = image(`${before.host}/${name}`);
    await collect(scene.store.listReferrers(repository, descriptor(subject), never));
    await before.stop();
    await using registry = await startRegistry({ tls, port: before.port });
    registry.pushReferrer(name, unsigned(registry), signature);
    assert.equal((await collect(scene.store.listReferrers(repository, descriptor(subject), never))).length, 1);
    assert.deepEqual(paths(registry), ["GET /manifests/sha256-… 404", "GET /referrers/sha256:… 200"]);
  });

  it("forgets after a day that there is no API", async () => {
    await using registry = await startRegistry({ tls, referrersApi: false });
    const subject = unsigned(registry);
    registry.pushReferrer(name, subject, signature);
    const clock = new ManualClock();
    await using scene = registryScene({ scopes: [registry.host], clock });
    for (const days of [0, 1]) {
      await clock.advance(days * 86_400_000);
      registry.requests.length = 0;
      await collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never));
      assert.deepEqual(paths(registry), ["GET /referrers/sha256:… 404", "GET /manifests/sha256-… 200"]);
    }
  });

  it("reads every page", async () => {
    await using registry = await startRegistry({ tls, pageSize: 2 });
    const subject = unsigned(registry);
    for (let n = 0; n < 5; n += 1) registry.pushReferrer(name, subject, { ...signature, artifactType: `a/${n}` });
    await using scene = registryScene({ scopes: [registry.host] });
    const listed = await collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never));
    assert.deepEqual(
      listed.map(({ artifactType }) => artifactType),
      ["a/0", "a/1", "a/2", "a/3", "a/4"],
    );
    assert.equal(registry.requests.length, 3);
  });

  it("takes null for no referrers, as olareg says it", async () => {
    await using registry = await startRegistry({ tls });
    const subject = unsigned(registry);
    registry.setMode("/referrers/", { kind: "bytes", body: '{"schemaVersion":2,"manifests":null}' });
    await using scene = registryScene({ scopes: [registry.host] });
    assert.deepEqual(await collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)), []);
  });

  it("takes a tag where the API answers that it does not know what is meant, but not its absence", async () => {
    for (const status of [400, 405, 406, 501]) {
      await using registry = await startRegistry({ tls, referrersApi: false });
      const subject = unsigned(registry);
      registry.setMode("/referrers/", { kind: "status", status });
      await using scene = registryScene({ scopes: [registry.host] });
      const repository = image(`${registry.host}/${name}`);
      assert.equal((await failureOf(collect(scene.store.listReferrers(repository, descriptor(subject), never)))).class, "ProtocolError");
      registry.pushReferrer(name, subject, signature);
      assert.equal((await collect(scene.store.listReferrers(repository, descriptor(subject), never))).length, 1);
    }
  });

  const cut: readonly (readonly [string, Parameters<TestRegistry["setMode"]>, string])[] = [
    ["a list that is no JSON", ["/referrers/", { kind: "bytes", body: "<html>" }], "ProtocolError"],
    ["a list that is no index", ["/referrers/", { kind: "bytes", body: '{"schemaVersion":2,"layers":[]}' }], "ProtocolError"],
    [
      "a list with a digest that steps up (CVE-2024-3727)",
      ["/referrers/", { kind: "bytes", body: '{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"../../x","size":1}]}' }],
      "ProtocolError",
    ],
    ["a list that is cut off", ["/referrers/", { kind: "truncate", bytes: 10 }], "ConnectionReset"],
    ["a list without an end", ["/referrers/", { kind: "endless" }], "LimitExceeded"],
    [
      "fault 21: a Link that goes round in a circle",
      ["/referrers/", { kind: "headers", headers: { link: '<?from=0>; rel="next"' } }],
      "ProtocolError",
    ],
    [
      "a Link to another host",
      ["/referrers/", { kind: "headers", headers: { link: '<https://evil.example/v2/team/app/referrers/x>; rel="next"' } }],
      "UnsafeEndpoint",
    ],
    [
      "a Link to another repository",
      ["/referrers/", { kind: "headers", headers: { link: '</v2/team/other/tags/list>; rel="next"' } }],
      "UnsafeEndpoint",
    ],
    [
      "a page that is not there",
      ["/referrers/", { kind: "headers", headers: { link: '</v2/team/app/gone/x>; rel="next"' } }],
      "ProtocolError",
    ],
    [
      "a second page that is refused and looks like an empty list",
      [
        (request) => request.path.endsWith("from=1"),
        { kind: "status", status: 404, body: JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [] }) },
      ],
      "ProtocolError",
    ],
    ["401", ["/referrers/", { kind: "status", status: 401 }], "AuthenticationFailed"],
    ["403", ["/referrers/", { kind: "status", status: 403 }], "AuthorizationDenied"],
    ["429", ["/referrers/", { kind: "status", status: 429 }], "RateLimited"],
    ["500", ["/referrers/", { kind: "status", status: 500 }], "ServerError"],
    ["404 NAME_UNKNOWN", ["/referrers/", { kind: "status", status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' }], "NotFound"],
  ];
  for (const [what, [matcher, mode], expected] of cut)
    it(`never says that there is nothing on ${what}: ${expected}`, async () => {
      await using registry = await startRegistry({ tls, pageSize: 1 });
      const subject = unsigned(registry);
      for (const artifactType of ["a/b", "c/d"]) registry.pushReferrer(name, subject, { ...signature, artifactType });
      registry.setMode(matcher, mode);
      await using scene = registryScene({ scopes: [registry.host] });
      const error = await failureOf(collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)));
      assert.equal(error.class, expected);
      // A refusal is observed; that the API knows nothing is no news of the host.
      assert.deepEqual(new Set(scene.seen.map(({ endpoint }) => endpoint)), new Set(expected === "NotFound" ? [] : [registry.host]));
    });

  for (const status of [401, 403, 429, 500, 503])
    it(`never says that there is nothing where the tag answers ${status}`, async () => {
      await using registry = await startRegistry({ tls, referrersApi: false });
      const subject = unsigned(registry);
      registry.setMode("/manifests/sha256-", { kind: "status", status });
      await using scene = registryScene({ scopes: [registry.host] });
      await failureOf(collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)));
    });

  it("never says that there is nothing where all answers are 404 and nothing shows that it may read", async () => {
    await using registry = await startRegistry({ tls, referrersApi: false });
    const subject = unsigned(registry);
    registry.setMode("/v2/team/app/", { kind: "status", status: 404, body: '{"errors":[{"code":"NOT_FOUND"}]}' });
    await using scene = registryScene({ scopes: [registry.host] });
    const error = await failureOf(collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)));
    assert.deepEqual(error.failure, {
      class: "NotFound",
      message: `${registry.host}: nothing shows that this credential may read the repository`,
    });
  });

  it("takes a list of tags for proof, and a page of HTML for none", async () => {
    await using registry = await startRegistry({ tls, referrersApi: false });
    const subject = unsigned(registry);
    registry.setMode((request) => request.method === "HEAD", { kind: "status", status: 404 });
    await using scene = registryScene({ scopes: [registry.host] });
    const listing = (): Promise<unknown> =>
      collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never));
    registry.setMode("/tags/list", { kind: "bytes", body: "<html>" }, { times: 1 });
    assert.equal((await failureOf(listing())).class, "ProtocolError");
    registry.setMode("/tags/list", { kind: "bytes", body: '{"tags": "none"}' }, { times: 1 });
    assert.equal((await failureOf(listing())).class, "NotFound");
    assert.deepEqual(await listing(), []);
    assert.equal(paths(registry).at(-1), "GET /tags/list?n=1 200");
  });

  it("does not take one credential's answers for another's", async () => {
    await using registry = await startRegistry({ tls, referrersApi: false, auth: { kind: "basic", users: { alice: canary } } });
    const subject = unsigned(registry);
    // Nothing is asked for at /v2/, and absence is what those are told who send nothing: a registry with anonymous access, and a private repository in it.
    registry.setMode(/^\/v2\/$/, { kind: "bytes", body: "{}" });
    registry.setMode((request) => request.headers.authorization === undefined && /referrers|sha256-/.test(request.path), {
      kind: "status",
      status: 404,
    });
    registry.setMode((request) => request.headers.authorization !== undefined && request.path.includes("sha256-"), {
      kind: "bytes",
      body: JSON.stringify({
        schemaVersion: 2,
        mediaType: types.index,
        manifests: [{ ...registry.pushReferrer("elsewhere", subject, signature) }],
      }),
    });
    await using scene = registryScene({ scopes: [registry.host], providers: [provider("acr", [registry.host], [["alice", canary]])] });
    assert.equal((await collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never))).length, 1);
  });

  it("fault 21: reads 100 pages and not one more", async () => {
    await using registry = await startRegistry({ tls, pageSize: 1 });
    const subject = unsigned(registry);
    for (let n = 0; n < 102; n += 1) registry.pushReferrer(name, subject, { ...signature, annotations: { n: String(n) } });
    await using scene = registryScene({ scopes: [registry.host] });
    const error = await failureOf(collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)));
    assert.deepEqual(error.failure, {
      class: "LimitExceeded",
      message: `${registry.host}: the list of referrers has more pages (limits.pages of Store/production: 100)`,
    });
    assert.equal(registry.requests.length, 100);
  });

  it("stops asking when its reader does", async () => {
    await using registry = await startRegistry({ tls, pageSize: 1 });
    const subject = unsigned(registry);
    for (let n = 0; n < 5; n += 1) registry.pushReferrer(name, subject, { ...signature, annotations: { n: String(n) } });
    await using scene = registryScene({ scopes: [registry.host] });
    for await (const listed of scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)) {
      assert.ok(listed.size > 0);
      break;
    }
    assert.equal(registry.requests.length, 1);
  });
});

describe("listTagged()", () => {
  const tagOf = (subject: Pushed): string => `${subject.digest.replace(":", "-")}.sig`;

  it("finds cosign's signature by its tag, and has its manifest at hand", async () => {
    await using registry = await startRegistry({ tls });
    const subject = unsigned(registry);
    const pushed = registry.pushImage(name, { seed: "signature", tag: tagOf(subject) });
    await using scene = registryScene({ scopes: [registry.host] });
    const repository = image(`${registry.host}/${name}`);
    const listed = await collect(scene.store.listTagged(repository, descriptor(subject), never));
    assert.deepEqual(listed, [descriptor(pushed)]);
    const bytes = await scene.store.fetch(repository, descriptor(pushed), never);
    assert.equal(bytes.byteLength, pushed.size);
    assert.equal(registry.requests.length, 1);
  });

  it("finds none only where the repository can be read", async () => {
    await using registry = await startRegistry({ tls });
    const subject = unsigned(registry);
    await using scene = registryScene({ scopes: [registry.host] });
    const repository = image(`${registry.host}/${name}`);
    assert.deepEqual(await collect(scene.store.listTagged(repository, descriptor(subject), never)), []);
    assert.equal(
      (await failureOf(collect(scene.store.listTagged(image(`${registry.host}/team/none`), descriptor(subject), never)))).class,
      "NotFound",
    );
    registry.setMode("/v2/", { kind: "status", status: 404 });
    await using other = registryScene({ scopes: [registry.host] });
    assert.equal((await failureOf(collect(other.store.listTagged(repository, descriptor(subject), never)))).class, "NotFound");
  });

  it("asks no second time for proof within one verification", async () => {
    await using registry = await startRegistry({ tls, referrersApi: false });
    const subject = unsigned(registry);
    await using scene = registryScene({ scopes: [registry.host] });
    const repository = image(`${registry.host}/${name}`);
    await collect(scene.store.listReferrers(repository, descriptor(subject), never));
    await collect(scene.store.listTagged(repository, descriptor(subject), never));
    assert.deepEqual(paths(registry), [
      "GET /referrers/sha256:… 404",
      "GET /manifests/sha256-… 404",
      "HEAD /manifests/sha256:… 200",
      "GET /manifests/sha256-….sig 404",
    ]);
  });

  it("refuses bytes that are no manifest", async () => {
    await using registry = await startRegistry({ tls });
    const subject = unsigned(registry);
    registry.setMode(".sig", { kind: "bytes", body: '{"schemaVersion":2}' });
    await using scene = registryScene({ scopes: [registry.host] });
    assert.equal(
      (await failureOf(collect(scene.store.listTagged(image(`${registry.host}/${name}`), descriptor(subject), never)))).class,
      "ProtocolError",
    );
  });
});
