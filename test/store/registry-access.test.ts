import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { CredentialUnavailableError, type Keychain } from "../../src/keychain/ports.ts";
import { createAuthority } from "../support/certificates.ts";
import { ManualClock } from "../support/clock.ts";
import { type RegistryAuth, startRegistry, types } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { canary, collect, descriptor, failureOf, image, never, provider, registryScene, tls } from "./fixture.ts";

const name = "team/app";
const auth = { kind: "basic", users: { alice: canary } } as const;

describe("caBundleRef", () => {
  const own = createAuthority({ commonName: "acme" });
  const leaf = own.issue({ ipAddresses: ["127.0.0.1"] });
  const config = { caBundleRef: { kind: "ConfigMap", name: "acme-ca", key: "ca.crt" } } as const;

  it("makes a private registry readable", async () => {
    await using registry = await startRegistry({ tls: { key: leaf.keyPem, cert: leaf.pem } });
    registry.pushImage(name, { tag: "1" });
    await using without = registryScene({ scopes: [registry.host] });
    assert.equal((await failureOf(without.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never))).class, "TLSFailure");
    await using scene = registryScene({ scopes: [registry.host], config, configMaps: { "acme-ca": { "ca.crt": `# ours\n${own.pem}` } } });
    assert.equal((await scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never)).mediaType, types.manifest);
  });

  const rows: readonly (readonly [string, Readonly<Record<string, Readonly<Record<string, string>>>>, string])[] = [
    ["a ConfigMap that does not exist", {}, "does not exist"],
    ["a key that does not exist", { "acme-ca": { other: own.pem } }, 'has no key "ca.crt"'],
    ["an empty value", { "acme-ca": { "ca.crt": "" } }, 'has no PEM certificate under "ca.crt"'],
    ["a key instead of a certificate", { "acme-ca": { "ca.crt": leaf.keyPem } }, 'has no PEM certificate under "ca.crt"'],
    [
      "a certificate that is none",
      { "acme-ca": { "ca.crt": "-----BEGIN CERTIFICATE-----\nbm9wZQ==\n-----END CERTIFICATE-----\n" } },
      'has a certificate that cannot be read under "ca.crt"',
    ],
    ["too much", { "acme-ca": { "ca.crt": "x".repeat(1_048_577) } }, 'has more than 1048576 bytes under "ca.crt"'],
  ];
  for (const [what, configMaps, detail] of rows)
    it(`with ${what}: every call says so, and nobody is asked`, async () => {
      await using registry = await startRegistry({ tls });
      await using scene = registryScene({ scopes: [registry.host], config, configMaps });
      const failure = { class: "TLSFailure", message: `ConfigMap "acme-ca", named by caBundleRef, ${detail}` };
      assert.deepEqual((await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never))).failure, failure);
      assert.deepEqual((await scene.store.probe(registry.host, never)).failure, failure);
      assert.equal(registry.requests.length, 0);
    });
});

describe("probe() and what is observed", () => {
  it("says that a registry is well, with whom it was asked", async () => {
    await using registry = await startRegistry({ tls, auth });
    const clock = new ManualClock();
    await using scene = registryScene({
      scopes: [registry.host],
      clock,
      providers: [provider("acr", [registry.host], [["alice", canary]])],
    });
    assert.deepEqual(await scene.store.probe(registry.host, never), {
      endpoint: registry.host,
      source: "probe",
      time: clock.now(),
      latencyMs: 0,
      authProvider: "acr",
    });
    assert.deepEqual(scene.seen, [], "the prober has the answer already");
  });

  it("says what is wrong", async () => {
    await using registry = await startRegistry({ tls, auth });
    const rows: readonly (readonly [Parameters<typeof registryScene>[0], string, string])[] = [
      [{}, "AuthenticationFailed", `${registry.host}: refused (401); sent without a credential: no AuthProvider matches ${registry.host}`],
      [
        { config: { unmatched: "Deny" } },
        "CredentialUnavailable",
        `${registry.host}: unmatched is Deny and no AuthProvider matches ${registry.host}`,
      ],
      [
        { providers: [provider("acr", [registry.host], [["alice", "wrong"]])] },
        "AuthenticationFailed",
        `${registry.host}: refused the credential of AuthProvider/acr (401)`,
      ],
    ];
    for (const [options, expected, message] of rows) {
      await using scene = registryScene({ scopes: [registry.host], ...options });
      const { failure } = await scene.store.probe(registry.host, never);
      assert.deepEqual([failure?.class, failure?.message.slice(0, message.length)], [expected, message]);
    }
  });

  it("takes a web server for no registry", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/", { kind: "status", status: 404, body: "<html>" });
    await using scene = registryScene({ scopes: [registry.host] });
    assert.equal((await scene.store.probe(registry.host, never)).failure?.class, "ProtocolError");
  });

  it("knows nothing of a host that is not its own", async () => {
    await using scene = registryScene({ scopes: ["registry.acme.io"] });
    assert.equal((await scene.store.probe("other.acme.io", never)).failure?.class, "Internal");
  });

  it("CVE-2021-41092: a provider without a credential is named, and nobody is asked in its stead", async () => {
    await using registry = await startRegistry({ tls });
    const keychain: Keychain = {
      origin: () => `https://${registry.host}`,
      select: () => ({
        outcome: "CredentialUnavailable",
        reason: "RefNotFound",
        message: "no",
        provider: "acr",
        pattern: registry.host,
        candidates: [],
      }),
      resolve: () => Promise.reject(new CredentialUnavailableError("RefNotFound", 'Secret "acr" does not exist')),
    };
    await using scene = registryScene({ scopes: [registry.host], keychain });
    const error = await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never));
    assert.deepEqual(error.failure, { class: "CredentialUnavailable", message: `${registry.host}: Secret "acr" does not exist` });
    assert.equal(scene.seen[0]?.authProvider, "acr");
    assert.equal(registry.requests.length, 0);
  });

  it("says until when an identity service wants to be left alone", async () => {
    await using registry = await startRegistry({ tls });
    const retryAt = Date.UTC(2026, 0, 1, 0, 1);
    const throttled = new CredentialUnavailableError("Throttled", "Entra is asked too often", { retryAt });
    const keychain: Keychain = {
      select: () => ({ outcome: "Anonymous", candidates: [] }),
      origin: () => registry.origin,
      resolve: () => Promise.reject(throttled),
    };
    await using scene = registryScene({ scopes: [registry.host], keychain });
    const error = await failureOf(scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, never));
    assert.deepEqual(error.failure, { class: "RateLimited", message: `${registry.host}: Entra is asked too often`, retryAt });
  });

  it("a defect below it is Internal, and says nothing", async () => {
    const keychain: Keychain = {
      origin: () => "https://registry.acme.io",
      select: () => ({ outcome: "Anonymous", candidates: [] }),
      resolve: () => Promise.reject(new TypeError(canary)),
    };
    await using scene = registryScene({ scopes: ["registry.acme.io"], keychain });
    const error = await failureOf(scene.store.resolve(image("registry.acme.io/a"), { tag: "1" }, never));
    assert.equal(error.class, "Internal");
    assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(canary));
  });

  it("no referrers API is no success: the front of a registry says so before it looks at who asks, as distribution does", async () => {
    await using registry = await startRegistry({ tls, auth });
    const subject = registry.pushImage(name);
    for (const status of [404, 405]) {
      registry.setMode("/referrers/", { kind: "status", status, body: "404 page not found" });
      await using scene = registryScene({ scopes: [registry.host] });
      await failureOf(collect(scene.store.listReferrers(image(`${registry.host}/${name}`), descriptor(subject), never)));
      assert.deepEqual(
        scene.seen.map(({ failure }) => failure?.class),
        ["AuthenticationFailed"],
        `of the tag, and nothing of the API that answers ${status}`,
      );
    }
  });

  it("bytes that are not what their digest says are a failure of the host, and not the success that their status is", async () => {
    await using registry = await startRegistry({ tls });
    const pushed = registry.pushImage(name);
    await using scene = registryScene({ scopes: [registry.host] });
    registry.setMode("/manifests/", { kind: "bytes", body: Buffer.alloc(pushed.size, ".") });
    const error = await failureOf(scene.store.fetch(image(`${registry.host}/${name}`), descriptor(pushed), never));
    assert.deepEqual(error.failure, { class: "ProtocolError", message: `${registry.host}: serves other bytes under ${pushed.digest}` });
    assert.deepEqual(
      scene.seen.map(({ failure }) => failure),
      [error.failure],
    );
  });

  it("every exchange is reported, 404 as a success of the host, and the referrers API where it was learnt", async () => {
    await using registry = await startRegistry({ tls });
    const subject = registry.pushImage(name, { tag: "1" });
    const clock = new ManualClock();
    await using scene = registryScene({ scopes: [registry.host], clock });
    const repository = image(`${registry.host}/${name}`);
    await collect(scene.store.listReferrers(repository, descriptor(subject), never));
    await failureOf(scene.store.resolve(repository, { tag: "none" }, never));
    registry.setMode("/manifests/", { kind: "status", status: 500 });
    await failureOf(scene.store.resolve(repository, { tag: "1" }, never));
    const seen = { endpoint: registry.host, source: "traffic", time: clock.now(), latencyMs: 0 } as const;
    assert.deepEqual(scene.seen, [
      { ...seen, referrersAPI: "Supported" },
      seen,
      { ...seen, failure: { class: "ServerError", message: `${registry.host}: answered 500` } },
    ]);
    assert.equal((await scene.store.probe(registry.host, never)).referrersAPI, "Supported");
  });

  it("a registry that lets the Store's time run out is reported; one that nobody waits for is not", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode("/manifests/", { kind: "hang" });
    const arrival = registry.hold("/manifests/");
    arrival.release();
    const clock = new ManualClock();
    await using scene = registryScene({ scopes: [registry.host], clock });
    using deadline = clock.deadline(2000);
    const late = scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, deadline.signal);
    const lateReason = assert.rejects(late, (reason) => reason === deadline.signal.reason);
    await arrival.arrived();
    await clock.advance(2000);
    await lateReason;
    assert.deepEqual(
      scene.seen.map(({ failure }) => failure),
      [{ class: "Timeout", message: `${registry.host}: no answer within the time that this Store has` }],
    );
    const left = new AbortController();
    const other = scene.store.resolve(image(`${registry.host}/${name}`), { tag: "1" }, left.signal);
    const otherReason = assert.rejects(other, (reason) => reason === left.signal.reason);
    await arrival.arrived(2);
    left.abort(new DOMException("decided", "AbortError"));
    await otherReason;
    assert.equal(scene.seen.length, 1);
  });
});

describe("request budget: a warm cold verification of a digest takes four requests (design 9)", () => {
  const users = { alice: canary };
  const rows: readonly (readonly [string, { readonly referrersApi?: boolean; readonly auth?: RegistryAuth }])[] = [
    ["the referrers API", {}],
    ["fallback tags", { referrersApi: false }],
    ["basic auth", { auth: { kind: "basic", users } }],
    ["token auth", { auth: { kind: "token", users } }],
    ["token auth and fallback tags", { auth: { kind: "token", users }, referrersApi: false }],
  ];
  for (const [what, options] of rows)
    it(`on a registry with ${what}`, async () => {
      await using registry = await startRegistry({ tls, ...options });
      const push = (seed: string): ReturnType<typeof descriptor> => {
        const subject = registry.pushImage(name, { seed });
        registry.pushReferrer(name, subject, { artifactType: "a/b", layers: [{ mediaType: "a/b", content: `signature of ${seed}` }] });
        return descriptor(subject);
      };
      const subjects = ["first", "second"].map(push);
      await using scene = registryScene({ scopes: [registry.host], providers: [provider("acr", [registry.host], [["alice", canary]])] });
      const repository = image(`${registry.host}/${name}`);
      for (const subject of subjects) {
        registry.requests.length = 0;
        const [, listed] = await Promise.all([
          scene.store.resolve(repository, { digest: subject.digest }, never),
          collect(scene.store.listReferrers(repository, subject, never)),
        ]);
        for (const referrer of listed) {
          const manifest = JSON.parse(Buffer.from(await scene.store.fetch(repository, referrer, never)).toString()) as {
            layers: Parameters<typeof descriptor>[0][];
          };
          for (const layer of manifest.layers) await scene.store.fetch(repository, descriptor(layer), never);
        }
      }
      assert.deepEqual(
        registry.requests.map(({ status }) => status),
        [200, 200, 200, 200],
      );
    });
});

describe("two hosts", () => {
  it("CVE-2025-27403: a host that merely looks like the registry gets nothing of its credential", async () => {
    await using registry = await startRegistry({ tls, auth });
    await using evil = await startRegistry({ tls, auth });
    const network = virtualNetwork({ "registry.acme.io": { port: registry.port }, "mirror.acme.io": { port: evil.port } });
    await using scene = registryScene({ scopes: ["*"], network, providers: [provider("acr", ["registry.acme.io"], [["alice", canary]])] });
    registry.pushImage(name, { tag: "1" });
    await scene.store.resolve(image("registry.acme.io/team/app"), { tag: "1" }, never);
    const error = await failureOf(scene.store.resolve(image("mirror.acme.io/team/app"), { tag: "1" }, never));
    assert.equal(error.class, "AuthenticationFailed");
    assert.match(error.message, /sent without a credential: no AuthProvider matches mirror\.acme\.io/);
    assert.ok(evil.requests.length > 0 && evil.requests.every(({ authorization }) => authorization === undefined));
  });
});
