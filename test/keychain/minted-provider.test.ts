import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { leftOfSuffix } from "../../src/keychain/cloud-host.ts";
import { mintedProvider, type MintTarget } from "../../src/keychain/minted-provider.ts";
import { type AuthProviderDeps, CredentialUnavailableError, type ProviderState, type Unavailable } from "../../src/keychain/ports.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { cloudScene } from "../support/cloud/deps.ts";
import { startInternet } from "../support/cloud/internet.ts";
import { image } from "../oci/support.ts";

const hour = 3_600_000;
const signal = new AbortController().signal;
const canary = "hunter2-canary";

/** A cloud whose registries are `<name>.cloud.example`, with a token for each; `fails` says what becomes of those of one name. */
async function scene(
  options: {
    readonly registries?: readonly string[];
    readonly problem?: Unavailable;
    readonly fetched?: AuthProviderDeps["fetched"];
    readonly tookMs?: number;
  } = {},
) {
  const internet = await startInternet({});
  const given = cloudScene(internet, { registries: options.registries ?? ["*.cloud.example"] });
  const minted: string[] = [];
  const fails = new Map<string, CredentialUnavailableError>();
  const provider = mintedProvider<MintTarget>(
    {
      cloud: "Example Registry",
      identity: "client 42",
      target: (repository) => {
        const name = leftOfSuffix(repository, [".cloud.example"]);
        return name === undefined ? undefined : { key: `${name}.cloud.example` };
      },
      mint: async ({ key }) => {
        minted.push(key);
        if (options.tookMs !== undefined) await given.clock.advance(options.tookMs);
        const failure = fails.get(key);
        if (failure !== undefined) throw failure;
        return { scheme: "bearer", secret: new Secret(`${canary} of ${key}`), expiresAt: given.clock.now() + hour };
      },
      ...(options.problem !== undefined && { problem: options.problem }),
    },
    { ...given.deps, ...(options.fetched !== undefined && { fetched: options.fetched }) } satisfies AuthProviderDeps,
  );
  const ask = async (name: string): Promise<string> => {
    try {
      return (await provider.credentials(image(name), signal)).map((each) => `${each.secret.reveal()} ${each.revision}`).join();
    } catch (error) {
      assert.ok(error instanceof CredentialUnavailableError);
      return `${error.reason}: ${error.message}`;
    }
  };
  return { ...given, provider, minted, fails, ask, [Symbol.asyncDispose]: () => internet[Symbol.asyncDispose]() };
}

describe("a provider of a cloud", () => {
  it("has one credential for each registry, and none before somebody asks", async () => {
    await using it = await scene();
    assert.deepEqual(it.minted, []);
    const state = it.provider.state();
    assert.equal(state.ready, true);
    assert.equal(state.reason, "NotRequested");
    assert.equal(await it.ask("a.cloud.example/app"), `${canary} of a.cloud.example 0.1`);
    assert.equal(await it.ask("a.cloud.example/other/app"), `${canary} of a.cloud.example 0.1`);
    assert.equal(await it.ask("b.cloud.example/app"), `${canary} of b.cloud.example 0.2`);
    assert.deepEqual(it.minted, ["a.cloud.example", "b.cloud.example"]);
  });

  it("gives nothing to a host that only the patterns allow, and nothing is fetched for it", async () => {
    await using it = await scene({ registries: ["*.cloud.example", "evil.example", "*.example.com"] });
    for (const host of ["evil.example", "a.example.com", "a.cloud.example:8443"]) {
      const pattern = it.deps.patterns;
      assert.ok(pattern.length > 0);
      assert.match(await it.ask(`${host}/app`), /^HostNotAllowed: /);
      assert.equal(it.provider.unavailable?.(image(`${host}/app`))?.reason, "HostNotAllowed");
      await assert.rejects(async () => await it.provider.renew?.(image(`${host}/app`), "0.1", signal), { reason: "HostNotAllowed" });
    }
    assert.deepEqual(it.minted, []);
    assert.equal(
      await it.ask("evil.example/app"),
      "HostNotAllowed: AuthProvider/acme gives credentials to Example Registry only, and evil.example is no host of it",
    );
  });

  it("gives nothing to a registry of the cloud that no pattern names", async () => {
    await using it = await scene({ registries: ["a.cloud.example/team"] });
    assert.match(await it.ask("b.cloud.example/team/app"), /^HostNotAllowed: /);
    assert.match(await it.ask("a.cloud.example/team-b/app"), /^HostNotAllowed: /);
    assert.deepEqual(it.minted, []);
  });

  it("says before anything is asked what it lacks", async () => {
    await using it = await scene({ problem: { reason: "IdentityNotFound", message: "there is no identity" } });
    assert.equal(await it.ask("a.cloud.example/app"), "IdentityNotFound: there is no identity");
    assert.deepEqual(
      [it.provider.state().ready, it.provider.state().reason, it.provider.state().identity],
      [false, "IdentityNotFound", "client 42"],
    );
    assert.deepEqual(it.minted, []);
  });

  it("is ready while one registry takes it, and says which does not", async () => {
    await using it = await scene();
    it.fails.set("b.cloud.example", new CredentialUnavailableError("RegistryRefused", "b.cloud.example takes no token of this tenant"));
    await it.ask("a.cloud.example/app");
    await it.ask("b.cloud.example/app");
    const { ready, reason, warnings, lastError, expiresAt, lastRefresh } = it.provider.state();
    assert.deepEqual([ready, reason, warnings], [true, "Resolved", ["b.cloud.example takes no token of this tenant"]]);
    assert.equal(lastError?.count, 1);
    assert.equal(expiresAt, it.clock.now() + hour);
    assert.equal(lastRefresh, it.clock.now());
  });

  it("is not ready where nobody takes it, until somebody does", async () => {
    await using it = await scene();
    it.fails.set("a.cloud.example", new CredentialUnavailableError("IdentityRefused", "no such client", { requestId: "trace-7" }));
    await it.ask("a.cloud.example/app");
    assert.deepEqual([it.provider.state().ready, it.provider.state().reason], [false, "IdentityRefused"]);
    it.fails.clear();
    await it.clock.advance(10_000);
    await it.ask("a.cloud.example/app");
    const { ready, lastError } = it.provider.state();
    assert.deepEqual([ready, lastError?.resolvedTime], [true, it.clock.now()]);
    assert.equal(it.changes(), 2);
  });

  it("logs a failure once, with the cloud's name of the request, which the status has not", async () => {
    await using it = await scene();
    it.fails.set("a.cloud.example", new CredentialUnavailableError("IdentityRefused", "no such client", { requestId: "trace-7" }));
    for (let time = 0; time < 5; time += 1) {
      await it.ask("a.cloud.example/app");
      await it.clock.advance(10_000);
    }
    it.fails.clear();
    await it.ask("a.cloud.example/app");
    assert.deepEqual(
      it.log.map((line) => line.split(" ").slice(0, 6).join(" ")),
      ["warn A credential cannot be fetched", "info A credential can be fetched"],
    );
    assert.match(it.log[0] ?? "", /"requestId":"trace-7"/);
    assert.doesNotMatch(JSON.stringify(it.provider.state()), /trace-7/);
  });

  it("tells those who count of each fetch, how it went and how long it took, and of nothing that was there", async () => {
    const fetches: string[] = [];
    const fetched: AuthProviderDeps["fetched"] = ({ outcome, tookMs }) => void fetches.push(`${outcome} ${tookMs}`);
    await using it = await scene({ fetched, tookMs: 40 });
    it.fails.set("b.cloud.example", new CredentialUnavailableError("Throttled", "too often"));
    for (const name of ["a", "a", "b", "b", "c"]) await it.ask(`${name}.cloud.example/app`);
    assert.deepEqual(fetches, ["Fetched 40", "Throttled 40", "Fetched 40"]);
  });

  it("logs a failure once also where hundreds of other registries have failed before", async () => {
    await using it = await scene();
    const refuse = (name: string): Map<string, CredentialUnavailableError> =>
      it.fails.set(`${name}.cloud.example`, new CredentialUnavailableError("RegistryRefused", "no"));
    for (let at = 0; at < 300; at += 1) {
      refuse(`r${at}`);
      await it.ask(`r${at}.cloud.example/app`);
    }
    refuse("last");
    it.log.length = 0;
    for (let time = 0; time < 5; time += 1) {
      await it.ask("last.cloud.example/app");
      await it.clock.advance(10_000);
    }
    assert.equal(it.log.length, 1);
  });

  it("shows no secret, however it is printed", async () => {
    await using it = await scene();
    await it.ask("a.cloud.example/app");
    const credentials = await it.provider.credentials(image("a.cloud.example/app"), signal);
    for (const value of [it.provider, it.provider.state(), credentials, it.log])
      assert.ok(!`${inspect(value, { depth: 20, showHidden: true })}${JSON.stringify(value)}`.includes(canary));
  });

  it("renews a credential that a registry refused", async () => {
    await using it = await scene();
    const repository = image("a.cloud.example/app");
    await it.ask("a.cloud.example/app");
    assert.equal(await it.provider.renew?.(repository, "0.1", signal), undefined, "it was fetched just now");
    await it.clock.advance(60_000);
    assert.equal((await it.provider.renew?.(repository, "0.1", signal))?.revision, "0.2");
  });

  it("says the same of several failing registries, in whatever order they are asked: a status is not written for that", async () => {
    await using it = await scene();
    const names = ["b", "a", "c"];
    for (const name of names) it.fails.set(`${name}.cloud.example`, refusalOf(name));
    await it.clock.advance(1000);
    for (const name of names) {
      await it.ask(`${name}.cloud.example/app`);
      await it.clock.advance(1000);
    }
    const saidOf = ({ reason, message, lastError }: ProviderState): object => ({ reason, message, error: lastError?.message });
    const before = saidOf(it.provider.state());
    for (const name of ["c", "b", "a", "b", "c", "a"]) {
      await it.clock.advance(20_000);
      await it.ask(`${name}.cloud.example/app`);
      assert.deepEqual(saidOf(it.provider.state()), before);
    }
    it.fails.clear();
    await it.clock.advance(20_000);
    await it.ask("b.cloud.example/app");
    const { ready, warnings } = it.provider.state();
    assert.deepEqual([ready, warnings], [true, ["refused a", "refused c"]]);
  });
});

describe("leftOfSuffix()", () => {
  const suffixes = [".azurecr.io", ".azurecr.cn"];
  for (const [host, left] of [
    ["acme.azurecr.io", "acme"],
    ["a.b.azurecr.io", "a.b"],
    ["acme.azurecr.cn", "acme"],
    ["acme.azurecr.io.evil.com", undefined],
    ["evilazurecr.io", undefined],
    ["azurecr.io", undefined],
    ["acme.azurecr.de", undefined],
  ] as const) {
    it(`finds ${left === undefined ? "nothing" : `"${left}"`} in ${host}`, () => {
      assert.equal(leftOfSuffix({ host, port: undefined }, suffixes), left);
    });
  }
  it("takes no host with a port, and no suffix without its dot", () => {
    assert.equal(leftOfSuffix({ host: "acme.azurecr.io", port: 8443 }, suffixes), undefined);
    assert.equal(leftOfSuffix({ host: "evilazurecr.io", port: undefined }, ["azurecr.io"]), undefined);
  });
});

/** Of another class for each, as two registries fail for different reasons. */
function refusalOf(name: string): CredentialUnavailableError {
  return new CredentialUnavailableError(name === "a" ? "Throttled" : "RegistryRefused", `refused ${name}`);
}
