import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startRegistry } from "../support/registry.ts";
import { type VirtualHost, virtualNetwork } from "../support/registry/network.ts";
import { canary, failureOf, image, never, provider, registryScene, tls } from "./fixture.ts";

const name = "team/app";
const host = "registry.acme.io";
const users = { alice: canary } as const;
const alice = [["alice", canary]] as const;

const refusal =
  "this host is not public, and an object of a namespace reaches it only by a cluster-scoped AuthProvider whose allowedNamespaces has the namespace";

describe("where a NamespacedStore may reach", () => {
  const inside: readonly (readonly [string, string, Partial<VirtualHost>])[] = [
    ["a metadata address", "169.254.169.254", {}],
    ["this machine, by address", "127.0.0.1:5000", {}],
    ["this machine, by name", "localhost:5000", { address: "127.0.0.1" }],
    ["a private address", "10.1.2.3", {}],
    ["a name of a private address", host, { address: "192.168.0.7" }],
    ["a service of the cluster", "vault.team-b.svc", { address: "10.0.0.17" }],
    ["a service with a public address", "vault.team-b.svc", {}],
    ["a service by its whole name", "vault.team-b.svc.cluster.local:8200", {}],
    ["a pod", "10-0-0-9.team-b.pod.cluster.local", {}],
    ["a service of the operator's own namespace", "vault:8200", {}],
    ["this machine, in IPv6", "v6.acme.io", { address: "::1" }],
    ["a private address that is written in IPv6", "mapped.acme.io", { address: "::ffff:10.0.0.1" }],
    ["a link-local address", "local.acme.io", { address: "fe80::1" }],
    ["a unique local address", "ula.acme.io", { address: "fd12:3456::1" }],
  ];
  for (const [what, target, where] of inside)
    it(`not ${what}: UnsafeEndpoint, and nobody is connected to`, async () => {
      await using registry = await startRegistry({ tls });
      const network = virtualNetwork({ [target]: { ...where, port: registry.port } });
      // Whatever names the host: its scope, its evidence, or an AuthProvider of the same namespace.
      const own = provider("team-a/own", [target], alice);
      const written = [{ scopes: [target] }, { scopes: ["ghcr.io"], config: { evidenceRepository: image(`${target}/${name}`) } }];
      for (const options of written)
        for (const providers of [[], [own]]) {
          await using scene = registryScene({ ...options, namespace: "team-a", network, providers });
          const { failure } = await scene.store.probe(target, never);
          assert.deepEqual(failure, { class: "UnsafeEndpoint", message: `${target}: ${refusal}` }, "the same whatever is there");
        }
      await using scene = registryScene({ scopes: [target], namespace: "team-a", network });
      assert.equal((await failureOf(scene.store.resolve(image(`${target}/${name}`), { tag: "1" }, never))).class, "UnsafeEndpoint");
      assert.deepEqual([network.dialled, registry.requests.length], [[], 0]);
    });

  it("a public registry, with a credential of the namespace", async () => {
    await using registry = await startRegistry({ tls, auth: { kind: "basic", users } });
    const network = virtualNetwork({ [host]: { port: registry.port } });
    await using scene = registryScene({ namespace: "team-a", scopes: [host], network, providers: [provider("team-a/own", [host], alice)] });
    assert.equal((await scene.store.probe(host, never)).failure, undefined);
  });

  for (const inner of ["10.1.2.3", "127.0.0.1"])
    it(`a registry at ${inner}, where the administrator lets the namespace use an AuthProvider for it`, async () => {
      await using registry = await startRegistry({ tls, auth: { kind: "basic", users } });
      const network = virtualNetwork({ [host]: { address: inner, port: registry.port } });
      await using scene = registryScene({ namespace: "team-a", scopes: [host], network, providers: [provider("shared", [host], alice)] });
      assert.equal((await scene.store.probe(host, never)).failure, undefined);
    });

  it("not what a name stands for by the time of the connection, if that is inside: it connects to what it has looked at", async () => {
    await using registry = await startRegistry({ tls });
    const base = virtualNetwork({ [host]: { port: registry.port } });
    // Public, private, public, …: a name whose owner answers anew each time.
    let asked = 0;
    const lookup: typeof base.lookup = () => {
      asked += 1;
      return Promise.resolve([{ address: asked % 2 === 1 ? "203.0.113.1" : "10.0.0.1", family: 4 }]);
    };
    await using scene = registryScene({ scopes: [host], namespace: "team-a", network: { ...base, lookup } });
    const seen: (string | undefined)[] = [];
    for (let at = 0; at < 4; at += 1) {
      registry.setMode(/./, { kind: "reset" }, { times: 1 });
      seen.push((await scene.store.probe(host, never)).failure?.class);
    }
    assert.ok(seen.includes("UnsafeEndpoint"));
    assert.deepEqual([...new Set(base.dialled)], ["203.0.113.1:443"]);
  });

  it("not a name that has one address outside and one inside", async () => {
    const base = virtualNetwork({});
    const lookup: typeof base.lookup = () =>
      Promise.resolve([
        { address: "203.0.113.1", family: 4 },
        { address: "10.0.0.1", family: 4 },
      ]);
    await using scene = registryScene({ scopes: [host], namespace: "team-a", network: { ...base, lookup } });
    assert.equal((await scene.store.probe(host, never)).failure?.class, "UnsafeEndpoint");
    assert.deepEqual(base.dialled, []);
  });

  it("not what its registry redirects to inside, though that has a public address", async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode(/./, { kind: "redirect", location: "https://vault.team-b.svc/v2/" });
    const network = virtualNetwork({ [host]: { port: registry.port }, "vault.team-b.svc": { port: registry.port } });
    await using scene = registryScene({ scopes: [host], namespace: "team-a", network });
    const error = await failureOf(scene.store.resolve(image(`${host}/${name}`), { tag: "1" }, never));
    assert.deepEqual(error.failure, { class: "UnsafeEndpoint", message: `vault.team-b.svc: ${refusal}` });
    assert.deepEqual(network.lookedUp, [`${host}.`]);
  });

  it("asks for the whole name, that none of the cluster's own is put behind it", async () => {
    const network = virtualNetwork({});
    await using tenant = registryScene({ scopes: ["db.team-b"], namespace: "team-a", network });
    await using cluster = registryScene({ scopes: ["db.team-b"], network });
    for (const { store } of [tenant, cluster]) assert.equal((await store.probe("db.team-b", never)).failure?.class, "DNSFailure");
    assert.deepEqual(network.lookedUp, ["db.team-b.", "db.team-b"]);
  });

  it("without a credential it is not the same as the cluster's Store there, which reaches further", async () => {
    const target = image(`${host}/${name}`);
    const identity = async (namespace: string | undefined): Promise<string> => {
      await using scene = registryScene({ scopes: [host], ...(namespace !== undefined && { namespace }) });
      return scene.store.identity(target);
    };
    assert.equal(await identity("team-a"), await identity("team-a"));
    assert.notEqual(await identity("team-a"), await identity(undefined));
  });

  it("a cluster-scoped Store reaches what is named like a service of the cluster", async () => {
    await using registry = await startRegistry({ tls });
    const network = virtualNetwork({ localhost: { address: "127.0.0.1", port: registry.port } });
    await using scene = registryScene({ scopes: ["localhost"], network });
    assert.equal((await scene.store.probe("localhost", never)).failure, undefined);
  });
});
