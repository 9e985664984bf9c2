import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AuthProviderType } from "../../../src/api/auth-provider.ts";
import { CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import { repositoryOf } from "../../support/cloud/deps.ts";
import { type AttackScene, assertSilentWire, attack, carried, evil, never } from "./scene.ts";
import { cloudTypes, secretTypes, subjects, types } from "./subjects.ts";

/** Hosts that somebody else can have, and that careless comparison takes for `host`. */
function lookalikes(host: string): Readonly<Record<string, readonly string[]>> {
  const labels = host.split(".");
  const [left, zone] = [labels.slice(0, -2).join("."), labels.slice(-2).join(".")];
  return {
    "CVE-2025-27403": [evil, `${left}.evil.example`],
    "connaisseur #2166": [`${host}.evil.example`, `${host}.${evil}`],
    "CVE-2023-45821": [`evil${zone}`, `${left}.evil${zone}`, `${left}.evil-${zone}`, `evil.${host}`, `${left}-${zone}`, `${left}x${zone}`],
  };
}

/** Asked directly, as no keychain would: the reason of its refusal, or how many credentials it gave. */
async function direct({ provider }: AttackScene, name: string): Promise<string | number> {
  const answer: unknown = await provider.credentials(repositoryOf(name), never).catch((error: unknown) => error);
  if (answer instanceof CredentialUnavailableError) return `${answer.class} ${answer.reason}`;
  assert.ok(Array.isArray(answer), String(answer));
  return answer.length;
}

/** The provider's own patterns are for its registry; the host is another. */
async function refusesOutsidePatterns(type: AuthProviderType, hosts: readonly string[]): Promise<void> {
  await using scene = await attack(type, { sites: Object.fromEntries(hosts.map((host) => [host, () => ({ status: 200 })])) });
  for (const host of hosts) {
    assert.equal(await scene.read(`${host}/acme/app`), "CredentialUnavailable HostNotAllowed", host);
    assert.ok([0, "CredentialUnavailable HostNotAllowed"].includes(await direct(scene, `${host}/acme/app`)), host);
    if (type !== "anonymous") assert.notEqual(await direct(scene, `${host}/acme/app`), 0, host);
  }
  assertSilentWire(scene, type);
}

describe("a provider and hosts that are not its own", () => {
  for (const id of ["CVE-2025-27403", "connaisseur #2166", "CVE-2023-45821"] as const) {
    for (const type of types)
      it(`${id}, ${type}: nothing is asked of a host that only looks like the registry`, async () => {
        await refusesOutsidePatterns(type, lookalikes(subjects[type].host)[id] ?? []);
      });
    for (const type of cloudTypes)
      it(`${id}, ${type}: not even where the object's own patterns match the host, and where nobody routes`, async () => {
        const hosts = [...(lookalikes(subjects[type].host)[id] ?? []), `${subjects[type].host}:8443`];
        for (const host of hosts) {
          await using scene = await attack(type, { registries: [host], sites: { [host]: () => ({ status: 200 }) } });
          assert.equal(await direct(scene, `${host}/acme/app`), "CredentialUnavailable HostNotAllowed", host);
          assert.equal(await scene.read(`${host}/acme/app`), "CredentialUnavailable HostNotAllowed", host);
          assert.equal(scene.provider.unavailable?.(repositoryOf(`${host}/acme/app`))?.reason, "HostNotAllowed", host);
          assertSilentWire(scene, `${type} ${host}`);
        }
      });
  }

  for (const type of cloudTypes)
    it(`CVE-2025-27403, ${type}: no registry of another cloud gets anything`, async () => {
      const own = subjects[type].host;
      const others = cloudTypes.map((each) => subjects[each].host).filter((host) => host !== own);
      assert.ok(others.length >= 3);
      for (const host of new Set(others)) {
        await using scene = await attack(type, { registries: [host] });
        assert.equal(await direct(scene, `${host}/acme/app`), "CredentialUnavailable HostNotAllowed", host);
        assertSilentWire(scene, `${type} ${host}`);
      }
    });

  for (const type of secretTypes)
    it(`kubernetes #102472, ${type}: a path is compared by whole segments`, async () => {
      const { host } = subjects[type];
      await using scene = await attack(type, { registries: [`${host}/proj`] });
      for (const name of [`${host}/project-evil/app`, `${host}/project`, `${host}/proj-evil/app`, `${host}/other/proj/app`])
        assert.equal(await scene.read(name), "CredentialUnavailable HostNotAllowed", name);
      assertSilentWire(scene, type);
      assert.equal(await scene.read(`${host}/proj/app`), "200");
    });
});

describe("a provider that fails", () => {
  for (const type of cloudTypes)
    it(`CVE-2021-41092, ${type}: leads to nobody else, and not to an anonymous request`, async () => {
      await using scene = await attack(type);
      const { host } = scene;
      for (const site of ["login.microsoftonline.com", "sts.googleapis.com", "sts.aliyuncs.com", "sts.eu-west-1.amazonaws.com"])
        scene.internet.set(site, () => ({ status: 403, body: "no" }));
      scene.internet.set("169.254.169.254:80", () => ({ status: 404 }));
      scene.internet.set("registry-1.docker.io", () => ({ status: 200 }));
      assert.match(await scene.read(`${host}/acme/app`), /^CredentialUnavailable Identity/);
      assert.deepEqual(
        [...scene.internet.at(host), ...scene.internet.at("registry-1.docker.io"), ...scene.internet.at(evil)],
        [],
        "neither the registry nor another is asked in the place of it",
      );
    });

  for (const type of secretTypes)
    it(`CVE-2021-41092, ${type}: a credential is used at its registry alone`, async () => {
      await using scene = await attack(type);
      scene.internet.set("registry-1.docker.io", () => ({ status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }));
      assert.equal(await scene.read(`${scene.host}/acme/app`), "200");
      assert.equal(await scene.read("docker.io/acme/app"), "CredentialUnavailable HostNotAllowed");
      assert.deepEqual(carried(scene.internet.at("registry-1.docker.io")), []);
      assert.equal(scene.internet.at("registry-1.docker.io").length, 0);
    });
});
