import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import type { ErrorClass } from "../../src/api/error-class.ts";
import { classify } from "../../src/transport/classify.ts";

const coded = (code: string, options?: ErrorOptions): Error => Object.assign(new Error("canary", options), { code });

describe("classify() (registry-auth.md 6.3)", () => {
  const rows: readonly (readonly [ErrorClass, readonly string[]])[] = [
    ["DNSFailure", ["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA"]],
    ["ConnectionRefused", ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]],
    ["ConnectionReset", ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]],
    ["Timeout", ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]],
    [
      "TLSFailure",
      [
        "CERT_HAS_EXPIRED",
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "ERR_SSL_WRONG_VERSION_NUMBER",
        "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
        "EPROTO",
      ],
    ],
    ["ProtocolError", ["HPE_INVALID_CONSTANT", "UND_ERR_HEADERS_OVERFLOW"]],
    ["Internal", ["ERR_SOMETHING_NEW"]],
  ];
  for (const [expected, codes] of rows)
    for (const code of codes) {
      it(`${code} is ${expected}`, () => assert.equal(classify(coded(code), "h").class, expected));
      it(`${code} is ${expected}, wrapped and among several addresses`, () => {
        const wrapped = new TypeError("fetch failed", { cause: new AggregateError([coded(code), coded(code)]) });
        assert.equal(classify(wrapped, "h").class, expected);
      });
    }

  it("reads a TimeoutError, whose code is a number", () =>
    assert.equal(classify(new DOMException("late", "TimeoutError"), "h").class, "Timeout"));

  it("repeats no text of the error, and keeps no cause", () => {
    const error = classify(Object.assign(coded("ECONNRESET", { cause: coded("canary") }), { headers: ["canary"] }), "registry.acme.io");
    assert.equal(error.message, "registry.acme.io: the connection was closed before the answer was complete (ECONNRESET)");
    assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes("canary"));
    assert.equal(classify("canary", "h").message, "h: the request failed");
  });

  it("ends on causes that go round in a circle", () => {
    const error = new Error("a");
    error.cause = error;
    assert.equal(classify(error, "h").class, "Internal");
  });
});
