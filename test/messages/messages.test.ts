import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { errorClasses } from "../../src/api/error-class.ts";
import { reasons } from "../../src/api/reasons.ts";
import { cliErrorCodes } from "../../src/cli/cli-error.ts";
import type { DenyCode, InconclusiveCode } from "../../src/engine/report.ts";
import type { RejectionReason } from "../../src/engine/verifier.ts";
import type { UnavailableReason } from "../../src/keychain/ports.ts";
import type { KubeErrorCode } from "../../src/kube/kube-error.ts";
import type { ParseReason } from "../../src/oci/parsed.ts";
import { tapeErrorCodes } from "../../src/tape/tape-error.ts";
import { golden } from "../support/txtar.ts";
import { type Place, places, reached } from "./reached.ts";
import { whyUnreached } from "./unreached.ts";

/** Total over the unions of the code: a word that is new has to be written here, and then to be said. False: none says it in these situations. */
type Words<W extends string> = Readonly<Record<W, boolean>>;
const codes: Words<KubeErrorCode> = {
  KUBE_CONFIG_INVALID: true,
  KUBE_CREDENTIALS_UNAVAILABLE: true,
  KUBE_UNREACHABLE: true,
  KUBE_TIMEOUT: true,
  KUBE_REFUSED: true,
  KUBE_LIMIT_EXCEEDED: true,
  KUBE_PROTOCOL_VIOLATION: true,
  KUBE_MANIFEST_INVALID: true,
};
const unavailable: Words<UnavailableReason> = {
  RefNotFound: true,
  CredentialInvalid: true,
  CredentialExpired: true,
  WildcardNeedsKeyedSecret: true,
  NoMatchingKey: true,
  PatternConflict: true,
  ProviderNotFound: true,
  InvalidSpec: true,
  PlainHTTPNotAllowed: true,
  HostNotAllowed: true,
  TokenRequestDenied: true,
  IdentityNotFound: true,
  IdentityRefused: true,
  RegistryRefused: true,
  IdentityUnreachable: true,
  Throttled: true,
};
const verdicts: Words<DenyCode | InconclusiveCode> = {
  NoValidSignature: true,
  PolicyNotSatisfied: true,
  TagRefused: true,
  NoStore: true,
  NotFound: true,
  NotConfigured: true,
  PolicyInvalid: true,
  StoreFailed: true,
  TagAmbiguous: true,
  SubjectUnresolved: true,
  VerifierNotReady: true,
  VerifierInconclusive: true,
  ArtifactUnreadable: true,
  ExpressionFailed: true,
  LimitExceeded: true,
  Timeout: true,
  Busy: true,
};
const rejections: Words<RejectionReason> = {
  NotASignature: true,
  NoTrustedKey: true,
  AnnotationMissing: true,
  BadSignature: true,
  WrongSubject: true,
  Malformed: true,
  UnsupportedFormat: true,
  UnsupportedAlgorithm: false, // of Verifiers to come
  Unsigned: false, // of content that has to be signed: test/engine/signed-by.test.ts
};
/** Of texts; documents in JSON are refused with the others. */
const texts: Words<ParseReason> = {
  Empty: true,
  TooLong: true,
  BadCharacter: true,
  Scheme: true,
  BadHost: true,
  BadPort: true,
  BadPath: true,
  BadTag: true,
  BadDigest: true,
  Userinfo: true,
  NotARepository: true,
  NotAHost: true,
  TooWide: true,
  WildcardInPath: true,
  WildcardWithPath: true,
  PartialWildcard: true,
  TooLarge: false,
  TooDeep: false,
  TooMany: false,
  NotJSON: false,
  BadShape: false,
  BadDescriptor: false,
  Ambiguous: false,
};
const said = (words: Readonly<Record<string, boolean>>): readonly string[] => Object.keys(words).filter((word) => words[word]);

describe("every message that a person can meet (UPDATE_GOLDEN=1 rewrites test/golden/messages.txt)", () => {
  let text = "";
  let isReached: (place: Place) => boolean;
  before(async () => {
    isReached = await reached(async () => {
      // Loaded here: only of code that is loaded while places are counted, it is known how far each function got.
      const { everything } = await import("./everything.ts");
      text = await everything();
    });
  });

  it("says what it said", () => assert.equal(text, golden(new URL("../golden/messages.txt", import.meta.url).pathname, text)));

  it("is there for every word of a closed list", () => {
    const tapes = tapeErrorCodes.filter((code) => code !== "TAPE_WITHOUT_END");
    const lists = [codes, unavailable, verdicts, rejections, texts].flatMap(said);
    const words = [...errorClasses, ...Object.keys(reasons), ...cliErrorCodes, ...tapes, ...lists];
    assert.deepEqual(
      words.filter((word) => !new RegExp(`\\b${word}\\b`).test(text)),
      [],
    );
  });

  it("is provoked wherever the source makes one, by a situation of test/messages, or unreached.ts says why not", () => {
    const missing = places().filter((place) => !isReached(place) && whyUnreached(place) === undefined);
    assert.deepEqual(
      missing.map((place) => place.text),
      [],
    );
  });
});
