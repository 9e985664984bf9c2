import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ServiceClient, ServiceRequest, ServiceResponse } from "../../src/keychain/cloud.ts";
import { CredentialUnavailableError } from "../../src/keychain/ports.ts";
import { askService, codeWord, jsonObject, requestIdText, tokenText, unreachable } from "../../src/keychain/service-answer.ts";

const { signal } = new AbortController();
const request: ServiceRequest = {
  url: new URL("https://sts.acme.io/"),
  hosts: ["sts.acme.io"],
  method: "GET",
  headers: {},
  reach: "service",
};
const answer = (status: number, body = "", headers: Readonly<Record<string, string>> = {}): ServiceResponse => ({
  status,
  headers: new Map(Object.entries(headers)),
  body: new TextEncoder().encode(body),
});

/** Status, or reason, message and time. */
async function outcome(send: ServiceClient["send"], own: AbortSignal = signal): Promise<unknown> {
  const asked = { service: "The service", clock: { now: () => 1000 } };
  try {
    return (await askService({ send }, request, asked, own)).status;
  } catch (error) {
    return error instanceof CredentialUnavailableError ? [error.reason, error.message, error.retryAt] : error;
  }
}

describe("askService()", () => {
  const rows: readonly (readonly [status: number, expected: unknown])[] = [
    [200, 200],
    [400, 400],
    [401, 401],
    [403, 403],
    [404, 404],
    [302, ["IdentityUnreachable", "The service answers with a redirect (302), which is not followed", 8000]],
    [429, ["Throttled", "The service is asked too often (429); it is asked again later", 8000]],
    [500, ["IdentityUnreachable", "The service fails (500); it is asked again", 8000]],
    [503, ["IdentityUnreachable", "The service fails (503); it is asked again", 8000]],
  ];
  for (const [status, expected] of rows) {
    it(`makes of ${status} what it says about the request, or about the service`, async () => {
      assert.deepEqual(await outcome(async () => await Promise.resolve(answer(status, "", { "retry-after": "7" }))), expected);
    });
  }

  it("repeats of a failure its class and message, and of anything else that is thrown nothing", async () => {
    const failure = Object.assign(new Error("sts.acme.io: no answer within 5000 ms"), { class: "Timeout" });
    assert.deepEqual(await outcome(() => Promise.reject(failure)), [
      "IdentityUnreachable",
      "The service cannot be reached (Timeout): sts.acme.io: no answer within 5000 ms",
      undefined,
    ]);
    assert.deepEqual(await outcome(() => Promise.reject(new Error("hunter2"))), [
      "IdentityUnreachable",
      "The service cannot be reached, for a reason that is not known",
      undefined,
    ]);
  });

  it("says what to do where nobody answers, and means by nobody what who asks means by it", () => {
    const asked = { service: "The service", hint: "is it there?", absent: "IdentityNotFound" } as const;
    const failed = (kind: string): readonly string[] => {
      const { reason, message } = unreachable(asked, Object.assign(new Error("sts.acme.io: nothing"), { class: kind }));
      return [reason, message];
    };
    const said = (kind: string): string => `The service cannot be reached (${kind}): sts.acme.io: nothing; is it there?`;
    assert.deepEqual(failed("ConnectionRefused"), ["IdentityNotFound", said("ConnectionRefused")]);
    assert.deepEqual(failed("Timeout"), ["IdentityUnreachable", said("Timeout")]);
  });

  it("gives a failure the id of its request, and a redirect the meaning that who asks gives it", async () => {
    const asked = {
      service: "The service",
      clock: { now: () => 0 },
      redirected: "IdentityRefused",
      requestIdOf: ({ headers }: ServiceResponse) => requestIdText(headers.get("x-id")),
    } as const;
    for (const [status, reason] of [
      [302, "IdentityRefused"],
      [429, "Throttled"],
      [503, "IdentityUnreachable"],
    ] as const) {
      const send = (id: string) => askService({ send: async () => answer(status, "", { "x-id": id }) }, request, asked, signal);
      await assert.rejects(send("0a1b2c3d-acme"), { reason, requestId: "0a1b2c3d-acme" });
      await assert.rejects(send("two words"), (error: CredentialUnavailableError) => error.requestId === undefined);
    }
  });

  it("ends with the reason of who no longer waits", async () => {
    const left = new Error("left");
    assert.equal(await outcome(() => Promise.reject(new Error("aborted")), AbortSignal.abort(left)), left);
  });
});

describe("what a service answers", () => {
  it("is an object, or nothing", () => {
    assert.deepEqual(jsonObject(answer(200, '{"a":1}')), { a: 1 });
    for (const text of ["", "null", "[]", '"x"', "7", "{", "<html>", "\u0000"]) assert.equal(jsonObject(answer(200, text)), undefined);
    assert.equal(jsonObject({ ...answer(200), body: new Uint8Array([0x22, 0xff, 0x22]) }), undefined);
  });

  it("is repeated in a sentence where it is a word, and not otherwise", () => {
    for (const word of ["invalid_grant", "AuthenticationFail.OIDCToken.Expired", "SERVICE_DISABLED"]) assert.equal(codeWord(word), word);
    for (const other of ["two words", "", "7", "x".repeat(65), "a:b", "é", "<b>", "a\n", undefined, 7, {}])
      assert.equal(codeWord(other), undefined);
  });

  it("is a token where a header can have it in it, and not otherwise", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const token = tokenText(text);
        if (token === undefined) return;
        assert.equal(token, text);
        assert.doesNotThrow(() => new Headers({ authorization: token }));
      }),
    );
    for (const other of ["", "a b", "a\r\nb", "\u0000", "é", "x".repeat(16_385), null, 7]) assert.equal(tokenText(other), undefined);
  });
});
