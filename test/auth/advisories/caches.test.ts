import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildAuthProvider } from "../../../src/auth/catalog.ts";
import type { AuthProviderSpec } from "../../../src/api/auth-provider.ts";
import type { AuthProvider } from "../../../src/keychain/ports.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { alibabaTokenService } from "../../support/cloud/alibaba.ts";
import { pattern } from "../../oci/support.ts";
import { repositoryOf } from "../../support/cloud/deps.ts";
import type { SeenRequest, SiteAnswer } from "../../support/cloud/internet.ts";
import { entry } from "../../support/cloud/pull.ts";
import { ask, type AttackScene, attack, never, outcomeOf } from "./scene.ts";
import { cloudTypes, secretTypes, subjects } from "./subjects.ts";

const other: AuthProvider = {
  credentials: () =>
    Promise.resolve([{ scheme: "basic", username: new Secret("rival"), secret: new Secret("rival-password"), revision: "r" }]),
  state: () => ({ ready: true, reason: "Resolved", message: "", warnings: [] }),
};

/** A registry that knows the rival as well: it gives it a token of its own, and lets it read. */
function rivalAt(host: string, wants: string): (request: SeenRequest) => SiteAnswer | undefined {
  let tokens = 0;
  return ({ path, headers: { authorization = "" } }) => {
    if (authorization === `Basic ${Buffer.from("rival:rival-password").toString("base64")}`) {
      if (wants === "basic") return { status: 200, body: {} };
      tokens += 1;
      return { status: 200, body: { token: `rival-token-${tokens}`, expires_in: 300 } };
    }
    if (authorization.startsWith("Bearer rival-token-")) return { status: 200, body: {} };
    if (!host.endsWith(".azurecr.io") || authorization !== "" || !path.startsWith("/v2/")) return undefined;
    return { status: 401, headers: { "www-authenticate": `Bearer realm="https://${host}/token",service="${host}"` } };
  };
}

/** The scopes that a token service was asked for. */
function scopesOf({ path, body }: SeenRequest): readonly string[] {
  const query = path.includes("?") ? path.slice(path.indexOf("?")) : "";
  return [...new URLSearchParams(query).getAll("scope"), ...new URLSearchParams(body).getAll("scope")];
}

/** The values in `Authorization` below a path. */
const sentBelow = ({ internet, host }: AttackScene, prefix: string): ReadonlySet<string> =>
  new Set(internet.at(host).flatMap(({ path, headers }) => (path.startsWith(prefix) ? (headers.authorization ?? []) : [])));

describe("two credentials on one host", () => {
  for (const type of secretTypes)
    it(`oras #1383 #1430 #1376, ${type}: asked 1000 times by turns, each path sees its own and no other`, async () => {
      await using scene = await attack(type);
      const { host } = scene;
      const rival = rivalAt(host, subjects[type].wants);
      scene.mislead(rival);
      if (type === "alibabaAcr") scene.mislead(rival, alibabaTokenService);
      const [registriesA, registriesB] = [[`${host}/team-a`], [`${host}/team-b`]];
      const deps = { ...scene.scene.deps, patterns: registriesA.map(pattern) };
      const mine =
        type === "dockerConfig" || subjects[type].material !== undefined
          ? scene.provider
          : buildAuthProvider({ type, config: subjects[type].config } as unknown as AuthProviderSpec, deps);
      const providers = [entry("a", registriesA, mine), entry("b", registriesB, other)];
      const outcomes: string[] = [];
      for (let n = 0; n < 1000; n += 1)
        outcomes.push(await outcomeOf(ask(scene.scene, providers, `${host}/team-${n % 2 === 0 ? "a" : "b"}/app`)));
      assert.deepEqual([...new Set(outcomes)], ["200"]);
      const [a, b] = [sentBelow(scene, "/v2/team-a/"), sentBelow(scene, "/v2/team-b/")];
      assert.ok(a.size > 0 && b.size > 0);
      for (const value of a) assert.ok(!b.has(value) && !value.includes("rival"), "team-b's requests carry team-a's");
      for (const { path, headers, body } of scene.internet.requests) {
        if (!path.includes("team-b") && !body.includes("team-b")) continue;
        assert.ok(!a.has(headers.authorization ?? ""), path);
      }
      for (const request of scene.internet.requests) {
        const scopes = scopesOf(request).filter((scope) => scope.startsWith("repository:"));
        assert.ok(scopes.length <= 1, "a token is asked for one repository at a time");
        for (const scope of scopes) assert.match(scope, /^repository:team-[ab]\/app:pull$/);
      }
    });
});

describe("a credential that has ended", () => {
  for (const type of cloudTypes)
    it(`ecr-login #679 #7 rules_img #715, ${type}: is never sent, nor given out, while no other can be fetched`, async () => {
      await using scene = await attack(type);
      const { host, internet, clock } = scene;
      const repository = repositoryOf(`${host}/acme/app`);
      assert.equal(await scene.read(`${host}/acme/app`), "200");
      const [held] = await scene.provider.credentials(repository, never);
      const end = held?.expiresAt;
      assert.ok(end !== undefined && end > clock.now());
      // From now on every identity service and every exchange fails.
      for (const { site } of [...internet.requests]) if (site !== host) internet.set(site, () => ({ status: 503 }));
      scene.mislead(({ path }) => (path.startsWith("/oauth2/") ? { status: 503 } : undefined));
      await clock.advance(Math.max(0, end - clock.now()) * 0.9);
      const [late] = await scene.provider.credentials(repository, never);
      assert.equal(late?.secret.reveal(), held?.secret.reveal(), "still good, it serves while the refresh fails");
      await clock.advance(end - clock.now());
      const before = internet.at(host).length;
      for (let n = 0; n < 3; n += 1) {
        assert.match(
          await scene.read(`${host}/acme/app`),
          /^CredentialUnavailable (IdentityUnreachable|RegistryRefused|IdentityNotFound)$/,
        );
        await clock.advance(30_000);
      }
      const after = internet.at(host).slice(before);
      assert.deepEqual(
        after.filter(({ headers }) => headers.authorization !== undefined).map(({ path }) => path),
        [],
      );
      assert.equal(scene.provider.state().ready, false);
    });
});
