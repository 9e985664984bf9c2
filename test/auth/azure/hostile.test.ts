import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { azureClient, azureTenant } from "../../support/cloud/azure.ts";
import { fakeJWT } from "../../support/cloud/deps.ts";
import type { Site, SiteAnswer } from "../../support/cloud/internet.ts";
import { ManualClock } from "../../support/clock.ts";
import { acme, type AzureScene, azureScene, other } from "./support.ts";

const entra = "login.microsoftonline.com";
const trap: Site = () => ({ status: 200, body: { access_token: "trap", refresh_token: "trap", expires_in: 3600 } });

/** Of a scene with one site replaced: the outcome, and which requests were made. */
async function outcomeWith(
  site: string,
  answer: Site,
): Promise<{ readonly outcome: readonly string[]; readonly sites: readonly string[] }> {
  await using azure = await azureScene({ sites: { "evil.example": trap, [site]: answer } });
  const outcome = await azure.outcome();
  return { outcome, sites: azure.internet.requests.map((request) => request.site) };
}

const huge = (): SiteAnswer => ({
  status: 200,
  body: { access_token: "t", expires_in: 3600, refresh_token: "t", pad: "x".repeat(70_000) },
});
const token =
  (fields: object): Site =>
  () => ({ status: 200, body: { token_type: "Bearer", expires_in: 3600, ...fields } });
const away: Site = () => ({ status: 307, headers: { location: "https://evil.example/oauth2/v2.0/token" } });

describe("Microsoft Entra ID that misbehaves", () => {
  const unusable = ["IdentityUnreachable", "Microsoft Entra ID answered without a token that can be used"];
  const table: readonly (readonly [string, Site, readonly string[]])[] = [
    [
      "redirects: nothing is sent after it",
      away,
      ["IdentityRefused", "Microsoft Entra ID answers with a redirect (307), which is not followed"],
    ],
    [
      "fails",
      () => ({ status: 503, body: "secret-of-the-body" }),
      ["IdentityUnreachable", "Microsoft Entra ID fails (503); it is asked again"],
    ],
    [
      "cuts the connection",
      () => "cut",
      [
        "IdentityUnreachable",
        "Microsoft Entra ID cannot be reached (ConnectionReset): login.microsoftonline.com: the connection was closed before the answer was complete (UND_ERR_SOCKET)",
      ],
    ],
    [
      "answers without end",
      huge,
      [
        "IdentityUnreachable",
        "Microsoft Entra ID cannot be reached (ProtocolError): login.microsoftonline.com: the answer is longer than 65536 bytes",
      ],
    ],
    ["answers with a page", () => ({ status: 200, body: "<html>secret-of-the-body</html>" }), unusable],
    ["answers with a list", () => ({ status: 200, body: [] }), unusable],
    ["gives no token", token({}), unusable],
    ["gives a token that is none", token({ access_token: { secret: 1 } }), unusable],
    ["gives a token with a line feed", token({ access_token: "a\nb" }), unusable],
    ["gives a token that never lived", token({ access_token: "t", expires_in: 0 }), unusable],
    ["gives a token with a life that is no number", token({ access_token: "t", expires_in: "secret-of-the-body" }), unusable],
    ["gives a token with a life below zero", token({ access_token: "t", expires_in: -1 }), unusable],
  ];
  for (const [what, answer, expected] of table) {
    it(what, async () => {
      const { outcome, sites } = await outcomeWith(entra, answer);
      assert.deepEqual(outcome, expected);
      // The SDK is told to try nothing again, and no registry sees anything.
      assert.deepEqual(sites, [entra]);
    });
  }

  it("does not exist", async () => {
    await using azure = await azureScene();
    azure.internet.set(entra, undefined);
    assert.deepEqual(await azure.outcome(), [
      "IdentityUnreachable",
      "Microsoft Entra ID cannot be reached (DNSFailure): login.microsoftonline.com: the host name does not resolve (ENOTFOUND)",
    ]);
  });

  it("does not answer: whoever waits is told within 5 seconds", async () => {
    await using azure = await azureScene({ sites: { [entra]: () => "hang" } });
    assert.deepEqual(await late(azure, entra), [
      "IdentityUnreachable",
      "Microsoft Entra ID cannot be reached (Timeout): login.microsoftonline.com: no answer within 5000 ms",
    ]);
  });

  it("is left alone for as long as it says once it has said that it is asked too often", async () => {
    await using azure = await azureScene({ sites: { [entra]: () => ({ status: 429, headers: { "retry-after": "120" } }) } });
    const expected = ["Throttled", "Microsoft Entra ID is asked too often (429); it is asked again later"];
    assert.deepEqual(await azure.outcome(), expected);
    azure.internet.set(entra, azure.fake.sites[entra]);
    await azure.clock.advance(119_000);
    // Another registry, the same identity.
    for (const registry of [acme, other]) assert.deepEqual(await azure.outcome(`${registry}/app`), expected);
    assert.equal(azure.internet.at(entra).length, 1);
    await azure.clock.advance(1000);
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
  });

  it("is left alone for a while also where it does not say for how long", async () => {
    await using azure = await azureScene({ sites: { [entra]: () => ({ status: 429 }) } });
    await azure.outcome();
    await azure.clock.advance(4000);
    await azure.outcome(`${other}/app`);
    assert.equal(azure.internet.at(entra).length, 1);
  });

  it("gives tokens for ever, which is not believed: a day is the most", async () => {
    await using azure = await azureScene({
      sites: { [entra]: (request, wire) => azureAnswer(azure, request, wire, { expires_in: 999_999_999 }) },
    });
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    await azure.clock.advance(25 * 3_600_000);
    await azure.outcome();
    assert.equal(azure.internet.at(entra).length, 2);
  });
});

describe("a login server that misbehaves", () => {
  const refusal = (said: string): readonly string[] => ["RegistryRefused", `${acme} ${said}`];
  const table: readonly (readonly [string, Site, readonly string[]])[] = [
    ["redirects: the token of the identity is not sent after it", away, refusal("answers with a redirect (307), which is not followed")],
    ["fails", () => ({ status: 500 }), ["IdentityUnreachable", `${acme} fails (500); it is asked again`]],
    ["is asked too often", () => ({ status: 429 }), ["Throttled", `${acme} is asked too often (429); it is asked again later`]],
    [
      "cuts the connection",
      () => "cut",
      [
        "IdentityUnreachable",
        `${acme} cannot be reached (ConnectionReset): ${acme}: the connection was closed before the answer was complete (UND_ERR_SOCKET)`,
      ],
    ],
    [
      "answers without end",
      huge,
      ["IdentityUnreachable", `${acme} cannot be reached (ProtocolError): ${acme}: the answer is longer than 65536 bytes`],
    ],
    ["is none", () => ({ status: 404, body: "secret-of-the-body" }), refusal("exchanges no tokens (404): is it a registry of Azure?")],
    [
      "answers with a page",
      () => ({ status: 200, body: "secret-of-the-body" }),
      refusal("answered without a refresh token: is it a registry of Azure?"),
    ],
    [
      "gives a token that is none",
      token({ refresh_token: "a b" }),
      refusal("answered without a refresh token: is it a registry of Azure?"),
    ],
    [
      "takes no token (401)",
      () => ({ status: 401 }),
      refusal(
        `takes no token of ${azureClient} in tenant ${azureTenant} (401): does the registry belong to that tenant, and has the identity a role in it, such as AcrPull?`,
      ),
    ],
    [
      "takes no token (403)",
      () => ({ status: 403 }),
      refusal(
        `takes no token of ${azureClient} in tenant ${azureTenant} (403): does the registry belong to that tenant, and has the identity a role in it, such as AcrPull?`,
      ),
    ],
    [
      "does not understand the question",
      () => ({ status: 400 }),
      refusal(`refuses to exchange a token of ${azureClient} in tenant ${azureTenant} (400): is tenantID that of the registry?`),
    ],
    [
      "gives a token of yesterday",
      token({ refresh_token: fakeJWT({}, new ManualClock(), -60) }),
      [
        "CredentialExpired",
        `${acme} gave a refresh token that has expired already; compare the clock of this machine with the time of day`,
      ],
    ],
  ];
  for (const [what, answer, expected] of table) {
    it(what, async () => {
      const { outcome, sites } = await outcomeWith(acme, answer);
      assert.deepEqual(outcome, expected);
      assert.deepEqual(sites, [entra, acme]);
    });
  }

  it("does not answer: whoever waits is told within 5 seconds", async () => {
    await using azure = await azureScene({ sites: { [acme]: () => "hang" } });
    assert.deepEqual(await late(azure, acme), [
      "IdentityUnreachable",
      `${acme} cannot be reached (Timeout): ${acme}: no answer within 5000 ms`,
    ]);
  });

  const lives: readonly (readonly [string, string, number])[] = [
    ["that is no JWT is good for three hours less five minutes", "opaque-token", 175 * 60_000],
    ["without an end likewise", fakeJWT({ exp: undefined }, new ManualClock()), 175 * 60_000],
    ["whose end is no number likewise", fakeJWT({ exp: "9999999999" }, new ManualClock()), 175 * 60_000],
    ["with four parts likewise", `${fakeJWT({}, new ManualClock())}.x`, 175 * 60_000],
    ["that is good for years is good for a day", fakeJWT({ exp: 9_999_999_999 }, new ManualClock()), 86_400_000],
    ["that says when it ends is good until then", fakeJWT({}, new ManualClock(), 600), 600_000],
  ];
  for (const [what, refreshToken, lifeMs] of lives) {
    it(`gives a refresh token ${what}`, async () => {
      await using azure = await azureScene({ sites: { [acme]: token({ refresh_token: refreshToken }) } });
      const before = azure.clock.now();
      assert.deepEqual(await azure.outcome(), ["refreshToken"]);
      assert.equal(azure.provider.state().expiresAt, before + lifeMs);
    });
  }

  it("says nothing of the others: they go on, and it stands in the status as a warning", async () => {
    await using azure = await azureScene({ sites: { [other]: () => ({ status: 401 }) } });
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    assert.equal((await azure.outcome(`${other}/app`))[0], "RegistryRefused");
    const { ready, reason, warnings, lastError } = azure.provider.state();
    assert.deepEqual([ready, reason, warnings.length, lastError?.class], [true, "Resolved", 1, "CredentialUnavailable"]);
  });
});

/** The outcome of asking a site that does not answer. */
async function late(azure: AzureScene, site: string): Promise<readonly string[]> {
  const outcome = azure.outcome();
  for (let turn = 0; turn < 2000 && azure.internet.at(site).length === 0; turn += 1)
    await new Promise<void>((resolve) => setImmediate(resolve));
  await azure.clock.advance(5000);
  return await outcome;
}

/** What Entra answers, with some of it put in another's place. */
async function azureAnswer(azure: AzureScene, ...[request, wire, fields]: [...Parameters<Site>, object]): Promise<SiteAnswer> {
  const answer = await azure.fake.sites[entra]?.(request, wire);
  assert.ok(typeof answer === "object" && typeof answer.body === "object");
  return { ...answer, body: { ...answer.body, ...fields } };
}
