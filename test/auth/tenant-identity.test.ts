import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kindTable } from "../../src/api/kinds.ts";
import type { AuthProviderType } from "../../src/api/auth-provider.ts";
import { authProviders } from "../../src/auth/catalog.ts";
import type { AuthProviderDeps, AuthProvider } from "../../src/keychain/ports.ts";
import { object, refusals } from "../api/objects.ts";
import { attempts, ownIdentities, specOf } from "../support/cloud/attempts.ts";
import { repositoryOf } from "../support/cloud/deps.ts";
import { attack, never } from "./advisories/scene.ts";
import { cloudTypes } from "./advisories/subjects.ts";

describe("a NamespacedAuthProvider of a cloud", () => {
  it("is of a type that tenants have with an identity of their own, and of no other", () => {
    const { spec } = kindTable.NamespacedAuthProvider;
    const fields = spec.type === "object" ? Object.keys(spec.fields) : [];
    assert.deepEqual(Object.keys(ownIdentities).toSorted(), cloudTypes.filter((type) => fields.includes(type)).toSorted());
  });

  for (const [type, config] of Object.entries(ownIdentities))
    it(`${type}: is accepted with a ServiceAccount of its own namespace, also one that is called as the operator's`, () => {
      assert.deepEqual(refusals("NamespacedAuthProvider", specOf(type, config)), []);
      const named = JSON.parse(JSON.stringify(config).replace(/"name":"(puller|reader)"/, '"name":"countersign"')) as object;
      const decoded = kindTable.NamespacedAuthProvider.decode(object("NamespacedAuthProvider", specOf(type, { ...named })));
      assert.equal(decoded.ok, true);
    });

  for (const { what, spec, refusal } of attempts)
    it(`is refused: ${what}`, () => {
      const said = refusals("NamespacedAuthProvider", spec);
      assert.equal(said.length, refusal.length, said.join("\n"));
      for (const [at, begin] of refusal.entries()) assert.ok(said[at]?.startsWith(begin), `${said[at]} does not begin with ${begin}`);
    });
});

/** Where something undecoded would reach the factory. */
describe("the factory of a cloud's provider, for a namespace", () => {
  for (const [type, config] of Object.entries(ownIdentities))
    for (const name of ["countersign", "team-b/x", "../team-b/x", ".."])
      it(`${type}: asks for tokens in its own namespace, whatever the name of the ServiceAccount: ${name}`, async () => {
        await using scene = await attack(type as AuthProviderType, { namespace: "team-a" });
        const named = JSON.parse(JSON.stringify(config).replace(/"name":"(puller|reader)"/, `"name":"${name}"`)) as object;
        const build = authProviders[type as AuthProviderType] as (given: object, deps: AuthProviderDeps) => AuthProvider;
        const defaults = { source: "Auto", cloud: "AzurePublic", trustedHostSuffixes: [], endpoints: "Public" };
        const provider = build({ ...defaults, ...named }, scene.scene.deps);
        await provider.credentials(repositoryOf(`${scene.host}/acme/app`), never).catch(() => {});
        assert.ok(scene.scene.tokenRequests.length > 0);
        for (const request of scene.scene.tokenRequests) assert.ok(request.startsWith(`team-a/${name} `), request);
      });
});
