import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { azureClouds } from "../../../src/auth/azure/clouds.ts";
import { entraRefusal } from "../../../src/auth/azure/entra-refusal.ts";
import { exchangeFederated } from "../../../src/auth/azure/entra.ts";
import { exchangeAtRegistry } from "../../../src/auth/azure/exchange.ts";
import { instanceToken } from "../../../src/auth/azure/instance-identity.ts";
import type { ServiceClient, ServiceResponse } from "../../../src/keychain/cloud.ts";
import { CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { claimsOf } from "../../../src/pki/token-claims.ts";
import { ManualClock } from "../../support/clock.ts";
import { azureClient, azureTenant } from "../../support/cloud/azure.ts";
import { never } from "./support.ts";

const canary = "hunter2-canary";
const known = [
  "access_token",
  "refresh_token",
  "expires_in",
  "error",
  "error_codes",
  "error_description",
  "trace_id",
  "errors",
  "token_type",
];
const value = fc.oneof(
  fc.constantFrom<unknown>(
    canary,
    [canary],
    { [canary]: canary },
    3600,
    "3600",
    -1,
    0,
    null,
    [70_021],
    [canary, 70_021],
    [1e300],
    "AADSTS70021: x",
  ),
  fc.constantFrom<unknown>(`AADSTS70021: ${canary}`, `${canary}\n${canary}`, `${canary} ${canary}`, "9a9a9a9a-0000-4000-8000-000000000009"),
  fc.jsonValue({ maxDepth: 2 }),
);
const body = fc
  .oneof(
    value.map((other) => JSON.stringify({ access_token: canary, refresh_token: canary, expires_in: 3600, other })),
    fc
      .dictionary(fc.oneof(fc.constantFrom(...known), fc.constantFrom("__proto__", canary)), value, { maxKeys: 6 })
      .map((json) => JSON.stringify(json)),
    fc.constantFrom("", canary, `<html>${canary}`, `"${canary}"`, `{"${canary}":`, "[".repeat(2000), "\u0000", "﻿{}"),
  )
  .map((text) => new TextEncoder().encode(text));
const headers = fc
  .dictionary(
    fc.constantFrom("retry-after", "x-ms-request-id", "x-ms-correlation-request-id", "location", "content-type"),
    fc.constantFrom(canary, "5", "-5", "9".repeat(30)),
  )
  .map((object) => new Map(Object.entries(object)));
const answer: fc.Arbitrary<ServiceResponse> = fc.record({
  status: fc.oneof(fc.constantFrom(200, 200, 200, 400, 401, 403, 404, 429, 500), fc.integer({ min: 200, max: 599 })),
  headers,
  body,
});

/** What of an error gets into a status, a log or a crash report. */
const printed = (error: unknown): string =>
  error instanceof Error
    ? [error.message, error.stack, inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)].join("\n")
    : String(error);

/** The real exchange, whatever the service answers: a token, or a CredentialUnavailableError that repeats nothing of the answer. */
async function survives(what: (http: ServiceClient) => Promise<unknown>): Promise<void> {
  let given = 0;
  await fc.assert(
    fc.asyncProperty(answer, async (response) => {
      let asked = 0;
      const http: ServiceClient = {
        send: async () => {
          asked += 1;
          return response;
        },
      };
      const outcome = await what(http).catch((error: unknown) => error);
      assert.equal(asked, 1);
      if (!(outcome instanceof Error)) given += 1;
      else assert.ok(outcome instanceof CredentialUnavailableError, printed(outcome));
      assert.ok(!printed(outcome).includes(canary) && !inspect(outcome, { depth: 9, showHidden: true }).includes(canary), printed(outcome));
    }),
    { numRuns: 400 },
  );
  assert.ok(given > 0);
}

const clock = new ManualClock();
const cloud = azureClouds.AzurePublic;

describe("whatever a service of Azure answers, the outcome is a token or a sentence that repeats nothing of it", () => {
  it("Entra ID", () =>
    survives((http) =>
      exchangeFederated(
        { clientID: azureClient, tenantID: azureTenant, source: "ServiceAccount/a/b", cloud, assertion: new Secret("a.b.c") },
        { http, clock },
        never,
      ),
    ));
  it("the metadata service of a node", () => survives((http) => instanceToken({ name: "it" }, { http, clock }, never)));
  it("a login server", () =>
    survives((http) =>
      exchangeAtRegistry(
        { loginServer: "acmeregistry.azurecr.io", tenantID: azureTenant, token: new Secret("t"), identity: azureClient },
        { http, clock },
        never,
      ),
    ));

  it("of a token's own claims a sentence repeats issuer and subject only, bounded and in printable characters", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("iss", "sub", "aud", "exp", "secret"), fc.oneof(fc.string({ maxLength: 600 }), fc.constant(7))),
        (claims) => {
          const payload = Buffer.from(JSON.stringify({ ...claims, secret: canary })).toString("base64url");
          const asker = {
            clientID: azureClient,
            tenantID: azureTenant,
            source: "it",
            audience: "api://x",
            claims: claimsOf(`h.${payload}.s`) ?? {},
          };
          const refused = { status: 400, headers: new Map(), body: new TextEncoder().encode('{"error_codes":[700213]}') };
          const { message } = entraRefusal(refused, asker);
          assert.match(message, /^[\x20-\x7e]{100,900}$/);
          assert.ok(!message.includes(canary));
        },
      ),
      { numRuns: 300 },
    );
  });
});
