import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ManualClock } from "../../support/clock.ts";
import { azureClient, azureTenant, entraError } from "../../support/cloud/azure.ts";
import { fakeJWT } from "../../support/cloud/deps.ts";
import type { Site } from "../../support/cloud/internet.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { explainedCodes } from "../../../src/auth/azure/entra-refusal.ts";
import { azureScene } from "./support.ts";

const refused = `Microsoft Entra ID refused the federated token of ServiceAccount/countersign/puller for client ${azureClient}`;

/** What becomes of a provider whose Entra answers so. */
async function refusedBy(entra: Site): Promise<readonly string[]> {
  await using azure = await azureScene({
    sites: { "login.microsoftonline.com": entra },
    scene: {
      tokens: {
        namespace: "countersign",
        mint: async ({ name }) => ({
          token: new Secret(
            fakeJWT({ iss: "https://issuer.example/cluster", sub: `system:serviceaccount:countersign:${name}` }, new ManualClock()),
          ),
          expiresAt: Number.MAX_SAFE_INTEGER,
        }),
      },
    },
  });
  return await azure.outcome();
}

describe("a refusal of Microsoft Entra ID", () => {
  const noMatch =
    'no matching federated identity (AADSTS_CODE); create one with issuer "https://issuer.example/cluster", subject "system:serviceaccount:countersign:puller" and audience "api://AzureADTokenExchange"';
  const table: readonly (readonly [number, string])[] = [
    [70_021, noMatch],
    [70_025, noMatch],
    [700_211, noMatch],
    [700_212, noMatch],
    [700_213, noMatch],
    [700_016, `no such application (AADSTS_CODE); correct clientID, or tenantID: tenant ${azureTenant} does not know the client`],
    [
      700_024,
      "the token has expired, or is not valid yet (AADSTS_CODE); compare the clock of the API server, which dates it, with the time of day",
    ],
    [
      501_661,
      'it cannot check the token with the keys of its issuer (AADSTS_CODE); "https://issuer.example/cluster" must serve /.well-known/openid-configuration and its keys to the internet',
    ],
    [90_002, `no such tenant (AADSTS_CODE); correct tenantID ${azureTenant}, or cloud`],
    [
      7_000_229,
      `the application has no service principal in the tenant (AADSTS_CODE); let an administrator of tenant ${azureTenant} create it: az ad sp create --id ${azureClient}`,
    ],
    [7_000_112, "the application is disabled (AADSTS_CODE); enable it in its tenant"],
    [50_034, `the account is not in the tenant (AADSTS_CODE); correct tenantID ${azureTenant}`],
    [53_003, `a conditional access policy blocks it (AADSTS_CODE); let the workload through in the policies of tenant ${azureTenant}`],
    [
      500_011,
      `the tenant does not know Azure Container Registry (AADSTS_CODE); register the resource provider Microsoft.ContainerRegistry in a subscription of tenant ${azureTenant}`,
    ],
    [12_345_678, `no token (AADSTS_CODE); its documentation says what the code means, and the sign-in logs of tenant ${azureTenant} why`],
  ];
  for (const [code, sentence] of table) {
    it(`AADSTS${code} says what to do`, async () => {
      assert.deepEqual(await refusedBy(() => entraError(code)), [
        "IdentityRefused",
        `${refused}: ${sentence.replace("AADSTS_CODE", `AADSTS${code}`)}`,
      ]);
    });
  }

  it("has a row on the page of Azure for every code that it explains, and no other", () => {
    const page = readFileSync(new URL("../../../docs/reference/auth-azure.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| AADSTS([0-9, ]+) \| /gm)].flatMap(([, codes = ""]) => codes.split(", ").map(Number));
    assert.deepEqual(new Set(rows), explainedCodes);
  });

  const without = `it answered 400 without a code; look into the sign-in logs of tenant ${azureTenant}`;
  const odd: readonly (readonly [string, Site, readonly string[]])[] = [
    [
      "is read from its description where it has no list of codes",
      () => withBody({ error_description: "AADSTS90002: x" }),
      [`no such tenant (AADSTS90002); correct tenantID ${azureTenant}, or cloud`],
    ],
    ["is read from nowhere within the description", () => withBody({ error_description: "see AADSTS90002: x" }), [without]],
    ["has no code that is a text", () => withBody({ error_codes: ["90002"] }), [without]],
    ["has no code that is no whole number", () => withBody({ error_codes: [90_002.5] }), [without]],
    ["has no code that is too long", () => withBody({ error_codes: [123_456_789_012] }), [without]],
    ["may be no JSON", () => ({ status: 400, body: "<html>secret-of-the-body</html>" }), [without]],
    ["may be a list", () => ({ status: 400, body: [] }), [without]],
    ["may be empty", () => ({ status: 400 }), [without]],
  ];
  for (const [what, entra, [sentence = ""]] of odd) {
    it(what, async () => assert.deepEqual(await refusedBy(entra), ["IdentityRefused", `${refused}: ${sentence}`]));
  }

  it("is no refusal where the code says that it passes", async () => {
    assert.deepEqual(await refusedBy(() => entraError(90_033)), [
      "IdentityUnreachable",
      "Microsoft Entra ID fails at the moment (AADSTS90033)",
    ]);
  });

  it("has its trace id in the log and nowhere else, and only if it is one", async () => {
    await using azure = await azureScene({ sites: { "login.microsoftonline.com": () => entraError(700_016) } });
    const [, message = ""] = await azure.outcome();
    assert.doesNotMatch(message, /9a9a9a9a/);
    assert.equal(azure.scene.log.length, 1);
    assert.match(azure.scene.log[0] ?? "", /"requestId":"9a9a9a9a-0000-4000-8000-000000000009"/);
    await using odd = await azureScene({ sites: { "login.microsoftonline.com": () => withBody({ trace_id: "secret-of-the-body" }) } });
    await odd.outcome();
    assert.doesNotMatch(odd.scene.log.join(), /requestId/);
  });
});

function withBody(fields: object): { readonly status: number; readonly body: object } {
  return { status: 400, body: { error: "invalid_client", error_description: "secret-of-the-body", ...fields } };
}
