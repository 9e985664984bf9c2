import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startRegistry } from "../support/registry.ts";
import { type VirtualHost, virtualNetwork } from "../support/registry/network.ts";
import { canary, failureOf, image, never, provider, registryScene, tls } from "./fixture.ts";

const name = "team/app";
const host = "registry.acme.io";
const users = { alice: canary } as const;
const alice = [["alice", canary]] as const;

describe("where a NamespacedStore may reach", () => {
  const inside: readonly (readonly [string, string, Partial<VirtualHost>, RegExp])[] = [
    ["a metadata address", "169.254.169.254", {}, /link-local, a metadata service/],
    ["this machine, by address", "127.0.0.1:5000", {}, /private network/],
    ["this machine, by name", "localhost:5000", { address: "127.0.0.1" }, /means this machine, or something in this cluster/],
    ["a private address", "10.1.2.3", {}, /private network/],
    ["a name of a private address", host, { address: "192.168.0.7" }, /private network/],
    ["a service of the cluster", "vault.team-b.svc", { address: "10.0.0.17" }, /something in this cluster/],
    ["a service with a public address", "vault.team-b.svc", {}, /something in this cluster/],
    ["a service by its whole name", "vault.team-b.svc.cluster.local:8200", {}, /something in this cluster/],
    ["a pod", "10-0-0-9.team-b.pod.cluster.local", {}, /something in this cluster/],
  ];
  for (const [what, target, where, said] of inside)
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
          assert.equal(failure?.class, "UnsafeEndpoint", JSON.stringify(failure));
          assert.match(failure.message, said);
          assert.match(failure.message, /AuthProvider|link-local/, "and what an administrator can do, where anything");
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
